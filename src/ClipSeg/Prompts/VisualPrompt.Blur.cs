using System.Numerics;
using System.Runtime.InteropServices;
using ClipSeg.Numerics;

namespace ClipSeg.Prompts;

public sealed partial record VisualPrompt
{
    private const int BlurReach = 7;        // 15 taps, whatever the sigma

    // [3, H, W] → [3, H, W]. OpenCV's Gaussian on float32: separable, mirrored at the edges without repeating them.
    private static Tensor GaussianBlur(Tensor image, float sigma)
    {
        (int height, int width) = (image[1], image[2]);
        ReadOnlySpan<float> taps = Taps(sigma);
        Tensor y = Tensor.Empty(image.Shape);
        Tensor rows = Tensor.Empty(height, width);
        Tensor padded = Tensor.Empty(width + 2 * BlurReach);
        for (int channel = 0; channel < 3; channel++)
        {
            for (int i = 0; i < height; i++)
            {
                ReadOnlySpan<float> row = image.Data.Slice((channel * height + i) * width, width);
                row.CopyTo(padded.Data[BlurReach..]);
                for (int k = 1; k <= BlurReach; k++)
                {
                    padded.Data[BlurReach - k] = row[Mirror(-k, width)];
                    padded.Data[BlurReach + width - 1 + k] = row[Mirror(width - 1 + k, width)];
                }
                Span<float> to = rows.Data.Slice(i * width, width);
                Scale(Shifted(0), taps[0], to);
                for (int k = 1; k <= BlurReach; k++)
                    AddPair(Shifted(-k), Shifted(k), taps[k], to);
            }
            for (int i = 0; i < height; i++)
            {
                Span<float> to = y.Data.Slice((channel * height + i) * width, width);
                Scale(Row(i), taps[0], to);
                for (int k = 1; k <= BlurReach; k++) AddPair(Row(i - k), Row(i + k), taps[k], to);
            }
        }
        return y;

        ReadOnlySpan<float> Shifted(int k) => padded.Data.Slice(BlurReach + k, width);

        ReadOnlySpan<float> Row(int i) => rows.Data.Slice(Mirror(i, height) * width, width);
    }

    // The middle tap and those to one side of it.
    private static float[] Taps(float sigma)
    {
        double[] weights = new double[BlurReach + 1];
        for (int i = 0; i < weights.Length; i++) weights[i] = Math.Exp(-i * i / (2.0 * sigma * sigma));
        double sum = 2 * weights.Sum() - weights[0];
        return Array.ConvertAll(weights, w => (float)(w / sum));
    }

    // ... 2 1 | 0 1 2 ... n-2 n-1 | n-2 n-3 ..., as often as it takes.
    private static int Mirror(int i, int n)
    {
        if (n == 1) return 0;
        int period = 2 * (n - 1);
        i = (i % period + period) % period;
        return Math.Min(i, period - i);
    }

    private static void Scale(ReadOnlySpan<float> x, float weight, Span<float> y)
    {
        for (int i = 0; i < y.Length; i++) y[i] = weight * x[i];
    }

    // y += weight (a + b)
    private static void AddPair(ReadOnlySpan<float> a, ReadOnlySpan<float> b, float weight, Span<float> y)
    {
        ReadOnlySpan<Vector<float>> av = MemoryMarshal.Cast<float, Vector<float>>(a);
        ReadOnlySpan<Vector<float>> bv = MemoryMarshal.Cast<float, Vector<float>>(b);
        Span<Vector<float>> yv = MemoryMarshal.Cast<float, Vector<float>>(y);
        for (int i = 0; i < yv.Length; i++) yv[i] += weight * (av[i] + bv[i]);
        for (int i = yv.Length * Vector<float>.Count; i < y.Length; i++) y[i] += weight * (a[i] + b[i]);
    }
}
