namespace ClipSeg.Imaging;

/// <summary>How far it is from each pixel to the nearest one of a kind, between their centres.</summary>
/// <remarks>Felzenszwalb and Huttenlocher, "Distance Transforms of Sampled Functions", 2012.</remarks>
internal static class DistanceTransform
{
    /// <summary>
    /// [height, width]: squared Euclidean distances, 0 on the pixels that are looked for, infinity if there are none.
    /// Exact up to 4096 pixels, the float nearest to the exact value beyond.
    /// </summary>
    /// <param name="set">Whether pixels above 0.5 are looked for, or the others.</param>
    public static float[] Squared(Mask mask, bool set)
    {
        float[] distances = new float[mask.Values.Length];
        AlongColumns(mask, set, distances);
        LowerEnvelope envelope = new(mask.Width);
        for (int y = 0; y < mask.Height; y++) envelope.AlongRow(distances.AsSpan(y * mask.Width, mask.Width));
        return distances;
    }

    /// <summary>The distance, not squared, within each column.</summary>
    private static void AlongColumns(Mask mask, bool set, Span<float> distances)
    {
        int width = mask.Width;
        for (int i = 0; i < distances.Length; i++)
        {
            float above = i < width ? float.PositiveInfinity : distances[i - width];
            distances[i] = mask.Values[i] > 0.5f == set ? 0 : above + 1;
        }
        for (int i = distances.Length - width - 1; i >= 0; i--)
            distances[i] = Math.Min(distances[i], distances[i + width] + 1);
    }

    /// <summary>Over each column stands a parabola; the lowest of them at a pixel is its squared distance.</summary>
    private sealed class LowerEnvelope(int width)
    {
        private readonly int[] _columns = new int[width];       // whose parabolas are lowest somewhere, from the left
        private readonly double[] _heights = new double[width]; // of their vertices
        private readonly double[] _starts = new double[width];  // where they begin to be the lowest

        public void AlongRow(Span<float> row)
        {
            int count = 0;
            for (int x = 0; x < row.Length; x++)
            {
                if (float.IsPositiveInfinity(row[x])) continue;
                double height = (double)row[x] * row[x], start = double.NegativeInfinity;
                while (count > 0 && (start = Crossing(count - 1, x, height)) <= _starts[count - 1]) count--;
                if (count == 0) start = double.NegativeInfinity;
                (_columns[count], _heights[count], _starts[count]) = (x, height, start);
                count++;
            }
            if (count == 0) return;
            for (int x = 0, k = 0; x < row.Length; x++)
            {
                while (k + 1 < count && _starts[k + 1] < x) k++;
                double apart = x - _columns[k];
                row[x] = (float)(_heights[k] + apart * apart);
            }
        }

        /// <summary>From where on the new parabola, which stands to the right, is lower than the k-th.</summary>
        private double Crossing(int k, int x, double height)
        {
            double column = _columns[k];
            return (height + (double)x * x - _heights[k] - column * column) / (2 * (x - column));
        }
    }
}
