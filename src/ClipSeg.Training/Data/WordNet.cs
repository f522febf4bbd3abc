using System.Globalization;

namespace ClipSeg.Training.Data;

/// <summary>WordNet's nouns: which words mean a thing, and which things are kinds of another.</summary>
/// <remarks>
/// The files of Princeton's dictionary, data.noun, index.noun and noun.exc, such as Debian's wordnet-base has in
/// <see cref="DebianFolder"/>. Memory holds all of it, some 40 MB.
/// </remarks>
internal sealed class WordNet
{
    /// <summary>Where Debian has them.</summary>
    public const string DebianFolder = "/usr/share/wordnet";

    private const long LargestFile = 1 << 26;
    private const string Hyponym = "~";

    // What an ending becomes, to find the singular.
    private static readonly (string From, string To)[] _endings =
    [
        ("s", ""), ("ses", "s"), ("ves", "f"), ("xes", "x"), ("zes", "z"), ("ches", "ch"), ("shes", "sh"),
        ("men", "man"), ("ies", "y"),
    ];

    private readonly Dictionary<string, int[]> _senses = new(StringComparer.Ordinal);       // lemma → synsets
    private readonly Dictionary<int, (string[] Words, int[] Hyponyms)> _synsets = [];
    private readonly Dictionary<string, string[]> _exceptions = new(StringComparer.Ordinal);

    /// <exception cref="DataFormatException">A file is missing, or is not WordNet's.</exception>
    public WordNet(string folder)
    {
        Read(folder, "index.noun", ReadSenses);
        Read(folder, "data.noun", ReadSynset);
        Read(folder, "noun.exc", fields => _exceptions.TryAdd(fields[0], fields[1..]));
    }

    /// <summary>All words for a thing and for all kinds of it, in lower case, with spaces.</summary>
    /// <param name="synset">A noun and which of its senses: "television.n.03".</param>
    /// <exception cref="ArgumentException">There is no such sense.</exception>
    public HashSet<string> WordsFor(string synset)
    {
        string[] parts = synset.Split('.');
        if (parts is not [string lemma, "n", string number]
            || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int sense)
            || !_senses.TryGetValue(lemma, out int[]? senses) || sense < 1 || sense > senses.Length)
            throw new ArgumentException($"WordNet has no '{synset}'.", nameof(synset));
        HashSet<int> seen = [];
        Stack<int> open = new([senses[sense - 1]]);
        while (open.TryPop(out int id))
        {
            if (!seen.Add(id) || !_synsets.TryGetValue(id, out (string[] Words, int[] Hyponyms) one)) continue;
            foreach (int hyponym in one.Hyponyms) open.Push(hyponym);
        }
        return [.. seen.Where(_synsets.ContainsKey).SelectMany(id => _synsets[id].Words)];
    }

    /// <summary>The singular of a noun, as NLTK finds it; the word itself if WordNet does not know it.</summary>
    public string Singular(string word)
    {
        if (_exceptions.TryGetValue(word, out string[]? bases)) return Shortest([word, .. bases]) ?? word;
        string[] forms = [.. Shortened([word])];
        if (Shortest([word, .. forms]) is { } known) return known;
        while (forms.Length > 0)
        {
            forms = [.. Shortened(forms)];
            if (Shortest(forms) is { } found) return found;
        }
        return word;
    }

    private static IEnumerable<string> Shortened(IEnumerable<string> words) => words.SelectMany(word => _endings
        .Where(e => word.EndsWith(e.From, StringComparison.Ordinal)).Select(e => word[..^e.From.Length] + e.To));

    private string? Shortest(IEnumerable<string> forms) => forms.Where(_senses.ContainsKey).MinBy(form => form.Length);

    // lemma, n, synsets, p, p pointers, senses, tagged senses, offsets
    private void ReadSenses(string[] fields)
    {
        int count = Number(fields[2]), pointers = Number(fields[3]);
        _senses.TryAdd(fields[0], [.. fields[(6 + pointers)..].Take(count).Select(Number)]);
    }

    // offset, file, n, words in hexadecimal, (word, id) each, p, (pointer, offset, part of speech, source) each
    private void ReadSynset(string[] fields)
    {
        int words = int.Parse(fields[3], NumberStyles.HexNumber, CultureInfo.InvariantCulture), at = 4 + 2 * words;
        List<int> hyponyms = [];
        for (int i = 0, pointers = Number(fields[at]); i < pointers; i++)
            if (fields[at + 1 + 4 * i] == Hyponym) hyponyms.Add(Number(fields[at + 2 + 4 * i]));
        _synsets.TryAdd(Number(fields[0]), (
            [.. Enumerable.Range(0, words).Select(i => fields[4 + 2 * i].Replace('_', ' ').ToLowerInvariant())],
            [.. hyponyms]));
    }

    private static int Number(string field) => int.Parse(field, NumberStyles.None, CultureInfo.InvariantCulture);

    private static void Read(string folder, string name, Action<string[]> take)
    {
        string path = Path.Combine(folder, name);
        if (!File.Exists(path))
        {
            throw new DataFormatException(
                $"There is no '{path}'; WordNet's files are data.noun, index.noun, noun.exc (Debian: wordnet-base).");
        }
        if (new FileInfo(path).Length > LargestFile) throw new DataFormatException($"'{path}' is too large.");
        int line = 0;
        foreach (string text in File.ReadLines(path))
        {
            line++;
            if (text.Length == 0 || text[0] == ' ') continue;       // the licence
            try
            {
                take(text.Split(' ', StringSplitOptions.RemoveEmptyEntries));
            }
            catch (Exception e) when (e is FormatException or OverflowException or IndexOutOfRangeException
                or ArgumentOutOfRangeException)
            {
                throw new DataFormatException($"{path}, line {line}: not as WordNet's files are.", e);
            }
        }
    }
}
