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

    internal static float QuickGelu(float x) => x * Sigmoid(QuickGeluSlope * x);

    internal static float Sigmoid(float x) => 1 / (1 + MathF.Exp(-x));
}
