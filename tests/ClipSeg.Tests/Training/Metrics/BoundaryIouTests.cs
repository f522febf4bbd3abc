using ClipSeg.Imaging;
using ClipSeg.Training.Metrics;

namespace ClipSeg.Tests.Training.Metrics;

public sealed class BoundaryIouTests
{
    [Fact]
    public void Equal_masks_and_empty_ones_score_one_and_disjoint_ones_zero()
    {
        Mask square = Square(10, 10, 30), other = Square(60, 60, 30), empty = new(100, 100);
        Assert.Equal(1, BoundaryIou.Of(square, square, 0.5));
        Assert.Equal(1, BoundaryIou.Of(empty, empty, 0.5));
        Assert.Equal(0, BoundaryIou.Of(other, square, 0.5));
        Assert.Equal(0, BoundaryIou.Of(empty, square, 0.5));
    }

    [Fact]
    public void Only_the_band_along_the_edge_counts()
    {
        // 2 % of the diagonal of 100 x 100 is 3 pixels (2.8): a hole in the middle costs its own edge only.
        Mask square = Square(20, 20, 60), holed = Square(20, 20, 60);
        for (int y = 48; y < 52; y++) holed.Values.AsSpan(y * 100 + 48, 4).Clear();
        int ring = 60 * 60 - 54 * 54, hole = 10 * 10 - 4 * 4;
        Assert.Equal(ring / (double)(ring + hole), BoundaryIou.Of(holed, square, 0.5), 1e-12);
    }

    [Fact]
    public void The_picture_s_border_is_an_edge()
    {
        Mask all = new(100, 100), inner = Square(3, 3, 94);
        all.Values.AsSpan().Fill(1);
        int ring = 100 * 100 - 94 * 94, next = 94 * 94 - 88 * 88;
        Assert.Equal(0, BoundaryIou.Of(inner, all, 0.5));
        Assert.True(ring > next);
    }

    [Fact]
    public void The_threshold_decides_what_is_on_the_prediction()
    {
        Mask square = Square(20, 20, 60), faint = new(100, 100, [.. square.Values.Select(v => v * 0.4f)]);
        Assert.Equal(0, BoundaryIou.Of(faint, square, 0.5));
        Assert.Equal(1, BoundaryIou.Of(faint, square, 0.3));
    }

    private static Mask Square(int x, int y, int side)
    {
        Mask mask = new(100, 100);
        for (int row = y; row < y + side; row++) mask.Values.AsSpan(row * 100 + x, side).Fill(1);
        return mask;
    }
}
