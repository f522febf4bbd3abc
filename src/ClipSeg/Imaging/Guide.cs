using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using ClipSeg.Numerics;

namespace ClipSeg.Imaging;

/// <summary>A picture whose edges masks are moved to: what a guided filter needs of it, once for all masks.</summary>
/// <remarks>The filter is that of <see cref="Mask.GuidedFilter"/>. Safe to use from several threads.</remarks>
internal sealed class Guide
{
    /// <summary>Windows whose brightness varies less than this (a variance) are smoothed.</summary>
    public const float UsualEpsilon = 1e-3f;

    private const int SidesInRadius = 64, BlocksInRadius = 4;
    private const int LeastRows = 16;       // that are worth another thread

    private readonly Image _picture;
    private readonly float _epsilon;
    private readonly int _side, _reach;     // of a block in pixels, of a window in blocks
    private readonly int _width, _height;   // in blocks
    private readonly float[] _light, _mean, _variance;  // brightness: of blocks, and in the windows around them

    /// <param name="picture">Is not to change.</param>
    /// <param name="radius">Of a window in pixels, at least 1; null for a 64th of the longer side.</param>
    /// <param name="epsilon">Above 0.</param>
    public Guide(Image picture, int? radius = null, float epsilon = UsualEpsilon)
    {
        int longer = Math.Max(picture.Width, picture.Height);
        int reach = radius ?? Math.Max(1, longer / SidesInRadius);
        ArgumentOutOfRangeException.ThrowIfLessThan(reach, 1, nameof(radius));
        if (!(epsilon > 0)) throw new ArgumentException($"Epsilon is above 0, got {epsilon}.");
        reach = Math.Min(reach, longer);
        (_picture, _epsilon) = (picture, epsilon);
        _side = Math.Max(1, reach / BlocksInRadius);
        _reach = (int)Math.Round((double)reach / _side);
        _width = (picture.Width + _side - 1) / _side;
        _height = (picture.Height + _side - 1) / _side;

        _light = BlockMeans((y, room) =>
        {
            Brightness(y, room);
            return room;
        });
        _mean = WindowMeans(_light);
        _variance = WindowMeans(Product(_light, _light));
        for (int i = 0; i < _mean.Length; i++) _variance[i] = Math.Max(0, _variance[i] - _mean[i] * _mean[i]);
    }

    /// <summary>What it keeps beside the picture.</summary>
    public long Bytes => 3L * _light.Length * sizeof(float);

    /// <summary>Moves a mask's edges.</summary>
    /// <param name="mask">Of the picture's size.</param>
    /// <param name="result">The same, to be filled in; may be the mask itself.</param>
    public Mask Filter(Mask mask, Mask result)
    {
        if ((_picture.Width, _picture.Height) != (mask.Width, mask.Height))
        {
            throw new ArgumentException($"The picture is {_picture.Width}x{_picture.Height}, expected the mask's size, "
                + $"{mask.Width}x{mask.Height}.");
        }
        float[] values = BlockMeans((y, _) => mask.Values.AsSpan(y * mask.Width, mask.Width));
        float[] a = WindowMeans(Product(_light, values)), b = WindowMeans(values);
        for (int i = 0; i < a.Length; i++)
        {
            a[i] = (a[i] - _mean[i] * b[i]) / (_variance[i] + _epsilon);
            b[i] -= a[i] * _mean[i];
        }
        Lines(WindowMeans(a), WindowMeans(b), result);
        return result;
    }

    /// <summary>What the lines, interpolated between blocks, say of each pixel's brightness, within [0, 1].</summary>
    private void Lines(float[] slopes, float[] offsets, Mask result)
    {
        (int width, int height) = (_picture.Width, _picture.Height);
        LinearTaps columns = new(_width, width, Place), rows = new(_height, height, Place);
        Workers.Split(height, LeastRows, (first, last) =>
        {
            LinearRows slope = new(slopes, rows, columns), offset = new(offsets, rows, columns);
            float[] a = new float[width], b = new float[width], light = new float[width];
            for (int y = first; y < last; y++)
            {
                slope.Read(y, a);
                offset.Read(y, b);
                Brightness(y, light);
                Span<float> row = result.Values.AsSpan(y * width, width);
                TensorPrimitives.MultiplyAdd(a, light, b, row);
                TensorPrimitives.Clamp(row, 0, 1, row);
            }
        });
    }

    /// <summary>Where a pixel's centre is, in blocks' centres.</summary>
    private float Place(int pixel) => (pixel + 0.5f) / _side - 0.5f;

    /// <summary>The brightness of a row of pixels, in [0, 1].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Brightness(int y, Span<float> row)
    {
        ReadOnlySpan<byte> rgb = _picture.Pixels.AsSpan(3 * y * row.Length, 3 * row.Length);
        for (int x = 0; x < row.Length; x += Vector128<float>.Count)
        {
            RgbaPixels.Channels(rgb[(3 * x)..], out Vector128<float> r, out Vector128<float> g, out Vector128<float> b);
            Vector128<float> light = (0.299f * r + 0.587f * g + 0.114f * b) / 255;
            if (x + Vector128<float>.Count <= row.Length) light.CopyTo(row[x..]);
            else for (int i = 0; x + i < row.Length; i++) row[x + i] = light[i];
        }
    }

    /// <summary>The means of square blocks; those at the right and at the bottom may be smaller.</summary>
    /// <param name="read">A row of pixels' values.</param>
    private float[] BlockMeans(PixelRow read)
    {
        (int width, int height) = (_picture.Width, _picture.Height);
        float[] means = new float[_width * _height];
        Workers.Split(_height, LeastRows, (first, last) =>
        {
            float[] room = new float[width], sums = new float[width];
            for (int block = first; block < last; block++)
            {
                int top = block * _side, bottom = Math.Min(height, top + _side);
                sums.AsSpan().Clear();
                for (int y = top; y < bottom; y++) TensorPrimitives.Add(sums, read(y, room), sums);
                for (int column = 0; column < _width; column++)
                {
                    int left = column * _side, right = Math.Min(width, left + _side);
                    float sum = 0;
                    for (int x = left; x < right; x++) sum += sums[x];
                    means[block * _width + column] = sum / ((bottom - top) * (right - left));
                }
            }
        });
        return means;
    }

    private static float[] Product(float[] x, float[] y)
    {
        float[] product = new float[x.Length];
        TensorPrimitives.Multiply(x, y, product);
        return product;
    }

    /// <summary>Over the window around each block, as far as there are blocks: sums that move along.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private float[] WindowMeans(float[] values)
    {
        int radius = _reach;
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Add(float[] values, int y, double[] columns, double sign)
    {
        ReadOnlySpan<float> row = values.AsSpan(y * _width, _width);
        for (int x = 0; x < row.Length; x++) columns[x] += sign * row[x];
    }

    /// <summary>Values of a row of pixels: as they lie somewhere, or worked out in the room given.</summary>
    private delegate ReadOnlySpan<float> PixelRow(int y, float[] room);
}
