using System.Collections;

namespace ClipSeg.Cli;

/// <summary>
/// The pictures to work on, each once, in the order of the command line, and how many files were passed over.
/// </summary>
/// <remarks>
/// In a folder, and where a wildcard begins with an asterisk, hidden files, folders, what is not named like a picture
/// and what this program wrote earlier is passed over.
/// </remarks>
internal sealed class PictureList : IReadOnlyCollection<string>
{
    /// <summary>What standard input is called.</summary>
    public const string StandardInput = "-";

    private readonly List<string> _pictures = [];
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, int> _passedOver = new(StringComparer.Ordinal);

    public int Count => _pictures.Count;

    /// <summary>A folder or wildcard without a picture; null if there was none such.</summary>
    public string? Empty { get; private set; }

    /// <summary>"folders (1), hidden files (2)"; null if nothing was passed over.</summary>
    public string? PassedOver
        => _passedOver.Count == 0 ? null : string.Join(", ", _passedOver.Select(p => $"{p.Key} ({p.Value})"));

    /// <summary>Adds a file, a folder's pictures, or standard input.</summary>
    public void Add(string path)
    {
        if (Directory.Exists(path)) AddPictures(path, Directory.GetFileSystemEntries(path));
        else AddOne(path);
    }

    /// <summary>Adds what matches a wildcard; false if nothing does.</summary>
    public bool AddMatches(string wildcard)
    {
        string[] found = [.. Wildcard.Find(wildcard)];
        if (found.Length == 0) return false;
        AddPictures(wildcard, found);
        return true;
    }

    public IEnumerator<string> GetEnumerator() => _pictures.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private void AddPictures(string source, string[] paths)
    {
        int before = Count;
        HashSet<string> names = new(paths, StringComparer.OrdinalIgnoreCase);
        foreach (string path in paths.Order(StringComparer.Ordinal))
        {
            if (Reason(path, names) is { } reason) PassOver(reason);
            else AddOne(path);
        }
        if (Count > before) return;
        PassOver("folders without pictures");
        Empty ??= source;
    }

    private void PassOver(string reason) => _passedOver[reason] = _passedOver.GetValueOrDefault(reason) + 1;

    private void AddOne(string path)
    {
        if (_known.Add(path == StandardInput ? path : Path.GetFullPath(path))) _pictures.Add(path);
    }

    /// <summary>Why a file is passed over; null if it is not.</summary>
    private static string? Reason(string path, HashSet<string> siblings)
    {
        if (Path.GetFileName(path).StartsWith('.')) return "hidden files";
        if (Directory.Exists(path)) return "folders";
        if (!PictureNames.IsRead(path)) return "files not named like pictures";
        return OutputNames.IsResult(path, siblings) ? "results of this program" : null;
    }
}
