using ClipSeg.Numerics;
using ClipSeg.Scenes.Artwork;
using ClipSeg.Training.Data;

namespace ClipSeg.Scenes.Evaluation;

/// <summary>
/// Scenes with a class for every pixel: some concepts that decoder training meets, as many that it does not, and
/// background. Each scene shows one of them at least; things of other concepts are not scored.
/// </summary>
internal sealed class SceneClasses : ClassData
{
    private const int ClassesOfAKind = 6;

    private readonly SceneTestSet _scenes;
    private readonly Concept[] _concepts;
    private readonly Dictionary<Concept, byte> _labels = [];

    /// <param name="scenes">The scenes.</param>
    /// <param name="withUnseen">Whether scores of seen and unseen concepts are told apart.</param>
    public SceneClasses(SceneTestSet scenes, bool withUnseen)
    {
        _scenes = scenes;
        RandomStream random = new(RandomUse.EvaluatedClasses, scenes.Seed, "classes");
        _concepts = [.. Some(heldOut: false, ref random), .. Some(heldOut: true, ref random)];
        for (int i = 0; i < _concepts.Length; i++) _labels.Add(_concepts[i], (byte)(i + 1));
        Names = [[BackgroundName], .. _concepts.Select(c => (string[])[c.Name.Text])];
        if (withUnseen) Unseen = [.. _concepts.Where(c => c.HeldOut).Select(c => (int)_labels[c])];
    }

    public override IReadOnlyList<IReadOnlyList<string>> Names { get; }

    public override IReadOnlyList<int> Unseen { get; } = [];

    public override int Count => _scenes.Count;

    public override ClassPicture Get(int picture)
    {
        Scene scene = _scenes.Generator.Generate(
            SceneSplit.Test, _scenes.Seed, picture, _concepts[picture % _concepts.Length]);
        byte[] labels = [0, .. scene.Objects.Select(o => _labels.GetValueOrDefault(o.Concept, byte.MaxValue))];
        return new(scene.Picture, Array.ConvertAll(scene.Labels, label => labels[label]));
    }

    private List<Concept> Some(bool heldOut, ref RandomStream random)
    {
        List<Concept> all = [.. _scenes.Catalogue.Concepts.Where(c => c.HeldOut == heldOut)], some = [];
        while (some.Count < ClassesOfAKind && all.Count > 0)
        {
            some.Add(all[random.Next(all.Count)]);
            all.Remove(some[^1]);
        }
        return some;
    }
}
