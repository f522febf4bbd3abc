using ClipSeg.Numerics;
using ClipSeg.Scenes.Artwork;
using ClipSeg.Training.Data;

namespace ClipSeg.Scenes.Evaluation;

/// <summary>Test scenes in place of a data set: half of their objects are of concepts kept from training.</summary>
/// <param name="Catalogue">What the scenes show.</param>
/// <param name="Seed">Which of the many sets.</param>
/// <param name="Count">Scenes.</param>
/// <param name="Options">Their size and backgrounds.</param>
internal sealed record SceneTestSet(EmojiCatalogue Catalogue, int Seed, int Count, SceneOptions Options)
{
    /// <summary>Draws them.</summary>
    public SceneGenerator Generator { get; } = new(Catalogue, Options with { Pool = ConceptPool.Mixed });

    /// <summary>Phrases about them, and about what they do not show.</summary>
    public SegmentationData Questions() => new SceneQuestions(this);
}

/// <summary>Some phrases for each scene, the last of them for something that is not there.</summary>
internal sealed class SceneQuestions(SceneTestSet scenes) : SegmentationData
{
    private const int PhrasesPerScene = 5;

    // A thread asks for all questions of a scene, one after the other.
    private readonly ThreadLocal<(int Index, Scene Scene, List<Phrase> Phrases)?> _last = new();

    public override int Count => scenes.Count * PhrasesPerScene;

    public override long GroupOf(int index) => index / PhrasesPerScene;

    public override SegmentationSample Get(int index)
    {
        (Scene scene, Phrase phrase) = Draw(index);
        return new()
        {
            Picture = scene.Picture,
            Mask = scene.Mask(phrase.Objects),
            Phrase = phrase.Text,
            Kind = phrase.Objects == 0 ? "not there" : SceneData.KindOf(phrase),
            Group = GroupOf(index),
        };
    }

    public override SegmentationSample? Support(int index, int draw)
    {
        RandomStream random = new(RandomUse.EvaluatedSupports, scenes.Seed ^ draw, index);
        return SceneData.FindSupport(scenes.Generator, SceneSplit.Test, scenes.Seed, Draw(index).Phrase, ref random);
    }

    public override NegativePhrase Negative(int index, int draw, bool withSupport)
    {
        RandomStream random = new(RandomUse.EvaluatedNegatives, scenes.Seed ^ draw, index);
        return new(new ScenePhrases(Draw(index).Scene).Negative(ref random).Text, Support: null);
    }

    private (Scene Scene, Phrase Phrase) Draw(int index)
    {
        (int number, int which) = Math.DivRem(index, PhrasesPerScene);
        if (_last.Value is not { } last || last.Index != number)
        {
            Scene scene = scenes.Generator.Generate(SceneSplit.Test, scenes.Seed, number);
            RandomStream random = new(RandomUse.EvaluatedNegatives, scenes.Seed, number);
            List<Phrase> phrases = SceneFiles.PhrasesOf(scene, number, PhrasesPerScene - 1);
            while (phrases.Count < PhrasesPerScene) phrases.Add(new ScenePhrases(scene).Negative(ref random));
            _last.Value = last = (number, scene, phrases);
        }
        return (last.Scene, last.Phrases[which]);
    }
}
