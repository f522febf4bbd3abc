using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ClipSeg.Numerics;

internal static partial class Kernels
{
    /// <summary>y = (x - mean x) / sqrt(var x + eps) * weight + bias for one row. <c>y</c> may be <c>x</c>.</summary>
    /// <returns>1 / sqrt(var x + eps), and the mean: what backward needs.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static (float Mean, float Scale) LayerNorm(
        ReadOnlySpan<float> x, ReadOnlySpan<float> weight, ReadOnlySpan<float> bias, float eps, Span<float> y)
    {
        int n = x.Length;
        if (weight.Length != n) Throw.LengthMismatch(nameof(LayerNorm), weight.Length, n);
        if (bias.Length != n) Throw.LengthMismatch(nameof(LayerNorm), bias.Length, n);
        if (y.Length != n) Throw.LengthMismatch(nameof(LayerNorm), y.Length, n);
        if (n == 0) return (0, 0);
        ReadOnlySpan<Vector<float>> xv = MemoryMarshal.Cast<float, Vector<float>>(x);
        ReadOnlySpan<Vector<float>> wv = MemoryMarshal.Cast<float, Vector<float>>(weight);
        ReadOnlySpan<Vector<float>> bv = MemoryMarshal.Cast<float, Vector<float>>(bias);
        Span<Vector<float>> yv = MemoryMarshal.Cast<float, Vector<float>>(y);
        int tail = xv.Length * Vector<float>.Count;

        Vector<float> sums = Vector<float>.Zero;
        foreach (Vector<float> v in xv) sums += v;
        float sum = Vector.Sum(sums);
        for (int i = tail; i < n; i++) sum += x[i];
        float mean = sum / n;

        Vector<float> squares = Vector<float>.Zero, means = new(mean);
        foreach (Vector<float> v in xv) squares += (v - means) * (v - means);
        float square = Vector.Sum(squares);
        for (int i = tail; i < n; i++) square += (x[i] - mean) * (x[i] - mean);
        float scale = 1 / MathF.Sqrt(square / n + eps);

        for (int i = 0; i < xv.Length; i++) yv[i] = (xv[i] - means) * scale * wv[i] + bv[i];
        for (int i = tail; i < n; i++) y[i] = (x[i] - mean) * scale * weight[i] + bias[i];
        return (mean, scale);
    }

    /// <summary>
    /// Adds to dx, dWeight and dBias for one row, given what <see cref="LayerNorm"/> returned. With h = (x - mean)
    /// scale and g = dy weight: dx = scale (g - mean g - h mean(g h)), dWeight = dy h, dBias = dy.
    /// </summary>
    public static void LayerNormBackward(
        ReadOnlySpan<float> x, ReadOnlySpan<float> weight, float mean, float scale, ReadOnlySpan<float> dy,
        Span<float> dx, Span<float> dWeight, Span<float> dBias)
    {
        int n = x.Length;
        float sumG = 0, sumGH = 0;
        Vector<float> sumsG = Vector<float>.Zero, sumsGH = Vector<float>.Zero;
        ReadOnlySpan<Vector<float>> xv = MemoryMarshal.Cast<float, Vector<float>>(x);
        ReadOnlySpan<Vector<float>> wv = MemoryMarshal.Cast<float, Vector<float>>(weight);
        ReadOnlySpan<Vector<float>> dyv = MemoryMarshal.Cast<float, Vector<float>>(dy);
        int tail = xv.Length * Vector<float>.Count;
        for (int i = 0; i < xv.Length; i++)
        {
            Vector<float> g = dyv[i] * wv[i];
            sumsG += g;
            sumsGH += g * (xv[i] - new Vector<float>(mean)) * scale;
        }
        (sumG, sumGH) = (Vector.Sum(sumsG), Vector.Sum(sumsGH));
        for (int i = tail; i < n; i++)
        {
            float g = dy[i] * weight[i];
            sumG += g;
            sumGH += g * (x[i] - mean) * scale;
        }

        float meanG = sumG / n, meanGH = sumGH / n;
        if (!dx.IsEmpty)
        {
            Span<Vector<float>> dxv = MemoryMarshal.Cast<float, Vector<float>>(dx);
            for (int i = 0; i < xv.Length; i++)
            {
                Vector<float> h = (xv[i] - new Vector<float>(mean)) * scale;
                dxv[i] += (dyv[i] * wv[i] - new Vector<float>(meanG) - h * meanGH) * scale;
            }
            for (int i = tail; i < n; i++)
                dx[i] += scale * (dy[i] * weight[i] - meanG - (x[i] - mean) * scale * meanGH);
        }
        if (dWeight.IsEmpty) return;
        Span<Vector<float>> dwv = MemoryMarshal.Cast<float, Vector<float>>(dWeight);
        for (int i = 0; i < xv.Length; i++) dwv[i] += dyv[i] * (xv[i] - new Vector<float>(mean)) * scale;
        for (int i = tail; i < n; i++) dWeight[i] += dy[i] * (x[i] - mean) * scale;
        Add(dy, dBias);
    }
}
