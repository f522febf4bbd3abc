using ClipSeg.Numerics;

namespace ClipSeg.Tests;

/// <summary>Comparisons that say where and by how much.</summary>
internal static class Close
{
    public static void All(
        ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, float absolute, float relative = 0, string what = "")
    {
        Assert.Equal(expected.Length, actual.Length);
        float worst = 0;
        int at = -1;
        for (int i = 0; i < expected.Length; i++)
        {
            float excess = MathF.Abs(expected[i] - actual[i]) - absolute - relative * MathF.Abs(expected[i]);
            if (excess > worst || float.IsNaN(actual[i]) != float.IsNaN(expected[i])) (worst, at) = (excess, i);
        }
        Assert.True(at < 0, at < 0 ? "" : $"{what}[{at}] is {actual[at]:R}, expected {expected[at]:R}");
    }

    public static void All(Tensor expected, Tensor actual, float absolute, float relative = 0, string what = "")
    {
        Assert.Equal(expected.Shape.ToArray(), actual.Shape.ToArray());
        All(expected.Data, actual.Data, absolute, relative, what);
    }

    /// <summary>
    /// Differences relative to the largest expected element: for gradients, whose small elements are sums of large
    /// ones. A gradient that is zero in theory (of a key's bias: the softmax does not see it) is rounding noise in
    /// both, so below 1e-3 the difference counts absolutely.
    /// </summary>
    public static void Relative(Tensor expected, Tensor actual, float relative, string what = "")
    {
        float largest = 1e-3f;
        foreach (float v in expected.Data) largest = MathF.Max(largest, MathF.Abs(v));
        All(expected, actual, relative * largest, 0, what);
    }
}
