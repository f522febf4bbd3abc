namespace ClipSeg.Scenes.Artwork;

/// <summary>
/// Pictures that are named by their files ("celtic harp.2.png") rather than by an emoji's code: each belongs to the
/// concept whose name, synonym or label ends its own name, the longest one ("hot dog" is no dog).
/// </summary>
internal sealed class ClipArt
{
    /// <summary>Of one concept: a star of which there are hundreds shall not be seen more than other things.</summary>
    private const int MostOfOne = 4;

    private readonly ILookup<string, string> _files;      // concept's name → paths

    /// <param name="folder">Its PNG files; other files are left alone.</param>
    /// <param name="entries">The concepts that there are.</param>
    public ClipArt(string folder, IReadOnlyList<ConceptEntry> entries)
    {
        Dictionary<string, ConceptEntry> named = [];
        foreach (ConceptEntry entry in entries) named[entry.Name.Text.ToLowerInvariant()] = entry;
        foreach (ConceptEntry entry in entries)
        {
            foreach (string text in entry.Synonyms.Select(t => t.Text).Concat(entry.Labels))
                named.TryAdd(text.ToLowerInvariant(), entry);
        }
        _files = Directory.GetFiles(folder, "*.png").Order(StringComparer.Ordinal)
            .Select(path => (Path: path, Entry: Find(NameOf(path), named)))
            .Where(file => file.Entry is not null)
            .ToLookup(file => file.Entry!.Name.Text, file => file.Path);
    }

    /// <summary>The pictures of a concept, some few at most.</summary>
    public IEnumerable<string> Of(ConceptEntry entry) => _files[entry.Name.Text].Take(MostOfOne);

    private static string NameOf(string path)
    {
        string file = Path.GetFileNameWithoutExtension(path);
        int number = file.LastIndexOf('.');
        return (number < 0 ? file : file[..number]).ToLowerInvariant();
    }

    private static ConceptEntry? Find(string name, Dictionary<string, ConceptEntry> named)
    {
        string[] words = name.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        for (int start = 0; start < words.Length; start++)
        {
            string end = string.Join(' ', words[start..]);
            if (named.TryGetValue(end, out ConceptEntry? entry)) return entry;
            if (end.EndsWith('s') && named.TryGetValue(end[..^1], out entry)) return entry;
        }
        return null;
    }
}
