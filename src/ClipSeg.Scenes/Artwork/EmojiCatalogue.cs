using System.Text.Json;
using ClipSeg.Imaging;
using ClipSeg.Training.Data;

namespace ClipSeg.Scenes.Artwork;

/// <summary>
/// Everything that scenes can show: about a thousand concepts, drawn in two styles, and the words for them.
/// </summary>
internal sealed class EmojiCatalogue
{
    private static readonly string[] _styles = ["google", "twitter"];

    private readonly Term[] _words;
    private readonly Truth[,] _truth;                   // [concept, word]
    private readonly bool[] _heldOutWords;
    private readonly int[][] _conceptsOf;
    private readonly Dictionary<string, int> _wordIds = [];

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

    /// <summary>Reads the folder that scripts/get-data.cs fills: data/emoji.</summary>
    /// <exception cref="DataFormatException">A file is missing or is not what the script leaves.</exception>
    public static EmojiCatalogue Load(string folder)
    {
        EmojiFiles files = new(folder);
        return new(ConceptTable.Load(), files.Artwork, files.Tags);
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

    /// <summary>The files as the script leaves them, and what links a label to its pictures.</summary>
    private sealed class EmojiFiles
    {
        private readonly string _folder;
        private readonly Dictionary<string, string> _images = [];           // code points without FE0F → file name
        private readonly Dictionary<string, string> _codes = [];            // label → code points without FE0F
        private readonly Dictionary<string, List<string>> _tags = [];       // label → tags

        public EmojiFiles(string folder)
        {
            _folder = folder;
            using JsonDocument emoji = Open("emoji.json"), names = Open("emojibase.json");
            try
            {
                foreach (JsonElement e in emoji.RootElement.EnumerateArray())
                {
                    if (_styles.All(style => e.GetProperty($"has_img_{style}").GetBoolean()))
                        _images.Add(Code(e.GetProperty("unified").GetString()!), e.GetProperty("image").GetString()!);
                }
                foreach (JsonElement e in names.RootElement.EnumerateArray())
                {
                    string label = e.GetProperty("label").GetString()!;
                    _codes[label] = Code(e.GetProperty("hexcode").GetString()!);
                    _tags[label] = e.TryGetProperty("tags", out JsonElement tags)
                        ? [.. tags.EnumerateArray().Select(t => t.GetString()!)] : [];
                }
            }
            catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException or ArgumentException)
            {
                throw new DataFormatException(
                    $"{folder}: emoji.json or emojibase.json is not as published ({e.Message})", e);
            }
        }

        public List<Sprite> Artwork(ConceptEntry entry)
        {
            List<Sprite> sprites = [];
            foreach (string label in entry.Labels)
            {
                if (!_codes.TryGetValue(label, out string? code) || !_images.TryGetValue(code, out string? image))
                {
                    throw new DataFormatException(
                        $"concepts.txt, line {entry.Line}: no picture for the emoji '{label}'.");
                }
                foreach (string style in _styles)
                    sprites.Add(new(Picture(Path.Combine(_folder, style, image)), style));
            }
            return sprites;
        }

        public List<string> Tags(ConceptEntry entry) => [.. entry.Labels.SelectMany(label => _tags[label]).Distinct()];

        private static string Code(string codePoints) => codePoints.Replace("-FE0F", "", StringComparison.Ordinal);

        private static Image Picture(string path)
        {
            try
            {
                return Image.Load(path);
            }
            catch (Exception e) when (e is IOException or ImageFormatException)
            {
                throw new DataFormatException($"{path}: {e.Message} Run scripts/get-data.cs again.", e);
            }
        }

        private JsonDocument Open(string name)
        {
            string path = Path.Combine(_folder, name);
            if (!File.Exists(path))
                throw new DataFormatException($"{path} is missing. Run: dotnet run scripts/get-data.cs");
            try
            {
                using FileStream file = File.OpenRead(path);
                return JsonDocument.Parse(file);
            }
            catch (JsonException e)
            {
                throw new DataFormatException($"{path}: {e.Message} Run scripts/get-data.cs again.", e);
            }
        }
    }
}
