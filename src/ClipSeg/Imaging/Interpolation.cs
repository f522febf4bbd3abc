using System.Numerics;
using System.Runtime.InteropServices;

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
        Taps rows = LinearTaps(height, newHeight, alignCorners), columns = LinearTaps(width, newWidth, alignCorners);
        for (int channel = 0; channel < channels; channel++)
        {
            LinearRows(source.Slice(channel * height * width, height * width), rows, columns,
                destination.Slice(channel * newHeight * newWidth, newHeight * newWidth), 0, newHeight);
        }
    }

    /// <summary>Some rows of one map, without aligned corners, as <see cref="Bilinear"/> has them.</summary>
    /// <param name="destination">[newHeight, newWidth], of which the others stay as they are.</param>
    /// <param name="first">The first of the rows.</param>
    /// <param name="end">One behind the last.</param>
    public static void BilinearRows(ReadOnlySpan<float> source, int height, int width,
        Span<float> destination, int newHeight, int newWidth, int first, int end)
    {
        CheckSizes(source, 1, height, width, destination, newHeight, newWidth);
        LinearRows(source, LinearTaps(height, newHeight, false), LinearTaps(width, newWidth, false), destination, first,
            end);
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

    /// <summary>One position each: the one before; the weight is that of the one after.</summary>
    private static Taps LinearTaps(int size, int newSize, bool alignCorners)
    {
        int[] index = new int[newSize];
        float[] weight = new float[newSize];
        float step = alignCorners ? (newSize > 1 ? (size - 1f) / (newSize - 1) : 0) : (float)size / newSize;
        for (int i = 0; i < newSize; i++)
        {
            float at = alignCorners ? i * step : Math.Max((i + 0.5f) * step - 0.5f, 0);
            index[i] = Math.Min((int)at, size - 1);
            weight[i] = index[i] == size - 1 ? 0 : at - index[i];
        }
        return new(size, index, weight);
    }

    private static void LinearRows(
        ReadOnlySpan<float> map, Taps rows, Taps columns, Span<float> destination, int first, int end)
    {
        int newWidth = columns.Index.Length;
        int width = columns.Size, height = rows.Size;

        // The two source rows around an output row, already at the new width; the next row often needs the same.
        float[] upper = new float[newWidth], lower = new float[newWidth];
        int upperRow = -1, lowerRow = -1;
        for (int y = first; y < end; y++)
        {
            int row = rows.Index[y], below = Math.Min(row + 1, height - 1);
            if (upperRow != row && lowerRow == row)
                (upper, lower, upperRow, lowerRow) = (lower, upper, lowerRow, upperRow);
            if (upperRow != row) LinearRow(map.Slice(row * width, width), columns, upper);
            if (lowerRow != below) LinearRow(map.Slice(below * width, width), columns, lower);
            (upperRow, lowerRow) = (row, below);
            Blend(upper, lower, rows.Weight[y], destination.Slice(y * newWidth, newWidth));
        }
    }

    private static void LinearRow(ReadOnlySpan<float> row, Taps taps, Span<float> result)
    {
        int last = row.Length - 1;
        for (int x = 0; x < result.Length; x++)
        {
            int left = taps.Index[x];
            float value = row[left];
            result[x] = value + taps.Weight[x] * (row[Math.Min(left + 1, last)] - value);
        }
    }

    private static void Blend(ReadOnlySpan<float> upper, ReadOnlySpan<float> lower, float weight, Span<float> result)
    {
        ReadOnlySpan<Vector<float>> upperVectors = MemoryMarshal.Cast<float, Vector<float>>(upper);
        ReadOnlySpan<Vector<float>> lowerVectors = MemoryMarshal.Cast<float, Vector<float>>(lower);
        Span<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(result);
        for (int i = 0; i < vectors.Length; i++)
            vectors[i] = upperVectors[i] + weight * (lowerVectors[i] - upperVectors[i]);
        for (int i = vectors.Length * Vector<float>.Count; i < result.Length; i++)
            result[i] = upper[i] + weight * (lower[i] - upper[i]);
    }

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
