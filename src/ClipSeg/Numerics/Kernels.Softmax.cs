using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ClipSeg.Numerics;

internal static partial class Kernels
{
    /// <summary>y[i] = exp(s x[i] - m) / Σⱼ exp(s x[j] - m), m the maximum of s x. <c>y</c> may be <c>x</c>.</summary>
    /// <param name="scale">s, above 0.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Softmax(ReadOnlySpan<float> x, Span<float> y, float scale = 1)
    {
        if (x.Length != y.Length) Throw.LengthMismatch(nameof(Softmax), x.Length, y.Length);
        ReadOnlySpan<Vector<float>> xv = MemoryMarshal.Cast<float, Vector<float>>(x);
        Span<Vector<float>> yv = MemoryMarshal.Cast<float, Vector<float>>(y);
        int tail = xv.Length * Vector<float>.Count;     // first index past the whole vectors

        // What does not fill a vector is padded with -inf, whose exponential is exactly 0.
        Span<float> padded = stackalloc float[Vector<float>.Count];
        padded.Fill(float.NegativeInfinity);
        x[tail..].CopyTo(padded);
        Vector<float> rest = new(padded);

        // The maximum goes first, so that exp never overflows (a masked score is -inf and becomes exactly 0, too).
        Vector<float> maxima = rest;
        foreach (Vector<float> v in xv) maxima = Vector.Max(maxima, v);
        float max = float.NegativeInfinity;
        for (int i = 0; i < Vector<float>.Count; i++) max = MathF.Max(max, maxima[i]);
        max *= scale;

        Vector<float> sums = Vector<float>.Zero, scales = new(scale), shift = new(max);
        for (int i = 0; i < xv.Length; i++) sums += yv[i] = Exp(xv[i] * scales - shift);
        if (tail < x.Length)
        {
            sums += rest = Exp(rest * scales - shift);
            for (int i = tail; i < x.Length; i++) y[i] = rest[i - tail];
        }
        float sum = Vector.Sum(sums);

        Scale(y, 1 / sum);
    }

    /// <summary>The definition, and the tests' oracle.</summary>
    internal static void SoftmaxScalar(ReadOnlySpan<float> x, Span<float> y, float scale = 1)
    {
        float max = float.NegativeInfinity;
        foreach (float v in x) max = MathF.Max(max, scale * v);

        float sum = 0;
        for (int i = 0; i < x.Length; i++) sum += y[i] = MathF.Exp(scale * x[i] - max);
        for (int i = 0; i < y.Length; i++) y[i] /= sum;
    }

    /// <summary>dx[i] = y[i] (dy[i] - Σⱼ dy[j] y[j]). <c>dx</c> may be <c>dy</c>.</summary>
    public static void SoftmaxBackward(ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx)
    {
        if (y.Length != dx.Length) Throw.LengthMismatch(nameof(SoftmaxBackward), dx.Length, y.Length);
        float dot = Dot(y, dy);
        ReadOnlySpan<Vector<float>> yv = MemoryMarshal.Cast<float, Vector<float>>(y);
        ReadOnlySpan<Vector<float>> dyv = MemoryMarshal.Cast<float, Vector<float>>(dy);
        Span<Vector<float>> dxv = MemoryMarshal.Cast<float, Vector<float>>(dx);
        for (int i = 0; i < yv.Length; i++) dxv[i] = yv[i] * (dyv[i] - new Vector<float>(dot));
        for (int i = yv.Length * Vector<float>.Count; i < y.Length; i++) dx[i] = y[i] * (dy[i] - dot);
    }
}
