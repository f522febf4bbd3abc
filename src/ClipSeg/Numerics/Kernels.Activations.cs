using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ClipSeg.Numerics;

internal static partial class Kernels
{
    private const float QuickGeluSlope = 1.702f;

    /// <summary>y = x * sigmoid(1.702 x): CLIP's approximation of GELU. <c>y</c> may be <c>x</c>.</summary>
    public static void QuickGelu(ReadOnlySpan<float> x, Span<float> y)
    {
        if (x.Length != y.Length) Throw.LengthMismatch(nameof(QuickGelu), x.Length, y.Length);
        ReadOnlySpan<Vector<float>> xv = MemoryMarshal.Cast<float, Vector<float>>(x);
        Span<Vector<float>> yv = MemoryMarshal.Cast<float, Vector<float>>(y);
        for (int i = 0; i < xv.Length; i++) yv[i] = QuickGelu(xv[i]);
        for (int i = xv.Length * Vector<float>.Count; i < x.Length; i++) y[i] = QuickGelu(x[i]);
    }

    /// <summary>dx = dy * (s + 1.702 x s (1 - s)) with s = sigmoid(1.702 x). <c>dx</c> may be <c>dy</c>.</summary>
    public static void QuickGeluBackward(ReadOnlySpan<float> x, ReadOnlySpan<float> dy, Span<float> dx)
    {
        if (x.Length != dy.Length) Throw.LengthMismatch(nameof(QuickGeluBackward), dy.Length, x.Length);
        if (x.Length != dx.Length) Throw.LengthMismatch(nameof(QuickGeluBackward), dx.Length, x.Length);
        ReadOnlySpan<Vector<float>> xv = MemoryMarshal.Cast<float, Vector<float>>(x);
        ReadOnlySpan<Vector<float>> dyv = MemoryMarshal.Cast<float, Vector<float>>(dy);
        Span<Vector<float>> dxv = MemoryMarshal.Cast<float, Vector<float>>(dx);
        for (int i = 0; i < xv.Length; i++)
        {
            Vector<float> ax = xv[i] * QuickGeluSlope;
            Vector<float> s = Sigmoid(ax);
            dxv[i] = dyv[i] * (s + ax * s * (Vector<float>.One - s));
        }
        for (int i = xv.Length * Vector<float>.Count; i < x.Length; i++)
        {
            float ax = QuickGeluSlope * x[i], s = Sigmoid(ax);
            dx[i] = dy[i] * (s + ax * s * (1 - s));
        }
    }

    /// <summary>y = x Φ(x), to within 3e-7 max(1, |x|). <c>y</c> may be <c>x</c>.</summary>
    public static void Gelu(ReadOnlySpan<float> x, Span<float> y)
    {
        if (x.Length != y.Length) Throw.LengthMismatch(nameof(Gelu), x.Length, y.Length);
        ReadOnlySpan<Vector<float>> xv = MemoryMarshal.Cast<float, Vector<float>>(x);
        Span<Vector<float>> yv = MemoryMarshal.Cast<float, Vector<float>>(y);
        for (int i = 0; i < xv.Length; i++) yv[i] = Gelu(xv[i]);
        for (int i = xv.Length * Vector<float>.Count; i < x.Length; i++) y[i] = Gelu(x[i]);
    }

    /// <summary>dx = dy * (Φ(x) + x φ(x)). <c>dx</c> may be <c>dy</c>.</summary>
    public static void GeluBackward(ReadOnlySpan<float> x, ReadOnlySpan<float> dy, Span<float> dx)
    {
        if (x.Length != dy.Length) Throw.LengthMismatch(nameof(GeluBackward), dy.Length, x.Length);
        if (x.Length != dx.Length) Throw.LengthMismatch(nameof(GeluBackward), dx.Length, x.Length);
        for (int i = 0; i < x.Length; i++)
        {
            float density = MathF.Exp(-x[i] * x[i] / 2) / MathF.Sqrt(2 * MathF.PI);
            dx[i] = dy[i] * (Normal(new Vector<float>(x[i]))[0] + x[i] * density);
        }
    }

    /// <summary>y = max(x, 0). <c>y</c> may be <c>x</c>.</summary>
    public static void Relu(ReadOnlySpan<float> x, Span<float> y) => TensorPrimitives.Max(x, 0, y);

    /// <summary>dx = dy where y &gt; 0, else 0. <c>dx</c> may be <c>dy</c>.</summary>
    public static void ReluBackward(ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx)
    {
        if (y.Length != dy.Length) Throw.LengthMismatch(nameof(ReluBackward), dy.Length, y.Length);
        if (y.Length != dx.Length) Throw.LengthMismatch(nameof(ReluBackward), dx.Length, y.Length);
        ReadOnlySpan<Vector<float>> yv = MemoryMarshal.Cast<float, Vector<float>>(y);
        ReadOnlySpan<Vector<float>> dyv = MemoryMarshal.Cast<float, Vector<float>>(dy);
        Span<Vector<float>> dxv = MemoryMarshal.Cast<float, Vector<float>>(dx);
        Vector<float> zero = Vector<float>.Zero;
        for (int i = 0; i < yv.Length; i++)
            dxv[i] = Vector.ConditionalSelect(Vector.GreaterThan(yv[i], zero), dyv[i], zero);
        for (int i = yv.Length * Vector<float>.Count; i < y.Length; i++) dx[i] = y[i] > 0 ? dy[i] : 0;
    }

    /// <summary>y = 1 / (1 + exp(-x)). <c>y</c> may be <c>x</c>.</summary>
    public static void Sigmoid(ReadOnlySpan<float> x, Span<float> y)
    {
        if (!x.IsEmpty) TensorPrimitives.Sigmoid(x, y);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector<float> QuickGelu(Vector<float> x) => x * Sigmoid(x * QuickGeluSlope);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector<float> Gelu(Vector<float> x) => x * Normal(x);

    internal static float Gelu(float x) => Gelu(new Vector<float>(x))[0];

    /// <summary>Φ(x), the share of a normal distribution below x.</summary>
    /// <remarks>By Abramowitz and Stegun's 7.1.26 for the error function, off by 1.5e-7 at most.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Normal(Vector<float> x)
    {
        Vector<float> z = Vector.Abs(x) * new Vector<float>(0.70710678f), one = Vector<float>.One;
        Vector<float> t = one / (one + z * new Vector<float>(0.3275911f));
        Vector<float> y = new(1.061405429f);
        y = y * t - new Vector<float>(1.453152027f);
        y = y * t + new Vector<float>(1.421413741f);
        y = y * t - new Vector<float>(0.284496736f);
        y = y * t + new Vector<float>(0.254829592f);
        Vector<float> tail = y * t * Exp(-z * z) * new Vector<float>(0.5f);         // beyond |x|
        return Vector.ConditionalSelect(Vector.LessThan(x, Vector<float>.Zero), tail, one - tail);
    }

    internal static float QuickGelu(float x) => x * Sigmoid(QuickGeluSlope * x);

    internal static float Sigmoid(float x) => 1 / (1 + MathF.Exp(-x));
}
