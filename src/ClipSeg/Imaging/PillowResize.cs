using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ClipSeg.Numerics;

namespace ClipSeg.Imaging;

/// <summary>
/// Resizes 8-bit samples to the exact result of Pillow, on which the reference preprocessing stands (formats.md,
/// section 11): weights in double, rounded to 22 fraction bits; one axis after the other, rounded to 8 bits in between.
/// </summary>
internal static class PillowResize
{
    private const int FractionBits = ResizeTaps.FractionBits, Half = 1 << (FractionBits - 1);
    private const int RowGrain = 32;        // rows that are worth another thread

    /// <summary>[height, width, channels] to [newHeight, newWidth, channels]; a copy where the size stays.</summary>
    public static byte[] Resize(byte[] source, int channels, int height, int width, int newHeight,
        int newWidth, Resample filter)
    {
        if (filter == Resample.Nearest) return Nearest(source, channels, height, width, newHeight, newWidth);
        if ((newHeight, newWidth) == (height, width)) return (byte[])source.Clone();

        bool verticalFirst = height > 100L * width && newHeight < height;
        int rows = verticalFirst ? newHeight : height;
        if (rows != height) source = Vertical(source, channels * width, new(height, newHeight, filter));
        if (newWidth != width) source = Horizontal(source, channels, rows, new(width, newWidth, filter));
        if (newHeight != rows) source = Vertical(source, channels * newWidth, new(height, newHeight, filter));
        return source;
    }

    private static byte[] Nearest(ReadOnlySpan<byte> source, int channels, int height, int width, int newHeight,
        int newWidth)
    {
        byte[] result = new byte[checked(newHeight * newWidth * channels)];
        int[] columns = NearestIndices(width, newWidth), rows = NearestIndices(height, newHeight);
        for (int y = 0, to = 0; y < newHeight; y++)
        {
            ReadOnlySpan<byte> row = source.Slice(rows[y] * width * channels, width * channels);
            for (int x = 0; x < newWidth; x++, to += channels)
                row.Slice(columns[x] * channels, channels).CopyTo(result.AsSpan(to));
        }
        return result;
    }

    // Pillow adds the step up rather than multiply, and its roundings decide ties.
    private static int[] NearestIndices(int size, int newSize)
    {
        int[] indices = new int[newSize];
        double step = (double)size / newSize, at = step * 0.5;
        for (int i = 0; i < newSize; i++, at += step) indices[i] = Math.Min((int)at, size - 1);
        return indices;
    }

    private static byte[] Horizontal(byte[] source, int channels, int height, ResizeTaps taps)
    {
        byte[] result = new byte[checked(height * taps.NewSize * channels)];
        RgbTaps? fast = channels == 3 && RgbTaps.AreSupported ? new(taps) : null;
        int stride = taps.Size * channels, newStride = taps.NewSize * channels;
        Workers.Split(height, RowGrain, (start, end) =>
        {
            int y = start;
            for (; fast is not null && fast.CanRead(source.Length - y * stride, end - y); y += RgbTaps.Rows)
                fast.Apply(source.AsSpan(y * stride), result.AsSpan(y * newStride));
            for (; y < end; y++)
                HorizontalScalar(source.AsSpan(y * stride, stride), result.AsSpan(y * newStride), channels, taps);
        });
        return result;
    }

    /// <summary>The definition: one row.</summary>
    private static void HorizontalScalar(ReadOnlySpan<byte> row, Span<byte> result, int channels, ResizeTaps taps)
    {
        for (int x = 0, to = 0; x < taps.NewSize; x++)
        {
            ReadOnlySpan<int> weights = taps.Weights(x);
            ReadOnlySpan<byte> pixels = row[(taps.First(x) * channels)..];
            for (int channel = 0; channel < channels; channel++)
            {
                int sum = Half;
                for (int i = 0; i < weights.Length; i++) sum += pixels[i * channels + channel] * weights[i];
                result[to++] = Sample(sum);
            }
        }
    }

    private static byte[] Vertical(byte[] source, int stride, ResizeTaps taps)
    {
        byte[] result = new byte[checked(taps.NewSize * stride)];
        Workers.Split(taps.NewSize, RowGrain, (start, end) =>
        {
            int[] sums = new int[stride];
            for (int y = start; y < end; y++)
            {
                sums.AsSpan().Fill(Half);
                ReadOnlySpan<int> weights = taps.Weights(y);
                for (int i = 0; i < weights.Length; i++)
                    AddScaled(source.AsSpan((taps.First(y) + i) * stride, stride), weights[i], sums);
                Span<byte> target = result.AsSpan(y * stride, stride);
                for (int x = 0; x < sums.Length; x++) target[x] = Sample(sums[x]);
            }
        });
        return result;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddScaled(ReadOnlySpan<byte> row, int weight, Span<int> sums)
    {
        ReadOnlySpan<Vector<byte>> bytes = MemoryMarshal.Cast<byte, Vector<byte>>(row);
        Span<Vector<int>> vectors = MemoryMarshal.Cast<int, Vector<int>>(sums);
        for (int i = 0; i < bytes.Length; i++)
        {
            Vector.Widen(bytes[i], out Vector<ushort> low, out Vector<ushort> high);
            Vector.Widen(low, out Vector<uint> a, out Vector<uint> b);
            Vector.Widen(high, out Vector<uint> c, out Vector<uint> d);
            Span<Vector<int>> four = vectors.Slice(4 * i, 4);
            four[0] += a.As<uint, int>() * weight;
            four[1] += b.As<uint, int>() * weight;
            four[2] += c.As<uint, int>() * weight;
            four[3] += d.As<uint, int>() * weight;
        }
        for (int x = bytes.Length * Vector<byte>.Count; x < row.Length; x++) sums[x] += row[x] * weight;
    }

    private static byte Sample(int sum) => (byte)Math.Clamp(sum >> FractionBits, 0, 255);
}
