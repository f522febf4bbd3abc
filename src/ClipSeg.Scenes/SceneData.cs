using ClipSeg.Numerics;
using ClipSeg.Scenes.Artwork;
using ClipSeg.Training.Data;

namespace ClipSeg.Scenes;

/// <summary>Scenes as training data, drawn when they are asked for.</summary>
internal sealed class SceneData : SegmentationData
{
    private const int SupportTries = 8;

    private readonly SceneGenerator _generator;
    private readonly SceneSplit _split;
    private readonly int _seed, _phrasesPerScene;

    /// <param name="generator">What draws the scenes.</param>
    /// <param name="split">Which scenes.</param>
    /// <param name="seed">Which of the many sets of such scenes.</param>
    /// <param name="count">Samples in all.</param>
    /// <param name="phrasesPerScene">Consecutive samples that share a scene.</param>
    public SceneData(SceneGenerator generator, SceneSplit split, int seed, int count, int phrasesPerScene = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(phrasesPerScene, 1);
        (_generator, _split, _seed, Count, _phrasesPerScene) = (generator, split, seed, count, phrasesPerScene);
    }

    public override int Count { get; }

    public override SegmentationSample Get(int index)
    {
        (Scene scene, Phrase phrase) = Draw(index);
        RandomStream random = new(RandomUse.TrainSceneWording + (int)_split, _seed, index);
        SegmentationSample sample = ToSample(scene, phrase, index / _phrasesPerScene);
        return sample with { Phrase = Wording.Vary(phrase, ref random) };
    }

    public override long GroupOf(int index) => index / _phrasesPerScene;

    /// <summary>The scene that a sample shows, and the phrase that it asks for.</summary>
    public (Scene Scene, Phrase Phrase) Draw(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        RandomStream random = new(RandomUse.TrainScenePhrases + (int)_split, _seed, index);
        for (long i = index / _phrasesPerScene; ; i += Count)
        {
            // One scene is enough, unless nothing certain can be said about it.
            Scene scene = _generator.Generate(_split, _seed, i);
            if (new ScenePhrases(scene).Sample(ref random) is Phrase phrase) return (scene, phrase);
        }
    }

    /// <summary>A new scene in which the same phrase holds; relations are shown by no other picture.</summary>
    public override SegmentationSample? Support(int index, int draw)
    {
        RandomStream random = new(RandomUse.TrainSceneSupports + (int)_split, _seed ^ draw, index);
        return FindSupport(_generator, _split, _seed, Draw(index).Phrase, ref random);
    }

    public override NegativePhrase Negative(int index, int draw, bool withSupport)
    {
        RandomStream random = new(RandomUse.TrainSceneNegatives + (int)_split, _seed ^ draw, index);
        Phrase phrase = new ScenePhrases(Draw(index).Scene).Negative(ref random);
        string text = Wording.Vary(phrase, ref random);
        return new(text, withSupport ? FindSupport(_generator, _split, _seed, phrase, ref random) : null);
    }

    /// <summary>
    /// A new scene in which the phrase holds; null for relations and mere colours, and if none is found.
    /// </summary>
    internal static SegmentationSample? FindSupport(
        SceneGenerator generator, SceneSplit split, int seed, Phrase phrase, ref RandomStream random)
    {
        if (phrase.Kind is PhraseKind.Relation or PhraseKind.Colour) return null;

        EmojiCatalogue catalogue = generator.Catalogue;
        ReadOnlySpan<int> candidates = catalogue.ConceptsOf(catalogue.FindWord(phrase.Name));
        Concept[] concepts = [.. candidates.ToArray().Select(id => catalogue.Concepts[id])
            .Where(c => !c.HeldOut || generator.Options.Pool != ConceptPool.Seen)];
        for (int attempt = 0; attempt < SupportTries; attempt++)
        {
            Concept concept = concepts[random.Next(concepts.Length)];
            long drawn = (long)(random.NextBits() >> 2) | 1L << 62;      // beyond every index of a split
            Scene other = generator.Generate(split, seed, drawn, concept);
            Phrase? same = new ScenePhrases(other).All().FirstOrDefault(p => p.Text == phrase.Text);
            if (same is not null) return ToSample(other, same, drawn);
        }
        return null;
    }

    private static SegmentationSample ToSample(Scene scene, Phrase phrase, long group) => new()
    {
        Picture = scene.Picture,
        Mask = scene.Mask(phrase.Objects),
        Phrase = phrase.Text,
        Kind = KindOf(phrase),
        Group = group,
    };

    /// <summary>"name", "relation, mixed", "category, held out".</summary>
    internal static string KindOf(Phrase phrase) => phrase.Kind.ToString().ToLowerInvariant() + phrase.Exposure switch
    {
        Exposure.Seen => "",
        Exposure.Mixed => ", mixed",
        _ => ", held out",
    };
}
