using ClipSeg.Imaging;
using ClipSeg.Training.Evaluation;
using ClipSeg.Training.Metrics;

namespace ClipSeg.Scenes.Evaluation;

/// <summary>How something was asked for.</summary>
internal enum PromptSource
{
    Text,

    /// <summary>By another scene in which the same phrase holds, and where.</summary>
    Picture,

    /// <summary>By both.</summary>
    Blend,
}

/// <summary>Where the samples come from.</summary>
internal enum ScenePart
{
    /// <summary>A few phrases of every scene that shows seen concepts only, kinds in balance.</summary>
    Seen,

    /// <summary>The same of scenes in which about half of the objects are of held-out concepts.</summary>
    Mixed,

    /// <summary>Every name that can be said in those mixed scenes, of seen and held-out things alike.</summary>
    Names,
}

/// <summary>A kind of sample that is counted on its own.</summary>
/// <param name="Weight">The picture's, in the prompt.</param>
internal readonly record struct SceneCell(
    PromptSource Source, double Weight, ScenePart Part, PhraseKind Kind, Exposure Exposure) : IComparable<SceneCell>
{
    public int CompareTo(SceneCell other) => (Source, Weight, Part, Kind, Exposure)
        .CompareTo((other.Source, other.Weight, other.Part, other.Kind, other.Exposure));
}

/// <summary>Sums over scenes, which come in their order: so that the last digit is always the same.</summary>
internal sealed class SceneTally
{
    private const double QuietPixels = 0.9;

    private readonly SortedDictionary<SceneCell, SegmentationMetrics> _cells = [];

    public IReadOnlyDictionary<SceneCell, SegmentationMetrics> Cells => _cells;

    /// <summary>Balanced phrases in words, by what else tells them apart: size, group of concepts.</summary>
    public SortedDictionary<(string By, string Name), SegmentationMetrics> Parts { get; } = [];

    public PresenceTally Presence { get; } = new();

    public WordingTally Wording { get; } = new();

    public CombinedTally Combined { get; } = new();

    public int NegativeScenes { get; private set; }

    /// <summary>Of text prompts, one for each; the mean is of <see cref="BoundarySamples"/>.</summary>
    public double BoundarySum { get; private set; }

    public int BoundarySamples { get; private set; }

    public int QuietScenes { get; private set; }

    /// <summary>Adds the answer to a phrase, by its <see cref="SegmentationMetrics.LevelsOf"/>.</summary>
    public void Add(SceneCell cell, ReadOnlySpan<long> levels) => MetricsOf(cell).Add(levels, classId: 0);

    /// <summary>Adds the answer to a balanced phrase in words to the parts that it belongs to.</summary>
    public void AddParts(Scene scene, Phrase phrase, ReadOnlySpan<long> levels)
    {
        (long there, long other) = (0, 0);
        for (int i = 0; i < levels.Length; i += 3) (there, other) = (there + levels[i + 1], other + levels[i + 2]);
        PartOf("size", SampleScore.SizeOf(there, there + other)).Add(levels, classId: 0);
        PartOf("group", SceneQuestions.GroupOfConcepts(scene, phrase)).Add(levels, classId: 0);
    }

    public void AddBoundary(double iou) => (BoundarySum, BoundarySamples) = (BoundarySum + iou, BoundarySamples + 1);

    /// <summary>Adds the answer to a phrase about something absent.</summary>
    public void AddNegative(Mask prediction, double threshold)
    {
        NegativeScenes++;
        int under = 0;
        foreach (float p in prediction.Values)
        {
            if (p <= (float)threshold) under++;
        }
        if (under >= QuietPixels * prediction.Values.Length) QuietScenes++;
    }

    public void Merge(SceneTally other)
    {
        foreach ((SceneCell cell, SegmentationMetrics metrics) in other._cells) MetricsOf(cell).Merge(metrics);
        foreach (((string by, string name), SegmentationMetrics metrics) in other.Parts)
            PartOf(by, name).Merge(metrics);
        Presence.Merge(other.Presence);
        Wording.Merge(other.Wording);
        Combined.Merge(other.Combined);
        (BoundarySum, BoundarySamples) =
            (BoundarySum + other.BoundarySum, BoundarySamples + other.BoundarySamples);
        NegativeScenes += other.NegativeScenes;
        QuietScenes += other.QuietScenes;
    }

    private SegmentationMetrics PartOf(string by, string name)
    {
        if (!Parts.TryGetValue((by, name), out SegmentationMetrics? metrics)) Parts.Add((by, name), metrics = new());
        return metrics;
    }

    private SegmentationMetrics MetricsOf(SceneCell cell)
    {
        if (!_cells.TryGetValue(cell, out SegmentationMetrics? metrics)) _cells.Add(cell, metrics = new());
        return metrics;
    }
}
