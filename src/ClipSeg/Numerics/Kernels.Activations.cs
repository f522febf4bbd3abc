using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ClipSeg.Numerics;

internal static partial class Kernels
{
    private const float QuickGeluSlope = 1.702f;

    /// <summary>y = x * sigmoid(1.702 x): CLIP's approximation of GELU. <c>y</c> may be <c>x</c>.</summary>
    public static void QuickGelu(ReadOnlySpan<float> x, Span<float> y)
    {
        if (x.Length != y.Length) Throw.LengthMismatch(nameof(QuickGelu), x.Length, y.Length);
        ReadOnlySpan<Vector512<float>> xv = MemoryMarshal.Cast<float, Vector512<float>>(x);
        Span<Vector512<float>> yv = MemoryMarshal.Cast<float, Vector512<float>>(y);
        for (int i = 0; i < xv.Length; i++) yv[i] = QuickGelu(xv[i]);
        for (int i = xv.Length * Vector512<float>.Count; i < x.Length; i++) y[i] = QuickGelu(x[i]);
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
            Vector512<float> ax = xv[i] * QuickGeluSlope;
            Vector512<float> s = Sigmoid(ax);
            dxv[i] = dyv[i] * (s + ax * s * (Vector512<float>.One - s));
        }
        for (int i = xv.Length * Vector512<float>.Count; i < x.Length; i++)
        {
            float ax = QuickGeluSlope * x[i], s = Sigmoid(ax);
            dx[i] = dy[i] * (s + ax * s * (1 - s));
        }
    }

    /// <summary>y = x Φ(x), to within 3e-7 max(1, |x|). <c>y</c> may be <c>x</c>.</summary>
    public static void Gelu(ReadOnlySpan<float> x, Span<float> y)
    {
        if (x.Length != y.Length) Throw.LengthMismatch(nameof(Gelu), x.Length, y.Length);
        ReadOnlySpan<Vector512<float>> xv = MemoryMarshal.Cast<float, Vector512<float>>(x);
        Span<Vector512<float>> yv = MemoryMarshal.Cast<float, Vector512<float>>(y);
        for (int i = 0; i < xv.Length; i++) yv[i] = Gelu(xv[i]);
        for (int i = xv.Length * Vector512<float>.Count; i < x.Length; i++) y[i] = Gelu(x[i]);
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

    /// <summary>y = max(x, 0). <c>y</c> may be <c>x</c>.</summary>
    public static void Relu(ReadOnlySpan<float> x, Span<float> y) => TensorPrimitives.Max(x, 0, y);

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

    /// <summary>y = 1 / (1 + exp(-x)). <c>y</c> may be <c>x</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Sigmoid(ReadOnlySpan<float> x, Span<float> y)
    {
        if (x.Length != y.Length) Throw.LengthMismatch(nameof(Sigmoid), x.Length, y.Length);
        ReadOnlySpan<Vector512<float>> xv = MemoryMarshal.Cast<float, Vector512<float>>(x);
        Span<Vector512<float>> yv = MemoryMarshal.Cast<float, Vector512<float>>(y);
        for (int i = 0; i < xv.Length; i++) yv[i] = Sigmoid(xv[i]);
        for (int i = xv.Length * Vector512<float>.Count; i < x.Length; i++) y[i] = Sigmoid(x[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> QuickGelu(Vector512<float> x) => x * Sigmoid(x * QuickGeluSlope);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Gelu(Vector512<float> x) => x * Normal(x);

    internal static float Gelu(float x) => Gelu(Vector512.Create(x))[0];

    /// <summary>Φ(x), the share of a normal distribution below x.</summary>
    /// <remarks>By Abramowitz and Stegun's 7.1.26 for the error function, off by 1.5e-7 at most.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Normal(Vector512<float> x)
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

    internal static float QuickGelu(float x) => x * Sigmoid(QuickGeluSlope * x);

    internal static float Sigmoid(float x) => 1 / (1 + MathF.Exp(-x));
}
