using ClipSeg.Checkpoints;
using ClipSeg.Numerics;

namespace ClipSeg;

/// <summary>What <see cref="Segmenter.Load"/> cannot or shall not read from the model's files.</summary>
public sealed record SegmenterOptions
{
    /// <summary>
    /// The side, in pixels, that pictures are resized to: a multiple of the patch size. Null: the model's own.
    /// </summary>
    public int? Size { get; init; }

    /// <summary>What matrix products multiply: float32 is exact, the others are faster.</summary>
    public Precision Precision { get; init; }

    /// <summary>How many threads a picture is worked on with, the caller's included. Null: one per processor.</summary>
    public int? Threads { get; init; }

    /// <summary>
    /// For the authors' files, which hold the decoder without its CLIP and have no config; and the blocks of CLIP that
    /// a decoder reads.
    /// </summary>
    public CheckpointOptions Files { get; init; } = new();
}
