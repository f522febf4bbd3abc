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
        int[][] windows = [.. guide.Select((_, i) => Window(mask, i, radius))];
        (double A, double B)[] lines = [.. windows.Select(w =>
        {
            double mean = w.Average(i => guide[i]), value = w.Average(i => mask.Values[i]);
            double a = w.Average(i => (guide[i] - mean) * (mask.Values[i] - value))
                / (w.Average(i => Math.Pow(guide[i] - mean, 2)) + 0.01);
            return (a, value - a * mean);
        })];
        float[] expected = [.. windows.Select((w, i) =>
            (float)Math.Clamp(w.Average(k => lines[k].A) * guide[i] + w.Average(k => lines[k].B), 0, 1))];
        Assert.Equal(expected, filtered.Values, Near);
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

    private static bool Near(float a, float b) => Math.Abs(a - b) < 1e-4f;

    private static Image Grey(int width, int height, byte[] levels)
        => new(width, height, [.. levels.SelectMany(l => new[] { l, l, l })]);

    private static int[] Window(Mask mask, int at, int radius)
        => [.. Enumerable.Range(0, mask.Values.Length).Where(i =>
            Math.Abs(i % mask.Width - at % mask.Width) <= radius
            && Math.Abs(i / mask.Width - at / mask.Width) <= radius)];
}
