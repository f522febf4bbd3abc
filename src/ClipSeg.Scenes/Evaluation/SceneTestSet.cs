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
    private const int Phrases = 4, Tries = 8;

    /// <summary>Draws them.</summary>
    public SceneGenerator Generator { get; } = new(Catalogue, Options with { Pool = ConceptPool.Mixed });

    /// <summary>Four phrases about each, and one about something that it does not show.</summary>
    public SegmentationData Questions() => new SceneQuestions(this, Phrases + 1, (scene, index) =>
    {
        RandomStream random = new(RandomUse.EvaluatedNegatives, Seed, index);
        List<Phrase> phrases = SceneFiles.PhrasesOf(scene, index, Phrases);
        while (phrases.Count <= Phrases) phrases.Add(new ScenePhrases(scene).Negative(ref random));
        return phrases;
    }, SceneData.KindOf);

    /// <summary>Of each, what a thing is for, what it is like, and of what kind it is, where that is clear.</summary>
    public SegmentationData Prompts() => new SceneQuestions(this, 3, (scene, index) =>
    {
        RandomStream random = new(RandomUse.EvaluatedClasses, Seed, index);
        ScenePhrases phrases = new(scene);
        return [Some(phrases, PhraseKind.Affordance, ref random), Some(phrases, PhraseKind.Attribute, ref random),
            Some(phrases, PhraseKind.Category, ref random)];
    }, phrase => phrase.Kind switch
    {
        _ when phrase.Objects == 0 => "not there",
        PhraseKind.Affordance => "affordances",
        PhraseKind.Attribute => "attributes",
        _ => "categories",
    });

    /// <summary>Of each, the name of one thing; the others are known.</summary>
    public SegmentationData Names() => new SceneQuestions(this, 1, (scene, index) =>
    {
        RandomStream random = new(RandomUse.EvaluatedClasses, Seed, index);
        Phrase[] names = [.. NamesIn(scene)];
        return [names.Length == 0 ? new ScenePhrases(scene).Negative(ref random) : random.Pick<Phrase>(names)];
    }, SceneData.KindOf);

    /// <summary>The names of things in a scene that leave no doubt.</summary>
    public static IEnumerable<Phrase> NamesIn(Scene scene)
        => new ScenePhrases(scene).All().Where(phrase => phrase.Kind == PhraseKind.Name);

    private static Phrase Some(ScenePhrases phrases, PhraseKind kind, ref RandomStream random)
    {
        for (int attempt = 0; attempt < Tries; attempt++)
            if (phrases.SampleOf(kind, ref random) is { } phrase) return phrase;
        return phrases.Negative(ref random);
    }
}

/// <summary>So many questions about each scene.</summary>
/// <param name="scenes">The scenes.</param>
/// <param name="perScene">Questions about each.</param>
/// <param name="ask">So many phrases for a scene and its number; those of no object mean what is not there.</param>
/// <param name="kindOf">What kind of question a phrase is.</param>
internal sealed class SceneQuestions(
    SceneTestSet scenes, int perScene, Func<Scene, int, List<Phrase>> ask, Func<Phrase, string> kindOf)
    : SegmentationData
{
    // A thread asks for all questions of a scene, one after the other.
    private readonly ThreadLocal<(int Index, Scene Scene, List<Phrase> Phrases)?> _last = new();

    public override int Count => scenes.Count * perScene;

    public override long GroupOf(int index) => index / perScene;

    public override SegmentationSample Get(int index)
    {
        (Scene scene, Phrase phrase) = Draw(index);
        return new()
        {
            Picture = scene.Picture,
            Mask = scene.Mask(phrase.Objects),
            Phrase = phrase.Text,
            Kind = phrase.Objects == 0 ? "not there" : kindOf(phrase),
            Group = GroupOf(index),
            Parts = phrase.Objects == 0 ? [] : [new("group", GroupOfConcepts(scene, phrase))],
        };
    }

    internal override IReadOnlyList<string> OthersIn(int index)
    {
        (Scene scene, Phrase phrase) = Draw(index);
        return [.. SceneTestSet.NamesIn(scene).Select(name => name.Text).Where(name => name != phrase.Text)];
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

    /// <summary>The section of the concepts' table, such as "mammal", if the phrase means things of one.</summary>
    internal static string GroupOfConcepts(Scene scene, Phrase phrase)
    {
        string[] groups = [.. scene.Objects.Where((_, i) => (phrase.Objects >> i & 1) != 0)
            .Select(o => o.Concept.Group).Distinct()];
        return groups.Length == 1 ? groups[0] : "several";
    }

    private (Scene Scene, Phrase Phrase) Draw(int index)
    {
        (int number, int which) = Math.DivRem(index, perScene);
        if (_last.Value is not { } last || last.Index != number)
        {
            Scene scene = scenes.Generator.Generate(SceneSplit.Test, scenes.Seed, number);
            _last.Value = last = (number, scene, ask(scene, number));
        }
        return (last.Scene, last.Phrases[which]);
    }
}
