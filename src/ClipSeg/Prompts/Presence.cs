using System.Numerics.Tensors;
using ClipSeg.Imaging;

namespace ClipSeg.Prompts;

/// <summary>How sure a mask is that what was asked for is in the picture at all.</summary>
public static class Presence
{
    private const int Block = 4096;     // pixels that are added up in single precision

    /// <summary>
    /// From 0, surely absent, to 1: the mean probability of the pixels, each weighted by its probability. A mask that
    /// is sure of a small thing scores high, one that half believes in half of the picture does not.
    /// </summary>
    public static float Score(Mask mask)
    {
        (double sum, double squares) = (0, 0);
        for (ReadOnlySpan<float> rest = mask.Values; rest.Length > 0; rest = rest[Math.Min(Block, rest.Length)..])
        {
            ReadOnlySpan<float> some = rest[..Math.Min(Block, rest.Length)];
            sum += TensorPrimitives.Sum(some);
            squares += TensorPrimitives.SumOfSquares(some);
        }
        return sum > 0 ? (float)(squares / sum) : 0;
    }
}
