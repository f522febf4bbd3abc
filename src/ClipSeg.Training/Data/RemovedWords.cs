using System.Text;

namespace ClipSeg.Training.Data;

/// <summary>What a training must not read of, so that a test on it is a test of the unseen.</summary>
/// <remarks>training-and-evaluation.md §4.3: words count as whole tokens, phrases of several words anywhere.</remarks>
public sealed class RemovedWords
{
    private const long LargestFile = 1 << 24;

    private readonly HashSet<string> _words = new(StringComparer.Ordinal);
    private readonly List<string> _phrases = [];
    private readonly Func<string, string>? _singular;

    public RemovedWords(IEnumerable<string> entries) : this(entries, null) { }

    /// <param name="entries">Words and phrases.</param>
    /// <param name="singular">What a token is looked up as; null for the token itself.</param>
    internal RemovedWords(IEnumerable<string> entries, Func<string, string>? singular)
    {
        _singular = singular;
        foreach (string entry in entries)
        {
            if (entry.Contains(' ')) _phrases.Add(entry);
            else _words.Add(entry);
        }
    }

    /// <summary>How many single words there are, and how many phrases.</summary>
    internal (int Words, int Phrases) Counts => (_words.Count, _phrases.Count);

    /// <summary>Reads a UTF-8 file of a word or phrase on every line; blank lines are skipped.</summary>
    /// <exception cref="DataFormatException">The file is missing, too large, not UTF-8, or empty.</exception>
    public static RemovedWords Read(string path)
    {
        if (!File.Exists(path)) throw new DataFormatException($"There is no list of words '{path}'.");
        if (new FileInfo(path).Length > LargestFile)
            throw new DataFormatException($"'{path}' is too large for a list of words.");
        try
        {
            string[] entries = [.. File.ReadAllLines(path, new UTF8Encoding(false, throwOnInvalidBytes: true))
                .Select(line => line.Trim()).Where(line => line.Length > 0)];
            return entries.Length > 0 ? new(entries) : throw new DataFormatException($"'{path}' names no word.");
        }
        catch (DecoderFallbackException e)
        {
            throw new DataFormatException($"'{path}' is not UTF-8.", e);
        }
    }

    /// <summary>Whether a phrase has one of the words as a token, or one of the phrases anywhere in it.</summary>
    public bool AreIn(string phrase)
        => phrase.Split(' ').Any(word => _words.Contains(_singular?.Invoke(word) ?? word))
            || _phrases.Any(p => phrase.Contains(p, StringComparison.Ordinal));
}
