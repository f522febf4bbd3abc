using ClipSeg.Training.Data;

namespace ClipSeg.Scenes.Artwork;

/// <summary>One line of the table: what a concept is called, and which emoji draw it.</summary>
internal sealed record ConceptEntry
{
    public required int Line { get; init; }

    public required string Group { get; init; }

    public required Term Name { get; init; }

    /// <summary>The emoji, by emojibase's English label.</summary>
    public required string[] Labels { get; init; }

    public required Term[] Synonyms { get; init; }

    public required Term[] Categories { get; init; }

    public required string[] Doubtful { get; init; }
}

/// <summary>Reads concepts.txt, whose head describes the notation.</summary>
internal static class ConceptTable
{
    /// <summary>The table in this library.</summary>
    public static List<ConceptEntry> Load()
    {
        using Stream stream = typeof(ConceptTable).Assembly.GetManifestResourceStream("concepts.txt")!;
        using StreamReader reader = new(stream);
        return Parse(reader.ReadToEnd());
    }

    /// <exception cref="DataFormatException">A line is out of order.</exception>
    public static List<ConceptEntry> Parse(string text)
    {
        List<ConceptEntry> entries = [];
        HashSet<string> names = [];
        string? group = null;
        string[] groupWords = [];
        string[] lines = text.ReplaceLineEndings("\n").Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].Trim();
            if (line.Length == 0 || line[0] == '#') continue;
            if (line[0] == '[')
            {
                int close = line.IndexOf(']');
                if (close < 0) throw Error(i, "a group has no ']'");
                (group, groupWords) = (line[1..close], List(line[(close + 1)..]));
                continue;
            }
            if (group is null) throw Error(i, "a concept stands before the first group");
            ConceptEntry entry = ParseEntry(line, i + 1, group, groupWords);
            if (!names.Add(entry.Name.Text)) throw Error(i, $"the concept '{entry.Name}' exists already");
            entries.Add(entry);
        }
        return entries;
    }

    private static ConceptEntry ParseEntry(string line, int number, string group, string[] groupWords)
    {
        (string head, string words) = Cut(line, " / ");
        (string start, string synonyms) = Cut(head, " : ");
        (string name, string labels) = Cut(start, " < ");

        List<string> categories = [.. groupWords];
        foreach (string word in List(words))
        {
            if (word[0] != '-') categories.Add(word);
            else if (!categories.Remove(word[1..])) throw Error(number - 1, $"'{word}': the group has no such word");
        }
        Term term = Term.Parse(name);
        return new()
        {
            Line = number,
            Group = group,
            Name = term,
            Labels = labels.Length == 0 ? [term.Text] : labels.Split(" | "),
            Synonyms = [.. List(synonyms).Select(Term.Parse)],
            Categories = [.. categories.Where(w => w[0] != '?').Distinct().Select(Term.Parse)],
            Doubtful = [.. categories.Where(w => w[0] == '?').Select(w => Term.Parse(w[1..]).Text)],
        };
    }

    private static (string Before, string After) Cut(string text, string at)
    {
        int i = text.IndexOf(at, StringComparison.Ordinal);
        return i < 0 ? (text.Trim(), "") : (text[..i].Trim(), text[(i + at.Length)..].Trim());
    }

    private static string[] List(string text)
        => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static DataFormatException Error(int line, string what) => new($"concepts.txt, line {line + 1}: {what}.");
}
