using System.Numerics.Tensors;

namespace ClipSeg.Numerics;

/// <summary>
/// Span in, span out: the operations that networks are made of, one group per file. Spans that belong together are of
/// one length.
/// </summary>
internal static partial class Kernels
{
    /// <summary>y += x.</summary>
    public static void Add(ReadOnlySpan<float> x, Span<float> y) => TensorPrimitives.Add(x, y, y);

    /// <summary>z = x + y.</summary>
    public static void Sum(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> z)
        => TensorPrimitives.Add(x, y, z);

    /// <summary>y += a x.</summary>
    public static void AddScaled(ReadOnlySpan<float> x, float a, Span<float> y)
        => TensorPrimitives.MultiplyAdd(x, a, y, y);

    /// <summary>x *= a.</summary>
    public static void Scale(Span<float> x, float a) => TensorPrimitives.Multiply(x, a, x);

    /// <summary>y += x z, element by element.</summary>
    public static void AddProduct(ReadOnlySpan<float> x, ReadOnlySpan<float> z, Span<float> y)
        => TensorPrimitives.MultiplyAdd(x, z, y, y);

    /// <summary>Σ x y.</summary>
    public static float Dot(ReadOnlySpan<float> x, ReadOnlySpan<float> y) => TensorPrimitives.Dot(x, y);
}
