namespace ClipSeg.Imaging;

/// <summary>Resizes float maps as PyTorch's <c>interpolate</c> does: no averaging when they shrink.</summary>
/// <remarks>All maps are [channels, height, width].</remarks>
internal static class Interpolation
{
    private const float CubicA = -0.75f;        // PyTorch's; Pillow's is -0.5

    /// <summary>
    /// Bilinear, in both of PyTorch's conventions: with aligned corners the centres of the corner pixels stay where
    /// they are, otherwise the corners of the whole area do.
    /// </summary>
    public static void Bilinear(ReadOnlySpan<float> source, int channels, int height, int width,
        Span<float> destination, int newHeight, int newWidth, bool alignCorners)
    {
        CheckSizes(source, channels, height, width, destination, newHeight, newWidth);
        LinearTaps rows = alignCorners ? LinearTaps.Align(height, newHeight) : LinearTaps.Resize(height, newHeight);
        LinearTaps columns = alignCorners ? LinearTaps.Align(width, newWidth) : LinearTaps.Resize(width, newWidth);
        for (int channel = 0; channel < channels; channel++)
        {
            LinearRows map = new(source.Slice(channel * height * width, height * width), rows, columns);
            Span<float> result = destination.Slice(channel * newHeight * newWidth, newHeight * newWidth);
            for (int y = 0; y < newHeight; y++) map.Read(y, result.Slice(y * newWidth, newWidth));
        }
    }

    /// <summary>Bicubic (a = -0.75) without aligned corners: what CLIP's position tables are resized with.</summary>
    public static void Bicubic(ReadOnlySpan<float> source, int channels, int height, int width, Span<float> destination,
        int newHeight, int newWidth)
    {
        CheckSizes(source, channels, height, width, destination, newHeight, newWidth);
        Taps rows = CubicTaps(height, newHeight), columns = CubicTaps(width, newWidth);
        float[] wide = new float[height * newWidth];
        for (int channel = 0; channel < channels; channel++)
        {
            ReadOnlySpan<float> map = source.Slice(channel * height * width, height * width);
            Span<float> result = destination.Slice(channel * newHeight * newWidth, newHeight * newWidth);
            for (int y = 0; y < height; y++)
            {
                for (int x = 0; x < newWidth; x++)
                {
                    float sum = 0;
                    for (int i = x * 4; i < x * 4 + 4; i++)
                        sum += columns.Weight[i] * map[y * width + columns.Index[i]];
                    wide[y * newWidth + x] = sum;
                }
            }
            for (int y = 0; y < newHeight; y++)
            {
                for (int x = 0; x < newWidth; x++)
                {
                    float sum = 0;
                    for (int i = y * 4; i < y * 4 + 4; i++)
                        sum += rows.Weight[i] * wide[rows.Index[i] * newWidth + x];
                    result[y * newWidth + x] = sum;
                }
            }
        }
    }

    /// <summary>Nearest in PyTorch's sense: the source position is i * in / out, rounded down.</summary>
    public static void Nearest(ReadOnlySpan<float> source, int channels, int height, int width, Span<float> destination,
        int newHeight, int newWidth)
    {
        CheckSizes(source, channels, height, width, destination, newHeight, newWidth);
        float scaleY = (float)height / newHeight, scaleX = (float)width / newWidth;
        for (int i = 0; i < channels * newHeight; i++)
        {
            int y = Math.Min((int)(i % newHeight * scaleY), height - 1);
            ReadOnlySpan<float> row = source.Slice((i / newHeight * height + y) * width, width);
            Span<float> target = destination.Slice(i * newWidth, newWidth);
            for (int x = 0; x < target.Length; x++) target[x] = row[Math.Min((int)(x * scaleX), width - 1)];
        }
    }

    /// <summary>For each output position the source positions it reads, and their weights.</summary>
    /// <param name="Size">How many source positions there are.</param>
    private sealed record Taps(int Size, int[] Index, float[] Weight);

    /// <summary>Four positions each; at the border the last pixel repeats.</summary>
    private static Taps CubicTaps(int size, int newSize)
    {
        int[] index = new int[newSize * 4];
        float[] weight = new float[newSize * 4];
        float step = (float)size / newSize;
        for (int i = 0; i < newSize; i++)
        {
            float at = (i + 0.5f) * step - 0.5f, before = MathF.Floor(at), t = at - before;
            for (int tap = 0; tap < 4; tap++)
            {
                index[i * 4 + tap] = Math.Clamp((int)before - 1 + tap, 0, size - 1);
                weight[i * 4 + tap] = Cubic(MathF.Abs(t + 1 - tap));
            }
        }
        return new(size, index, weight);
    }

    private static float Cubic(float d) => d <= 1
        ? ((CubicA + 2) * d - (CubicA + 3)) * d * d + 1
        : ((CubicA * d - 5 * CubicA) * d + 8 * CubicA) * d - 4 * CubicA;

    private static void CheckSizes(ReadOnlySpan<float> source, int channels, int height, int width,
        ReadOnlySpan<float> destination, int newHeight, int newWidth)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(newHeight, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(newWidth, 1);
        if (source.Length != (long)channels * height * width)
            throw new ArgumentException($"[{channels}, {height}, {width}] is not the shape of {source.Length} values.");
        if (destination.Length != (long)channels * newHeight * newWidth)
        {
            throw new ArgumentException(
                $"[{channels}, {newHeight}, {newWidth}] is not the shape of {destination.Length} values.");
        }
    }
}
