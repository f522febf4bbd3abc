using ClipSeg.Numerics;

namespace ClipSeg.Imaging;

/// <summary>
/// The lines of a guided filter: for each block of pixels what the mask is, on average, as a line over brightness.
/// </summary>
internal sealed class GuidedLines
{
    private const int BlocksInRadius = 4;
    private const int LeastRows = 16;       // that are worth another thread

    private readonly int _side;             // of a block, in pixels
    private readonly int _width, _height;   // in blocks
    private readonly float[] _slopes, _offsets;

    /// <param name="mask">What the lines give.</param>
    /// <param name="picture">What they are over; of the same size.</param>
    /// <param name="radius">Of a window, in pixels.</param>
    /// <param name="epsilon">Added to the variance in a window.</param>
    public GuidedLines(Mask mask, Image picture, int radius, float epsilon)
    {
        _side = Math.Max(1, radius / BlocksInRadius);
        _width = (mask.Width + _side - 1) / _side;
        _height = (mask.Height + _side - 1) / _side;
        int reach = (int)Math.Round((double)radius / _side);

        float[] guide = new float[_width * _height], values = new float[guide.Length];
        float[] product = new float[guide.Length];
        Workers.Split(_height, LeastRows, (first, last) =>
        {
            for (int y = first; y < last; y++) Average(mask, picture, y, guide, values);
        });
        for (int i = 0; i < product.Length; i++) product[i] = guide[i] * values[i];
        float[] a = WindowMeans(product, reach);
        for (int i = 0; i < product.Length; i++) product[i] = guide[i] * guide[i];
        float[] square = WindowMeans(product, reach);
        float[] mean = WindowMeans(guide, reach), b = WindowMeans(values, reach);
        for (int i = 0; i < a.Length; i++)
        {
            float variance = Math.Max(0, square[i] - mean[i] * mean[i]);
            a[i] = (a[i] - mean[i] * b[i]) / (variance + epsilon);
            b[i] -= a[i] * mean[i];
        }
        (_slopes, _offsets) = (WindowMeans(a, reach), WindowMeans(b, reach));
    }

    /// <summary>What the lines, interpolated between blocks, say of each pixel's brightness, within [0, 1].</summary>
    public Mask Apply(Mask mask, Image picture)
    {
        float[] values = GC.AllocateUninitializedArray<float>(mask.Values.Length);
        (int Block, float Weight)[] columns = [.. Enumerable.Range(0, mask.Width).Select(x => Between(x, _width))];
        Workers.Split(mask.Height, LeastRows, (first, last) =>
        {
            float[] a = new float[_width + 1], b = new float[_width + 1];
            for (int y = first; y < last; y++)
            {
                Row(_slopes, y, a);
                Row(_offsets, y, b);
                ReadOnlySpan<byte> rgb = picture.Pixels.AsSpan(3 * y * mask.Width, 3 * mask.Width);
                Span<float> row = values.AsSpan(y * mask.Width, mask.Width);
                for (int x = 0; x < row.Length; x++)
                {
                    (int left, float weight) = columns[x];
                    float slope = a[left] + weight * (a[left + 1] - a[left]);
                    float offset = b[left] + weight * (b[left + 1] - b[left]);
                    row[x] = Math.Clamp(slope * Brightness(rgb[(3 * x)..]) + offset, 0, 1);
                }
            }
        });
        return new(mask.Width, mask.Height, values);
    }

    private static float Brightness(ReadOnlySpan<byte> rgb)
        => (0.299f * rgb[0] + 0.587f * rgb[1] + 0.114f * rgb[2]) / 255;

    /// <summary>The means of a row of blocks; those at the right and at the bottom may be smaller.</summary>
    private void Average(Mask mask, Image picture, int row, float[] guide, float[] values)
    {
        int bottom = Math.Min(mask.Height, (row + 1) * _side);
        for (int column = 0; column < _width; column++)
        {
            int left = column * _side, right = Math.Min(mask.Width, left + _side);
            (double light, double value) = (0, 0);
            for (int y = row * _side; y < bottom; y++)
            {
                for (int i = y * mask.Width + left; i < y * mask.Width + right; i++)
                {
                    light += Brightness(picture.Pixels.AsSpan(3 * i, 3));
                    value += mask.Values[i];
                }
            }
            int pixels = (bottom - row * _side) * (right - left);
            guide[row * _width + column] = (float)(light / pixels);
            values[row * _width + column] = (float)(value / pixels);
        }
    }

    /// <summary>Which block's centre is before a pixel's, and how far it is from there to the next one's.</summary>
    private (int Block, float Weight) Between(int pixel, int blocks)
    {
        float place = Math.Clamp((pixel + 0.5f) / _side - 0.5f, 0, blocks - 1);
        return ((int)place, place - (int)place);
    }

    /// <summary>A row of pixels' values at the blocks' columns; the last of them twice.</summary>
    private void Row(float[] blocks, int y, float[] row)
    {
        (int above, float weight) = Between(y, _height);
        ReadOnlySpan<float> upper = blocks.AsSpan(above * _width, _width);
        ReadOnlySpan<float> lower = blocks.AsSpan(Math.Min(above + 1, _height - 1) * _width, _width);
        for (int x = 0; x < _width; x++) row[x] = upper[x] + weight * (lower[x] - upper[x]);
        row[_width] = row[_width - 1];
    }

    /// <summary>Over the window around each block, as far as there are blocks: sums that move along.</summary>
    private float[] WindowMeans(float[] values, int radius)
    {
        float[] means = new float[values.Length];
        double[] columns = new double[_width];      // sums over the rows of the window
        int right = Math.Min(radius, _width), bottom = Math.Min(radius, _height);
        for (int y = 0; y < bottom; y++) Add(values, y, columns, 1);
        for (int y = 0; y < _height; y++)
        {
            if (y + radius < _height) Add(values, y + radius, columns, 1);
            if (y - radius > 0) Add(values, y - radius - 1, columns, -1);
            int rows = Math.Min(y + radius, _height - 1) - Math.Max(y - radius, 0) + 1;

            double sum = 0;
            for (int x = 0; x < right; x++) sum += columns[x];
            for (int x = 0; x < _width; x++)
            {
                if (x + radius < _width) sum += columns[x + radius];
                if (x - radius > 0) sum -= columns[x - radius - 1];
                int across = Math.Min(x + radius, _width - 1) - Math.Max(x - radius, 0) + 1;
                means[y * _width + x] = (float)(sum / (rows * across));
            }
        }
        return means;
    }

    private void Add(float[] values, int y, double[] columns, double sign)
    {
        ReadOnlySpan<float> row = values.AsSpan(y * _width, _width);
        for (int x = 0; x < row.Length; x++) columns[x] += sign * row[x];
    }
}
