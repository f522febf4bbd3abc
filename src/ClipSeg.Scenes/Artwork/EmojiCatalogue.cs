using ClipSeg.Training.Data;

namespace ClipSeg.Scenes.Artwork;

/// <summary>
/// Everything that scenes can show: about a thousand concepts, each drawn by several hands, and the words for them.
/// </summary>
internal sealed class EmojiCatalogue
{
    private readonly Term[] _words;
    private readonly Truth[,] _truth;                   // [concept, word]
    private readonly bool[] _heldOutWords;
    private readonly int[][] _conceptsOf;
    private readonly Dictionary<string, int> _wordIds = [];
    private readonly Dictionary<string, Concept[]> _groups;

    /// <param name="entries">What the concepts are called.</param>
    /// <param name="artwork">The drawings of an entry; those without any are left out.</param>
    /// <param name="tags">The loose associations of an entry.</param>
    internal EmojiCatalogue(
        IReadOnlyList<ConceptEntry> entries,
        Func<ConceptEntry, List<Sprite>> artwork,
        Func<ConceptEntry, List<string>> tags)
    {
        bool[] heldOut = HeldOutConcepts.Choose(entries);
        List<Concept> concepts = [];
        List<ConceptEntry> drawn = [];
        for (int i = 0; i < entries.Count; i++)
        {
            ConceptEntry entry = entries[i];
            List<Sprite> sprites = artwork(entry);
            if (sprites.Count == 0) continue;
            drawn.Add(entry);
            concepts.Add(new()
            {
                Id = concepts.Count,
                Name = entry.Name,
                Synonyms = entry.Synonyms,
                Categories = entry.Categories,
                Tags = tags(entry),
                Group = entry.Group,
                Sprites = sprites,
                HeldOut = heldOut[i],
            });
        }
        if (concepts.Count == 0) throw new ArgumentException("A catalogue needs a concept with artwork.");
        Concepts = concepts;
        _groups = concepts.GroupBy(c => c.Group).ToDictionary(g => g.Key, g => g.ToArray());

        _words = [.. concepts.SelectMany(WordsOf).DistinctBy(term => term.Text)];
        for (int i = 0; i < _words.Length; i++) _wordIds.Add(_words[i].Text, i);
        _truth = new Truth[concepts.Count, _words.Length];
        _heldOutWords = new bool[_words.Length];
        FillTruth(drawn);
        foreach (Concept concept in concepts.Where(c => c.HeldOut))
            foreach (Term term in concept.Synonyms.Prepend(concept.Name)) _heldOutWords[_wordIds[term.Text]] = true;
        _conceptsOf = new int[_words.Length][];
        for (int word = 0; word < _words.Length; word++)
        {
            _conceptsOf[word] = [.. Enumerable.Range(0, concepts.Count).Where(c => _truth[c, word] == Truth.Yes)];
            if (Array.TrueForAll(_conceptsOf[word], c => concepts[c].HeldOut)) _heldOutWords[word] = true;
        }
    }

    public IReadOnlyList<Concept> Concepts { get; }

    /// <summary>The concepts of a section of the table, such as "mammal": those that look alike.</summary>
    public IReadOnlyList<Concept> InGroup(string group) => _groups[group];

    /// <summary>Every word that holds for some concept; a word's place here is its id.</summary>
    public IReadOnlyList<Term> Vocabulary => _words;

    /// <summary>The id of a word, or -1.</summary>
    public int FindWord(string text) => _wordIds.GetValueOrDefault(text, -1);

    public Truth Holds(int word, Concept concept) => _truth[concept.Id, word];

    /// <summary>
    /// Whether the word names a held-out concept, or holds for no other: decoder training must not say it.
    /// </summary>
    public bool IsHeldOut(int word) => _heldOutWords[word];

    /// <summary>The ids of the concepts that a word holds for.</summary>
    public ReadOnlySpan<int> ConceptsOf(int word) => _conceptsOf[word];

    /// <summary>Photographs to put behind the objects; or null.</summary>
    public PhotoFolder? Photos { get; init; }

    /// <summary>The art style that no training shows: what it draws says how a model does on one that is new.</summary>
    public static string UnseenStyle => "fxemoji";

    /// <summary>Reads the folder that scripts/get-data.cs fills: data/emoji.</summary>
    /// <param name="folder">A folder for each style, emojibase.json, and perhaps photos/.</param>
    /// <param name="styles">Which styles; null or none for all but <see cref="UnseenStyle"/>.</param>
    /// <param name="cacheBytes">How much artwork stays in memory.</param>
    /// <exception cref="DataFormatException">A file is missing or is not what the script leaves.</exception>
    public static EmojiCatalogue Load(
        string folder, IReadOnlyCollection<string>? styles = null, long cacheBytes = ArtworkCache.Usual)
    {
        List<ConceptEntry> entries = ConceptTable.Load();
        EmojiFiles files = new(folder, styles ?? [], entries, new(cacheBytes));
        return new(entries, files.Artwork, files.Tags) { Photos = files.Photos };
    }

    private static IEnumerable<Term> WordsOf(Concept concept)
        => [concept.Name, .. concept.Synonyms, .. concept.Categories];

    private void FillTruth(List<ConceptEntry> entries)
    {
        ILookup<string, int> byStem = Enumerable.Range(0, _words.Length).ToLookup(i => Words.Stem(_words[i].Text));
        foreach (Concept concept in Concepts)
        {
            // A label's part or a tag ("horse" in "horse racing", "cat" for the tiger) may or may not be what people
            // see.
            ConceptEntry entry = entries[concept.Id];
            IEnumerable<string> names = [.. entry.Labels, .. WordsOf(concept).Select(t => t.Text)];
            IEnumerable<string> loose =
                [.. names.SelectMany(Words.Parts), .. entry.Labels, .. concept.Tags, .. entry.Doubtful];
            foreach (string text in loose)
                foreach (int word in byStem[Words.Stem(text)]) _truth[concept.Id, word] = Truth.Doubtful;
            foreach (Term term in WordsOf(concept)) _truth[concept.Id, _wordIds[term.Text]] = Truth.Yes;
        }
    }
}
