using System.Numerics;
using System.Runtime.InteropServices;

namespace ClipSeg.Numerics;

/// <summary>Span in, span out: the operations that networks are made of, one group per file.</summary>
internal static partial class Kernels
{
    /// <summary>y += x.</summary>
    public static void Add(ReadOnlySpan<float> x, Span<float> y)
    {
        if (x.Length != y.Length) Throw.LengthMismatch(nameof(Add), x.Length, y.Length);
        ReadOnlySpan<Vector<float>> xv = MemoryMarshal.Cast<float, Vector<float>>(x);
        Span<Vector<float>> yv = MemoryMarshal.Cast<float, Vector<float>>(y);
        for (int i = 0; i < xv.Length; i++) yv[i] += xv[i];
        for (int i = xv.Length * Vector<float>.Count; i < x.Length; i++) y[i] += x[i];
    }

    /// <summary>z = x + y.</summary>
    public static void Sum(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> z)
    {
        if (x.Length != z.Length) Throw.LengthMismatch(nameof(Sum), x.Length, z.Length);
        if (y.Length != z.Length) Throw.LengthMismatch(nameof(Sum), y.Length, z.Length);
        ReadOnlySpan<Vector<float>> xv = MemoryMarshal.Cast<float, Vector<float>>(x);
        ReadOnlySpan<Vector<float>> yv = MemoryMarshal.Cast<float, Vector<float>>(y);
        Span<Vector<float>> zv = MemoryMarshal.Cast<float, Vector<float>>(z);
        for (int i = 0; i < xv.Length; i++) zv[i] = xv[i] + yv[i];
        for (int i = xv.Length * Vector<float>.Count; i < x.Length; i++) z[i] = x[i] + y[i];
    }

    /// <summary>y += a x.</summary>
    public static void AddScaled(ReadOnlySpan<float> x, float a, Span<float> y)
    {
        if (x.Length != y.Length) Throw.LengthMismatch(nameof(AddScaled), x.Length, y.Length);
        ReadOnlySpan<Vector<float>> xv = MemoryMarshal.Cast<float, Vector<float>>(x);
        Span<Vector<float>> yv = MemoryMarshal.Cast<float, Vector<float>>(y);
        for (int i = 0; i < xv.Length; i++) yv[i] += xv[i] * a;
        for (int i = xv.Length * Vector<float>.Count; i < x.Length; i++) y[i] += x[i] * a;
    }

    /// <summary>x *= a.</summary>
    public static void Scale(Span<float> x, float a)
    {
        Span<Vector<float>> xv = MemoryMarshal.Cast<float, Vector<float>>(x);
        for (int i = 0; i < xv.Length; i++) xv[i] *= a;
        for (int i = xv.Length * Vector<float>.Count; i < x.Length; i++) x[i] *= a;
    }

    /// <summary>y += x z, element by element.</summary>
    public static void AddProduct(ReadOnlySpan<float> x, ReadOnlySpan<float> z, Span<float> y)
    {
        if (x.Length != y.Length) Throw.LengthMismatch(nameof(AddProduct), x.Length, y.Length);
        if (z.Length != y.Length) Throw.LengthMismatch(nameof(AddProduct), z.Length, y.Length);
        ReadOnlySpan<Vector<float>> xv = MemoryMarshal.Cast<float, Vector<float>>(x);
        ReadOnlySpan<Vector<float>> zv = MemoryMarshal.Cast<float, Vector<float>>(z);
        Span<Vector<float>> yv = MemoryMarshal.Cast<float, Vector<float>>(y);
        for (int i = 0; i < xv.Length; i++) yv[i] += xv[i] * zv[i];
        for (int i = xv.Length * Vector<float>.Count; i < x.Length; i++) y[i] += x[i] * z[i];
    }

    /// <summary>Σ x y.</summary>
    public static float Dot(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        if (x.Length != y.Length) Throw.LengthMismatch(nameof(Dot), y.Length, x.Length);
        ReadOnlySpan<Vector<float>> xv = MemoryMarshal.Cast<float, Vector<float>>(x);
        ReadOnlySpan<Vector<float>> yv = MemoryMarshal.Cast<float, Vector<float>>(y);
        Vector<float> sums = Vector<float>.Zero;
        for (int i = 0; i < xv.Length; i++) sums += xv[i] * yv[i];
        float sum = Vector.Sum(sums);
        for (int i = xv.Length * Vector<float>.Count; i < x.Length; i++) sum += x[i] * y[i];
        return sum;
    }
}
