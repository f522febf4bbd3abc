using ClipSeg.Imaging;

namespace ClipSeg.Training.Data;

/// <summary>One training or test example: a picture, what to find in it, and where that is.</summary>
public sealed record SegmentationSample
{
    public required Image Picture { get; init; }

    /// <summary>0 and 1, at the picture's size.</summary>
    public required Mask Mask { get; init; }

    /// <summary>1 on pixels that count, at the picture's size; null if all do. Training does without it.</summary>
    public Mask? Valid { get; init; }

    public required string Phrase { get; init; }

    /// <summary>
    /// What kind of phrase it is, such as "name" or "relation, held out"; empty if the data does not say.
    /// </summary>
    public string Kind { get; init; } = "";

    /// <summary>Which picture it is; samples of one picture share the number.</summary>
    public required long Group { get; init; }

    /// <summary>What else results are told apart by.</summary>
    internal IReadOnlyList<PartName> Parts { get; init; } = [];

    /// <summary>The data set's own name for the sample, fit for a file; empty if it has none.</summary>
    internal string Name { get; init; } = "";
}

/// <summary>A part of a data set: by "kind", "relation".</summary>
internal readonly record struct PartName(string By, string Name);

/// <summary>What a picture does not show.</summary>
/// <param name="Phrase">The words.</param>
/// <param name="Support">A picture that does show it, if that was asked for and there is one.</param>
public sealed record NegativePhrase(string Phrase, SegmentationSample? Support);

/// <summary>Pictures with masks and phrases, in any order, by several threads at once.</summary>
public abstract class SegmentationData
{
    public abstract int Count { get; }

    /// <summary>The sample, read or drawn now.</summary>
    /// <exception cref="DataFormatException">Its files do not hold what the data set promises.</exception>
    public abstract SegmentationSample Get(int index);

    /// <summary>Which picture a sample shows, without reading it.</summary>
    public abstract long GroupOf(int index);

    /// <summary>Phrases of other samples of the same picture; none if that is not known.</summary>
    internal virtual IReadOnlyList<string> OthersIn(int index) => [];

    /// <summary>The file of a sample's picture, which may be missing; null if the picture is drawn.</summary>
    public virtual string? PictureFile(int index) => null;

    /// <summary>Another example of the same phrase, to show instead of naming it; null if there is none.</summary>
    /// <param name="index">The sample to find company for.</param>
    /// <param name="draw">Any number: which of the others it is.</param>
    public abstract SegmentationSample? Support(int index, int draw);

    /// <summary>A phrase of this data set that the sample's picture does not show.</summary>
    /// <param name="index">The sample.</param>
    /// <param name="draw">Any number: which phrase it is.</param>
    /// <param name="withSupport">Whether to look for an example of that phrase, too.</param>
    public abstract NegativePhrase Negative(int index, int draw, bool withSupport);
}
