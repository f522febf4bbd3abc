using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ClipSeg.Numerics;

internal static partial class Kernels
{
    /// <summary>y[i] = exp(s x[i] - m) / Σⱼ exp(s x[j] - m), m the maximum of s x. <c>y</c> may be <c>x</c>.</summary>
    /// <param name="scale">s, above 0.</param>
    public static void Softmax(ReadOnlySpan<float> x, Span<float> y, float scale = 1)
        => Scale(y, 1 / Exponentials(x, y, scale));

    /// <summary>y[i] = exp(s x[i] - m), m the maximum of s x; <c>y</c> may be <c>x</c>. Returns their sum.</summary>
    /// <param name="scale">s, above 0.</param>
    /// <remarks>The maximum makes exp never overflow; a masked score is -inf and becomes exactly 0.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Exponentials(ReadOnlySpan<float> x, Span<float> y, float scale = 1)
    {
        if (x.Length != y.Length) Throw.LengthMismatch(nameof(Exponentials), x.Length, y.Length);
        float max = TensorPrimitives.Max(x) * scale;
        Vector<float> sums = Vector<float>.Zero, scales = new(scale), shift = new(max);
        int i = 0;
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> e = Exp(new Vector<float>(x[i..]) * scales - shift);
            e.CopyTo(y[i..]);
            sums += e;
        }
        if (i < x.Length)
        {
            // What does not fill a vector is padded with -inf, whose exponential is exactly 0.
            Span<float> padded = stackalloc float[Vector<float>.Count];
            padded.Fill(float.NegativeInfinity);
            x[i..].CopyTo(padded);
            Vector<float> rest = Exp(new Vector<float>(padded) * scales - shift);
            sums += rest;
            for (int j = i; j < x.Length; j++) y[j] = rest[j - i];
        }
        return Vector.Sum(sums);
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
