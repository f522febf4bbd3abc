using ClipSeg.Imaging;
using ClipSeg.Numerics;
using ClipSeg.Scenes.Artwork;

namespace ClipSeg.Scenes;

/// <summary>A picture and a sentence about it, for contrastive pre-training.</summary>
internal sealed record CaptionSample(Image Picture, string Caption);

/// <summary>
/// Draws pictures with captions of all concepts: mostly one large object, also pairs and small scenes.
/// </summary>
internal sealed class CaptionGenerator
{
    private const float SingleShare = 0.7f, PairShare = 0.2f;

    private static readonly string[] _frames =
    [
        "{0}", "{0}", "{0}", "{0}", "a photo of {0}", "a photo of {0}", "a picture of {0}", "an image of {0}",
        "a drawing of {0}", "an emoji of {0}", "clip art of {0}", "there is {0}",
    ];
    private static readonly string[] _joins = ["{0} and {1}", "{0} and {1}", "{0} with {1}", "{0}, {1}"];

    // Tags that say what people feel rather than what they see.
    private static readonly HashSet<string> _slang =
    [
        "adorbs", "aww", "awk", "bae", "bff", "bro", "bruh", "dope", "eek", "emotion", "epic", "fab", "feels",
        "fleek", "fml", "geez", "haha", "hahaha", "hehe", "homie", "idk", "ily", "ikr", "jeez", "jel", "jelly",
        "legit", "lit", "lmao", "lol", "meh", "mwah", "nooo", "nope", "omg", "omw", "oops", "rad", "rofl",
        "roflmao", "slay", "smh", "swag", "triste", "ugh", "uhh", "whatever", "whew", "whoa", "woah", "wow",
        "wtv", "xoxo", "yay", "yikes", "yolo", "yum", "zzz",
    ];

    private readonly SceneGenerator _single, _pair, _scene;

    /// <param name="catalogue">Its held-out concepts are shown and named too: CLIP has met everything, the decoder
    /// has not.</param>
    /// <param name="size">Sides of the pictures, in pixels.</param>
    /// <param name="photos">For half of the backgrounds; or null.</param>
    public CaptionGenerator(EmojiCatalogue catalogue, int size, PhotoFolder? photos = null)
    {
        SceneOptions options = SceneOptions.Single with { Size = size, Pool = ConceptPool.All, Photos = photos };
        _single = new(catalogue, options);
        _pair = new(catalogue, options with { MinObjects = 2, MaxObjects = 2, MinScale = 0.3f, MaxScale = 0.65f });
        _scene = new(catalogue, options with { MinObjects = 1, MaxObjects = 4, MinScale = 0.2f, MaxScale = 0.9f });
    }

    /// <summary>The sample of this split, seed and index.</summary>
    public CaptionSample Generate(SceneSplit split, int seed, long index)
    {
        RandomStream random = new(RandomUse.TrainCaptions + (int)split, seed, index);
        float u = random.NextFloat();
        SceneGenerator generator = u < SingleShare ? _single : u < SingleShare + PairShare ? _pair : _scene;
        Scene scene = generator.Generate(split, seed, index);
        string frame = _frames[random.Next(_frames.Length)];
        string caption = frame.Replace("{0}", Describe(scene, ref random), StringComparison.Ordinal);
        return new(scene.Picture, Wording.Punctuate(caption, ref random));
    }

    /// <summary>The samples of this split and seed as data without an end.</summary>
    public CaptionData Of(SceneSplit split, int seed) => new Endless(this, split, seed);

    private static string Describe(Scene scene, ref RandomStream random)
    {
        ScenePhrases phrases = new(scene);
        if (scene.Objects.Count > 1 && random.Chance(0.3f)
            && phrases.SampleOf(PhraseKind.Relation, ref random) is Phrase relation) return relation.Text;
        if (random.Chance(0.1f)
            && phrases.SampleOf(PhraseKind.Attribute, ref random) is Phrase attribute) return attribute.Text;
        if (random.Chance(0.04f)
            && phrases.SampleOf(PhraseKind.Colour, ref random) is Phrase colour) return colour.Text;

        // From front to back, each concept once.
        List<Concept> told = [];
        List<string> items = [];
        foreach (SceneObject item in scene.Objects.Reverse())
        {
            if (told.Contains(item.Concept)) continue;
            told.Add(item.Concept);
            items.Add(Describe(item, ref random));
        }
        if (items.Count == 1) return Extend(items[0], told[0], ref random);
        string join = _joins[random.Next(_joins.Length)];
        string most = string.Join(", ", items.SkipLast(1));
        return join.Replace("{0}", most, StringComparison.Ordinal).Replace("{1}", items[^1], StringComparison.Ordinal);
    }

    /// <summary>"a dog", "a puppy", "brown dogs".</summary>
    private static string Describe(SceneObject item, ref RandomStream random)
    {
        Concept concept = item.Concept;
        Term term = concept.Synonyms.Count > 0 && random.Chance(0.3f)
            ? concept.Synonyms[random.Next(concept.Synonyms.Count)] : concept.Name;
        ColourName colour = item.Colours.Dominant;
        if (colour == ColourName.None || random.Chance(0.7f)) return Wording.Vary(term, ref random);
        string name = colour.ToString().ToLowerInvariant();
        bool saysSo = term.Text.Contains(name, StringComparison.Ordinal);
        return Wording.Vary(saysSo ? term : new($"{name} {term}", term.TakesArticle), ref random);
    }

    /// <summary>Perhaps what kind of thing it is, what it is for, or what people think of with it.</summary>
    private static string Extend(string item, Concept concept, ref RandomStream random)
    {
        float u = random.NextFloat();
        if (u < 0.25f && concept.Categories.Count > 0)
        {
            string category = concept.Categories[random.Next(concept.Categories.Count)].WithArticle;
            return u < 0.08f ? category : $"{item}, {category}";
        }
        if (u > 0.35f) return item;
        string[] tags =
            [.. concept.Tags.Where(t => !_slang.Contains(t) && t.Length > 2 && t.All(char.IsAsciiLetterLower))];
        return tags.Length == 0 ? item : $"{item}, {tags[random.Next(tags.Length)]}";
    }

    private sealed class Endless(CaptionGenerator generator, SceneSplit split, int seed) : CaptionData
    {
        public override long? Count => null;

        public override CaptionSample Get(long index) => generator.Generate(split, seed, index);
    }
}
