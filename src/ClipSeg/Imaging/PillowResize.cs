namespace ClipSeg.Imaging;

/// <summary>
/// Resizes 8-bit samples to the exact result of Pillow, on which the reference preprocessing stands (formats.md,
/// section 11): weights in double, rounded to 22 fraction bits; one axis after the other, rounded to 8 bits in between.
/// </summary>
internal static class PillowResize
{
    private const int FractionBits = 22;

    /// <summary>[height, width, channels] to [newHeight, newWidth, channels].</summary>
    public static byte[] Resize(ReadOnlySpan<byte> source, int channels, int height, int width, int newHeight,
        int newWidth, Resample filter)
    {
        if (filter == Resample.Nearest) return Nearest(source, channels, height, width, newHeight, newWidth);

        bool verticalFirst = height > 100L * width && newHeight < height;
        int rows = verticalFirst ? newHeight : height;
        if (rows != height) source = Vertical(source, channels * width, new(height, newHeight, filter));
        if (newWidth != width) source = Horizontal(source, channels, rows, new(width, newWidth, filter));
        if (newHeight != rows) source = Vertical(source, channels * newWidth, new(height, newHeight, filter));
        return source.ToArray();
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

    private static byte[] Horizontal(ReadOnlySpan<byte> source, int channels, int height, Taps taps)
    {
        int width = taps.Size, newWidth = taps.NewSize;
        byte[] result = new byte[checked(height * newWidth * channels)];
        for (int y = 0, to = 0; y < height; y++)
        {
            ReadOnlySpan<byte> row = source.Slice(y * width * channels, width * channels);
            for (int x = 0; x < newWidth; x++)
            {
                ReadOnlySpan<int> weights = taps.Weights(x);
                ReadOnlySpan<byte> pixels = row.Slice(taps.First(x) * channels, weights.Length * channels);
                if (channels == 3)
                {
                    int red = 1 << (FractionBits - 1), green = red, blue = red;
                    for (int i = 0, at = 0; i < weights.Length; i++, at += 3)
                    {
                        int weight = weights[i];
                        red += pixels[at] * weight;
                        green += pixels[at + 1] * weight;
                        blue += pixels[at + 2] * weight;
                    }
                    result[to++] = Sample(red);
                    result[to++] = Sample(green);
                    result[to++] = Sample(blue);
                    continue;
                }
                for (int channel = 0; channel < channels; channel++)
                {
                    int sum = 1 << (FractionBits - 1);
                    for (int i = 0; i < weights.Length; i++) sum += pixels[i * channels + channel] * weights[i];
                    result[to++] = Sample(sum);
                }
            }
        }
        return result;
    }

    private static byte[] Vertical(ReadOnlySpan<byte> source, int stride, Taps taps)
    {
        byte[] result = new byte[checked(taps.NewSize * stride)];
        int[] sums = new int[stride];
        for (int y = 0; y < taps.NewSize; y++)
        {
            sums.AsSpan().Fill(1 << (FractionBits - 1));
            ReadOnlySpan<int> weights = taps.Weights(y);
            for (int i = 0; i < weights.Length; i++)
            {
                ReadOnlySpan<byte> row = source.Slice((taps.First(y) + i) * stride, stride);
                int weight = weights[i];
                for (int x = 0; x < sums.Length; x++) sums[x] += row[x] * weight;
            }
            Span<byte> target = result.AsSpan(y * stride, stride);
            for (int x = 0; x < sums.Length; x++) target[x] = Sample(sums[x]);
        }
        return result;
    }

    private static byte Sample(int sum) => (byte)Math.Clamp(sum >> FractionBits, 0, 255);

    /// <summary>For every output position along one axis: the source positions it averages, weighted.</summary>
    private sealed class Taps
    {
        private readonly int[] _first, _count, _weights;
        private readonly int _most;

        public Taps(int size, int newSize, Resample filter)
        {
            (Size, NewSize) = (size, newSize);
            double scale = (double)size / newSize, stretch = Math.Max(scale, 1);
            double support = Support(filter) * stretch, shrink = 1 / stretch;
            _most = (int)Math.Ceiling(support) * 2 + 1;
            (_first, _count, _weights) = (new int[newSize], new int[newSize], new int[checked(newSize * _most)]);
            double[] weights = new double[_most];
            for (int i = 0; i < newSize; i++)
            {
                double centre = (i + 0.5) * scale, sum = 0;
                int first = Math.Max((int)(centre - support + 0.5), 0);
                int count = Math.Min((int)(centre + support + 0.5), size) - first;
                for (int j = 0; j < count; j++)
                {
                    weights[j] = Weight(filter, (j + first - centre + 0.5) * shrink);
                    sum += weights[j];
                }
                for (int j = 0; j < count; j++)
                {
                    double weight = (sum != 0 ? weights[j] / sum : weights[j]) * (1 << FractionBits);
                    _weights[i * _most + j] = (int)(weight + (weight < 0 ? -0.5 : 0.5));
                }
                (_first[i], _count[i]) = (first, count);
            }
        }

        public int Size { get; }

        public int NewSize { get; }

        public int First(int i) => _first[i];

        public ReadOnlySpan<int> Weights(int i) => _weights.AsSpan(i * _most, _count[i]);

        private static double Support(Resample filter) => filter switch
        {
            Resample.Box => 0.5,
            Resample.Bilinear => 1,
            Resample.Bicubic => 2,
            Resample.Lanczos => 3,
            _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, null),
        };

        private static double Weight(Resample filter, double x)
        {
            const double a = -0.5;
            double d = Math.Abs(x);
            return filter switch
            {
                Resample.Box => x is > -0.5 and <= 0.5 ? 1 : 0,
                Resample.Bilinear => d < 1 ? 1 - d : 0,
                Resample.Bicubic when d < 1 => ((a + 2) * d - (a + 3)) * d * d + 1,
                Resample.Bicubic => d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0,
                _ => x is >= -3 and < 3 ? Sinc(x) * Sinc(x / 3) : 0,
            };
        }

        private static double Sinc(double x) => x == 0 ? 1 : Math.Sin(x * Math.PI) / (x * Math.PI);
    }
}
