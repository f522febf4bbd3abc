using ClipSeg.Imaging;
using FsCheck.Xunit;

namespace ClipSeg.Tests.Imaging;

public sealed class GuidedFilterTests
{
    [Fact]
    public void A_blurred_edge_moves_to_the_edge_of_the_picture()
    {
        Mask soft = new(8, 1, [0, 0, 0.2f, 0.4f, 0.6f, 0.8f, 1, 1]);
        Mask sharp = soft.GuidedFilter(Grey(8, 1, [0, 0, 0, 0, 255, 255, 255, 255]), 4, 1e-4f);
        Assert.All(sharp.Values[..4], v => Assert.InRange(v, 0, 0.25f));
        Assert.All(sharp.Values[4..], v => Assert.InRange(v, 0.75f, 1));
    }

    [Fact]
    public void On_a_flat_picture_it_is_the_mean_of_means()
    {
        Mask mask = new(3, 1, [0, 0, 1]);
        // Windows of two, three and two pixels: means of 0, 1/3 and 1/2.
        float[] expected = [1 / 6f, 5 / 18f, 5 / 12f];
        Assert.Equal(expected, mask.GuidedFilter(Grey(3, 1, [9, 9, 9]), 1, 0.01f).Values, Near);
    }

    [Property(Arbitrary = [typeof(SmallMasks)])]
    public void It_is_what_the_paper_defines(Mask mask, byte seed)
    {
        byte[] levels = new byte[mask.Values.Length];
        new Random(seed).NextBytes(levels);
        int radius = 1 + seed % 5;
        Mask filtered = mask.GuidedFilter(Grey(mask.Width, mask.Height, levels), radius, 0.01f);

        double[] guide = [.. levels.Select(l => l / 255.0)];
        (double A, double B)[] lines = Lines(mask, guide, radius);
        float[] expected = [.. lines.Select((line, i) => (float)Math.Clamp(line.A * guide[i] + line.B, 0, 1))];
        Assert.Equal(expected, filtered.Values, Near);
    }

    [Theory]
    [InlineData(8, 2, 4)]
    [InlineData(15, 3, 5)]
    public void With_a_large_radius_lines_are_of_means_and_interpolated(int radius, int side, int reach)
    {
        const int Width = 40, Height = 31;
        byte[] levels = new byte[Width * Height];
        new Random(7).NextBytes(levels);
        Mask mask = new(Width, Height, [.. levels.Select((l, i) => i % Width > 17 ? 0.9f : l / 400f)]);
        Mask filtered = mask.GuidedFilter(Grey(Width, Height, levels), radius, 0.01f);

        int width = (Width + side - 1) / side, height = (Height + side - 1) / side;
        Mask small = new(width, height, [.. Means(i => mask.Values[i])]);
        (double A, double B)[] lines = Lines(small, [.. Means(i => levels[i] / 255f).Select(l => (double)l)], reach);
        float[] expected = [.. levels.Select((level, i) =>
        {
            double x = Math.Clamp((i % Width + 0.5) / side - 0.5, 0, width - 1);
            double y = Math.Clamp((i / Width + 0.5) / side - 0.5, 0, height - 1);
            return (float)Math.Clamp(Between(line => line.A, x, y) * level / 255 + Between(line => line.B, x, y), 0, 1);
        })];
        Assert.Equal(expected, filtered.Values, Near);

        IEnumerable<float> Means(Func<int, float> value) => Enumerable.Range(0, width * height).Select(block =>
            Enumerable.Range(0, Width * Height).Where(i =>
                i % Width / side == block % width && i / Width / side == block / width).Average(value));

        double Between(Func<(double A, double B), double> of, double x, double y)
        {
            (int left, int top) = ((int)x, (int)y);
            (int right, int bottom) = (Math.Min(left + 1, width - 1), Math.Min(top + 1, height - 1));
            double upper = of(lines[top * width + left]) * (1 - x + left) + of(lines[top * width + right]) * (x - left);
            double lower = of(lines[bottom * width + left]) * (1 - x + left)
                + of(lines[bottom * width + right]) * (x - left);
            return upper * (1 - y + top) + lower * (y - top);
        }
    }

    [Fact]
    public void Without_a_radius_it_is_a_64th_of_the_longer_side()
    {
        Image picture = RandomPictures.Image(new(3), 70, 260);
        Mask mask = new(70, 260, [.. Enumerable.Range(0, 70 * 260).Select(i => i % 70 > 30 ? 0.8f : 0.1f)]);
        Assert.Equal(mask.GuidedFilter(picture, 4, 1e-3f).Values, mask.GuidedFilter(picture).Values);
        Mask point = new(1, 1, [0.5f]);
        Assert.Equal(0.5f, point.GuidedFilter(new(1, 1))[0, 0], 1e-6f);
    }

    [Fact]
    public void A_guide_serves_several_masks_and_may_write_over_them()
    {
        Image picture = RandomPictures.Image(new(4), 90, 61);
        Guide guide = new(picture, 9);
        foreach (float part in (float[])[0.3f, 0.6f])
        {
            Mask mask = new(90, 61, [.. Enumerable.Range(0, 90 * 61).Select(i => i % 90 > 90 * part ? 0.8f : 0.1f)]);
            float[] expected = mask.GuidedFilter(picture, 9).Values;
            Assert.Same(mask, guide.Filter(mask, mask));
            Assert.Equal(expected, mask.Values);
        }
    }

    [Fact]
    public void What_cannot_be_filtered_is_an_error()
    {
        Mask mask = new(2, 2);
        Assert.Contains("3x2, expected the mask's size, 2x2",
            Assert.Throws<ArgumentException>(() => mask.GuidedFilter(new(3, 2), 1, 0.01f)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => mask.GuidedFilter(new(2, 2), 0, 0.01f));
        Assert.Throws<ArgumentException>(() => mask.GuidedFilter(new(2, 2), 1, 0));
    }

    /// <summary>For each pixel the mean of the lines of all windows that it is in.</summary>
    private static (double A, double B)[] Lines(Mask mask, double[] guide, int radius)
    {
        int[][] windows = [.. guide.Select((_, i) => Window(mask, i, radius))];
        (double A, double B)[] lines = [.. windows.Select(w =>
        {
            double mean = w.Average(i => guide[i]), value = w.Average(i => mask.Values[i]);
            double a = w.Average(i => (guide[i] - mean) * (mask.Values[i] - value))
                / (w.Average(i => Math.Pow(guide[i] - mean, 2)) + 0.01);
            return (a, value - a * mean);
        })];
        return [.. windows.Select(w => (w.Average(k => lines[k].A), w.Average(k => lines[k].B)))];
    }

    private static bool Near(float a, float b) => Math.Abs(a - b) < 1e-4f;

    private static Image Grey(int width, int height, byte[] levels)
        => new(width, height, [.. levels.SelectMany(l => new[] { l, l, l })]);

    private static int[] Window(Mask mask, int at, int radius)
        => [.. Enumerable.Range(0, mask.Values.Length).Where(i =>
            Math.Abs(i % mask.Width - at % mask.Width) <= radius
            && Math.Abs(i / mask.Width - at / mask.Width) <= radius)];
}
