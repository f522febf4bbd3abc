using System.Numerics;
using System.Runtime.InteropServices;

namespace ClipSeg.Numerics;

public static partial class Kernels
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
}
