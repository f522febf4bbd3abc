using System.Text.RegularExpressions;

namespace ClipSeg.Training.Data;

/// <summary>
/// The words by which PhraseCut's evaluator tells phrases apart: stuff, and kinds of attributes. They are read from the
/// user's copy of it, the lists of utils/subset.py.
/// </summary>
internal sealed partial class PhraseCutWords
{
    private const long LargestFile = 1 << 20;

    private readonly Dictionary<string, string[]> _lists = [];

    private PhraseCutWords(string path)
    {
        if (new FileInfo(path).Length > LargestFile)
            throw new DataFormatException($"'{path}' is larger than a list of words.");
        foreach (Match list in Lists().Matches(File.ReadAllText(path)))
        {
            _lists[list.Groups["name"].Value] = [.. Texts().Matches(list.Groups["texts"].Value)
                .Select(text => text.Groups["one"].Success ? text.Groups["one"].Value : text.Groups["two"].Value)];
        }
    }

    /// <summary>The most frequent names, in order; empty if they are not there.</summary>
    public IReadOnlyList<string> Names => _lists.GetValueOrDefault("refvg_names20") ?? [];

    /// <summary>
    /// In a PhraseCut folder, or where a clone of its repository has it, with the folder in data; null if there is
    /// none.
    /// </summary>
    public static PhraseCutWords? Find(string folder)
    {
        string? path = ((string[])["subset.py", "../../utils/subset.py"])
            .Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        return path is null ? null : new(path);
    }

    /// <summary>The evaluator's names of the subsets that a task's words put it in.</summary>
    public IEnumerable<string> SubsetsOf(PhraseCutTask task)
    {
        if (_lists.TryGetValue("stuff_names", out string[]? stuff))
            yield return stuff.Any(task.NounName.Contains) ? "t_stuff" : "t_obj";
        foreach ((string name, string[] words) in _lists)
        {
            if (name.StartsWith("att_", StringComparison.Ordinal) && task.Attributes.Any(words.Contains))
                yield return "a_" + name["att_".Length..];
        }
    }

    [GeneratedRegex("""^(?<name>\w+) *= *\[(?<texts>[^\]]*)\]""",
        RegexOptions.Multiline | RegexOptions.NonBacktracking)]
    private static partial Regex Lists();

    [GeneratedRegex(""" '(?<one>[^'\n]*)'|"(?<two>[^"\n]*)" """,
        RegexOptions.IgnorePatternWhitespace | RegexOptions.NonBacktracking)]
    private static partial Regex Texts();
}
