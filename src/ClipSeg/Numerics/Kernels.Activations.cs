using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ClipSeg.Numerics;

internal static partial class Kernels
{
    /// <summary>y[i] = F(x[i]). <c>y</c> may be <c>x</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Apply<F>(ReadOnlySpan<float> x, Span<float> y) where F : struct, IFunction
    {
        if (x.Length != y.Length) Throw.LengthMismatch(typeof(F).Name, x.Length, y.Length);
        ReadOnlySpan<Vector512<float>> xv = MemoryMarshal.Cast<float, Vector512<float>>(x);
        Span<Vector512<float>> yv = MemoryMarshal.Cast<float, Vector512<float>>(y);
        for (int i = 0; i < xv.Length; i++) yv[i] = F.Of(xv[i]);
        for (int i = xv.Length * Vector512<float>.Count; i < x.Length; i++) y[i] = F.Of(Vector512.Create(x[i]))[0];
    }

    /// <summary>dx = dy * (s + 1.702 x s (1 - s)) with s = sigmoid(1.702 x). <c>dx</c> may be <c>dy</c>.</summary>
    public static void QuickGeluBackward(ReadOnlySpan<float> x, ReadOnlySpan<float> dy, Span<float> dx)
    {
        if (x.Length != dy.Length) Throw.LengthMismatch(nameof(QuickGeluBackward), dy.Length, x.Length);
        if (x.Length != dx.Length) Throw.LengthMismatch(nameof(QuickGeluBackward), dx.Length, x.Length);
        ReadOnlySpan<Vector512<float>> xv = MemoryMarshal.Cast<float, Vector512<float>>(x);
        ReadOnlySpan<Vector512<float>> dyv = MemoryMarshal.Cast<float, Vector512<float>>(dy);
        Span<Vector512<float>> dxv = MemoryMarshal.Cast<float, Vector512<float>>(dx);
        for (int i = 0; i < xv.Length; i++)
        {
            Vector512<float> ax = xv[i] * QuickGeluFunction.Slope;
            Vector512<float> s = SigmoidFunction.Of(ax);
            dxv[i] = dyv[i] * (s + ax * s * (Vector512<float>.One - s));
        }
        for (int i = xv.Length * Vector512<float>.Count; i < x.Length; i++)
        {
            float ax = QuickGeluFunction.Slope * x[i], s = SigmoidFunction.Of(Vector512.Create(ax))[0];
            dx[i] = dy[i] * (s + ax * s * (1 - s));
        }
    }

    /// <summary>dx = dy * (Φ(x) + x φ(x)). <c>dx</c> may be <c>dy</c>.</summary>
    public static void GeluBackward(ReadOnlySpan<float> x, ReadOnlySpan<float> dy, Span<float> dx)
    {
        if (x.Length != dy.Length) Throw.LengthMismatch(nameof(GeluBackward), dy.Length, x.Length);
        if (x.Length != dx.Length) Throw.LengthMismatch(nameof(GeluBackward), dx.Length, x.Length);
        for (int i = 0; i < x.Length; i++)
        {
            float density = MathF.Exp(-x[i] * x[i] / 2) / MathF.Sqrt(2 * MathF.PI);
            dx[i] = dy[i] * (Normal(Vector512.Create(x[i]))[0] + x[i] * density);
        }
    }

    /// <summary>dx = dy where y &gt; 0, else 0. <c>dx</c> may be <c>dy</c>.</summary>
    public static void ReluBackward(ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx)
    {
        if (y.Length != dy.Length) Throw.LengthMismatch(nameof(ReluBackward), dy.Length, y.Length);
        if (y.Length != dx.Length) Throw.LengthMismatch(nameof(ReluBackward), dx.Length, y.Length);
        ReadOnlySpan<Vector512<float>> yv = MemoryMarshal.Cast<float, Vector512<float>>(y);
        ReadOnlySpan<Vector512<float>> dyv = MemoryMarshal.Cast<float, Vector512<float>>(dy);
        Span<Vector512<float>> dxv = MemoryMarshal.Cast<float, Vector512<float>>(dx);
        Vector512<float> zero = Vector512<float>.Zero;
        for (int i = 0; i < yv.Length; i++)
            dxv[i] = Vector512.ConditionalSelect(Vector512.GreaterThan(yv[i], zero), dyv[i], zero);
        for (int i = yv.Length * Vector512<float>.Count; i < y.Length; i++) dx[i] = y[i] > 0 ? dy[i] : 0;
    }

    /// <summary>Φ(x), the share of a normal distribution below x.</summary>
    /// <remarks>By Abramowitz and Stegun's 7.1.26 for the error function, off by 1.5e-7 at most.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Normal(Vector512<float> x)
    {
        Vector512<float> z = Vector512.Abs(x) * Vector512.Create(0.70710678f), one = Vector512<float>.One;
        Vector512<float> t = one / (one + z * Vector512.Create(0.3275911f));
        Vector512<float> y = Vector512.Create(1.061405429f);
        y = y * t - Vector512.Create(1.453152027f);
        y = y * t + Vector512.Create(1.421413741f);
        y = y * t - Vector512.Create(0.284496736f);
        y = y * t + Vector512.Create(0.254829592f);
        Vector512<float> tail = y * t * Exp(-z * z) * Vector512.Create(0.5f);         // beyond |x|
        return Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512<float>.Zero), tail, one - tail);
    }
}
