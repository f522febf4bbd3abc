using System.Numerics;
using System.Runtime.InteropServices;
using ClipSeg.Numerics;

namespace ClipSeg.Imaging;

/// <summary>How far it is from each pixel to the nearest one of a kind, between their centres.</summary>
/// <remarks>
/// Felzenszwalb and Huttenlocher, "Distance Transforms of Sampled Functions", 2012, with whole numbers for where a
/// parabola begins, as in Meijster, Roerdink and Hesselink 2000.
/// </remarks>
internal static class DistanceTransform
{
    private const int LeastColumns = 256, LeastRows = 16;       // that are worth another thread

    /// <summary>
    /// [height, width]: squared Euclidean distances, 0 on the pixels that are looked for, infinity if there are none.
    /// Exact up to 4096 pixels, the float nearest to the exact value beyond.
    /// </summary>
    /// <param name="set">Whether pixels above 0.5 are looked for, or the others.</param>
    public static float[] Squared(Mask mask, bool set)
    {
        (int width, int height) = (mask.Width, mask.Height);
        float[] distances = GC.AllocateUninitializedArray<float>(mask.Values.Length);
        Workers.Split(width, LeastColumns, (first, last) =>
        {
            Span<float> above = default;
            for (int y = 0; y < height; y++)
            {
                Span<float> row = distances.AsSpan(y * width + first, last - first);
                Down(mask.Values.AsSpan(y * width + first, row.Length), set, above, row);
                above = row;
            }
            for (int y = height - 2; y >= 0; y--)
                Up(distances.AsSpan((y + 1) * width + first, last - first), distances.AsSpan(y * width + first));
        });
        Workers.Split(height, LeastRows, (first, last) =>
        {
            LowerEnvelope envelope = new(width);
            for (int y = first; y < last; y++) envelope.AlongRow(distances.AsSpan(y * width, width));
        });
        return distances;
    }

    /// <summary>The distance, not squared, to the nearest one above in the same column.</summary>
    /// <param name="above">The row above, or nothing.</param>
    private static void Down(ReadOnlySpan<float> values, bool set, ReadOnlySpan<float> above, Span<float> row)
    {
        int x = 0;
        if (!above.IsEmpty)
        {
            Vector<float> half = new(0.5f);
            for (; x <= row.Length - Vector<float>.Count; x += Vector<float>.Count)
            {
                Vector<int> isSet = Vector.GreaterThan(new Vector<float>(values[x..]), half);
                Vector<float> further = new Vector<float>(above[x..]) + Vector<float>.One;
                (set ? Vector.ConditionalSelect(isSet, Vector<float>.Zero, further)
                    : Vector.ConditionalSelect(isSet, further, Vector<float>.Zero)).CopyTo(row[x..]);
            }
        }
        for (; x < row.Length; x++)
            row[x] = values[x] > 0.5f == set ? 0 : above.IsEmpty ? float.PositiveInfinity : above[x] + 1;
    }

    /// <summary>The same to the nearest one above or below.</summary>
    private static void Up(ReadOnlySpan<float> below, Span<float> row)
    {
        int x = 0;
        for (; x <= below.Length - Vector<float>.Count; x += Vector<float>.Count)
        {
            Vector<float> further = new Vector<float>(below[x..]) + Vector<float>.One;
            Vector.Min(new Vector<float>(row[x..]), further).CopyTo(row[x..]);
        }
        for (; x < below.Length; x++) row[x] = Math.Min(row[x], below[x] + 1);
    }

    /// <summary>Over each column stands a parabola; the lowest of them at a pixel is its squared distance.</summary>
    private sealed class LowerEnvelope(int width)
    {
        private readonly int[] _columns = new int[width];       // whose parabolas are lowest somewhere, from the left
        private readonly double[] _heights = new double[width]; // of their vertices
        private readonly int[] _starts = new int[width];        // the first pixels where they are

        /// <summary>From distances within columns to squared distances within all of the picture.</summary>
        public void AlongRow(Span<float> row)
        {
            // No parabola is lower than one of height 0 beyond that one: between two of those nothing else counts.
            for (int x = 0; x < row.Length;)
            {
                if (row[x] == 0)
                {
                    x++;
                    continue;
                }
                int gap = row[x..].IndexOf(0f), end = gap < 0 ? row.Length : x + gap;
                Between(row, Math.Max(0, x - 1), Math.Min(row.Length, end + 1));
                x = end;
            }
        }

        private void Between(Span<float> row, int first, int last)
        {
            int count = 0;
            for (int x = first; x < last; x++)
            {
                if (float.IsPositiveInfinity(row[x])) continue;
                double height = (double)row[x] * row[x];
                int start = first;
                while (count > 0 && (start = Overtakes(count - 1, x, height)) <= _starts[count - 1]) count--;
                if (count == 0) start = first;
                if (start >= last) continue;
                (_columns[count], _heights[count], _starts[count]) = (x, height, start);
                count++;
            }
            for (int k = 0; k < count; k++)
            {
                (int column, double height) = (_columns[k], _heights[k]);
                int end = k + 1 < count ? _starts[k + 1] : last;
                for (int x = _starts[k]; x < end; x++)
                {
                    double apart = x - column;
                    row[x] = (float)(height + apart * apart);
                }
            }
        }

        /// <summary>The first pixel where the new parabola, standing to the right, is lower than the k-th.</summary>
        private int Overtakes(int k, int x, double height)
        {
            double column = _columns[k];
            double crossing = (height + (double)x * x - _heights[k] - column * column) / (2 * (x - column));
            return (int)Math.Clamp(Math.Floor(crossing) + 1, -1, int.MaxValue);
        }
    }
}
