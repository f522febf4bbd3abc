using ClipSeg.Numerics;

namespace ClipSeg.Tests.Numerics;

internal static class RandomFloats
{
    extension(Random random)
    {
        public float[] Floats(int n, float low = -1, float high = 1)
        {
            float[] x = new float[n];
            for (int i = 0; i < n; i++) x[i] = low + (high - low) * random.NextSingle();
            return x;
        }

        public Tensor Tensor(params int[] shape) => new(random.Floats(shape.Aggregate(1, (a, b) => a * b)), shape);

        public Parameter Parameter(string name, params int[] shape)
            => ParameterOf(name, random.Tensor(shape));
    }

    /// <summary>A trainable parameter with these values.</summary>
    public static Parameter ParameterOf(string name, Tensor value)
        => new(name, value.Shape, (first, y) => value.Data.Slice((int)first, y.Length).CopyTo(y), trainable: true);
}

/// <summary>Lengths around every vector and block size.</summary>
internal static class Lengths
{
    public static IEnumerable<int> All => Enumerable.Range(0, 257).Concat([485, 1000]);
}

/// <summary>A span between NaN fences, to catch writes outside of it.</summary>
internal sealed class Fenced
{
    private const int Fence = 32;
    private readonly float[] _all;

    public Fenced(int n)
    {
        _all = new float[n + 2 * Fence];
        Array.Fill(_all, float.NaN);
        Span.Clear();
    }

    public Span<float> Span => _all.AsSpan(Fence, _all.Length - 2 * Fence);

    public void AssertFencesIntact()
    {
        Assert.All(_all[..Fence], v => Assert.True(float.IsNaN(v)));
        Assert.All(_all[^Fence..], v => Assert.True(float.IsNaN(v)));
    }
}
