namespace ClipSeg.Imaging;

/// <content>Edges that follow the picture's.</content>
public sealed partial class Mask
{
    /// <summary>
    /// This mask with its edges moved to those of the picture: in each square window it is fitted by a straight line
    /// over the picture's brightness, and a pixel's value is the mean of what its windows' lines say, within [0, 1].
    /// </summary>
    /// <remarks>
    /// He, Sun and Tang, "Guided Image Filtering", 2013, with a grey guide I (luma by 0.299, 0.587, 0.114, in [0, 1]):
    /// a = cov(I, mask) / (var(I) + epsilon), b = mean(mask) - a mean(I), value = mean(a) I + mean(b). Windows end at
    /// the border of the picture. Time does not depend on the radius.
    /// </remarks>
    /// <param name="picture">Of this mask's size.</param>
    /// <param name="radius">A window has 2 radius + 1 pixels a side; at least 1.</param>
    /// <param name="epsilon">Above 0; windows whose brightness varies less than this (a variance) are smoothed.</param>
    public Mask GuidedFilter(Image picture, int radius, float epsilon)
    {
        if ((picture.Width, picture.Height) != (Width, Height))
        {
            throw new ArgumentException(
                $"The picture is {picture.Width}x{picture.Height}, expected the mask's size, {Width}x{Height}.");
        }
        ArgumentOutOfRangeException.ThrowIfLessThan(radius, 1);
        if (!(epsilon > 0)) throw new ArgumentException($"Epsilon is above 0, got {epsilon}.");

        radius = Math.Min(radius, Math.Max(Width, Height));
        float[] guide = Brightness(picture), product = new float[guide.Length];
        for (int i = 0; i < product.Length; i++) product[i] = guide[i] * Values[i];
        float[] a = WindowMeans(product, radius);
        for (int i = 0; i < product.Length; i++) product[i] = guide[i] * guide[i];
        float[] square = WindowMeans(product, radius);
        float[] mean = WindowMeans(guide, radius), b = WindowMeans(Values, radius);
        for (int i = 0; i < a.Length; i++)
        {
            float variance = Math.Max(0, square[i] - mean[i] * mean[i]);
            a[i] = (a[i] - mean[i] * b[i]) / (variance + epsilon);
            b[i] -= a[i] * mean[i];
        }

        (a, b) = (WindowMeans(a, radius), WindowMeans(b, radius));
        for (int i = 0; i < a.Length; i++) a[i] = Math.Clamp(a[i] * guide[i] + b[i], 0, 1);
        return new(Width, Height, a);
    }

    private static float[] Brightness(Image picture)
    {
        float[] grey = new float[picture.Width * picture.Height];
        ReadOnlySpan<byte> rgb = picture.Pixels;
        for (int i = 0; i < grey.Length; i++)
            grey[i] = (0.299f * rgb[3 * i] + 0.587f * rgb[3 * i + 1] + 0.114f * rgb[3 * i + 2]) / 255;
        return grey;
    }

    /// <summary>Over the window around each pixel, as far as it is in the picture: sums that move along.</summary>
    private float[] WindowMeans(float[] values, int radius)
    {
        float[] means = new float[values.Length];
        double[] columns = new double[Width];       // sums over the rows of the window
        int right = Math.Min(radius, Width), bottom = Math.Min(radius, Height);
        for (int y = 0; y < bottom; y++) Add(values, y, columns, 1);
        for (int y = 0; y < Height; y++)
        {
            if (y + radius < Height) Add(values, y + radius, columns, 1);
            if (y - radius > 0) Add(values, y - radius - 1, columns, -1);
            int rows = Math.Min(y + radius, Height - 1) - Math.Max(y - radius, 0) + 1;

            double sum = 0;
            for (int x = 0; x < right; x++) sum += columns[x];
            for (int x = 0; x < Width; x++)
            {
                if (x + radius < Width) sum += columns[x + radius];
                if (x - radius > 0) sum -= columns[x - radius - 1];
                int across = Math.Min(x + radius, Width - 1) - Math.Max(x - radius, 0) + 1;
                means[y * Width + x] = (float)(sum / (rows * across));
            }
        }
        return means;
    }

    private void Add(float[] values, int y, double[] columns, double sign)
    {
        ReadOnlySpan<float> row = values.AsSpan(y * Width, Width);
        for (int x = 0; x < row.Length; x++) columns[x] += sign * row[x];
    }
}
