using ClipSeg.Imaging;
using ClipSeg.Training.Data;

namespace ClipSeg.Tests.Training.Data;

public sealed class PolygonTests
{
    [Fact]
    public void Square_has_its_edges_and_corners()
        => Assert.Equal(["......", ".####.", ".####.", ".####.", "......"], Draw(6, 5, 1, 1, 4, 1, 4, 3, 1, 3));

    [Fact]
    public void Pixels_between_whole_coordinates_are_in_only_if_their_point_is()
        => Assert.Equal(["......", "......", "..###.", "......"], Draw(6, 4, 1.5, 1.5, 4.5, 1.5, 4.5, 2.5, 1.5, 2.5));

    [Fact]
    public void Diagonal_edge_takes_the_pixels_it_meets()
        => Assert.Equal(["#...", "##..", "###.", "####"], Draw(4, 4, 0, 0, 3, 3, 0, 3));

    [Fact]
    public void Crossing_outline_is_even_odd()
        => Assert.Equal(
            ["#######", "#######", "##...##", "##...##", "##...##", "#######", "#######"],
            Draw(7, 7, 0, 0, 6, 0, 6, 6, 0, 6, 0, 0, 1, 1, 1, 5, 5, 5, 5, 1, 1, 1));

    [Fact]
    public void Outside_of_the_mask_is_cut_off()
    {
        Assert.Equal(["##", "##"], Draw(2, 2, -1e300, -5, 1e300, -5, 7, 9, -7, 9));
        Assert.Equal(["..", ".."], Draw(2, 2, 5, 5, 9, 5, 9, 9));
        Assert.Equal([".#", ".."], Draw(2, 2, 1, 0));
        Assert.Equal(["..", ".."], Draw(2, 2));
    }

    [Fact]
    public void Fill_equals_its_definition_on_random_polygons()
    {
        Random random = new(42);
        for (int round = 0; round < 200; round++)
        {
            // Coordinates in quarters, so that many points lie exactly on edges.
            double[] points = [.. Enumerable.Range(0, 2 * random.Next(3, 9)).Select(_ => random.Next(-8, 60) / 4.0)];
            Mask mask = new(13, 12);
            Polygon.Fill(mask, points);
            for (int y = 0; y < 12; y++)
                for (int x = 0; x < 13; x++) Assert.Equal(IsIn(points, x, y) ? 1 : 0, mask[x, y]);
        }
    }

    [Fact]
    public void Traced_mask_comes_back_exactly()
    {
        Random random = new(42);
        for (int round = 0; round < 300; round++)
        {
            int width = random.Next(1, 24), height = random.Next(1, 24), density = random.Next(1, 10);
            Mask mask = new(width, height);
            for (int i = 0; i < mask.Values.Length; i++) mask.Values[i] = random.Next(10) < density ? 1 : 0;
            if (round % 3 == 0) mask.Values.AsSpan(0, mask.Values.Length / 2).Fill(1);
            AssertComesBack(mask);
        }
    }

    [Theory]
    [InlineData("#####|#...#|#.#.#|#...#|#####")]      // holes within holes
    [InlineData("..#..|..#..|..#..|..#..")]            // one pixel wide
    [InlineData("#....|.#...|..#..|...#.")]            // touching at corners only
    [InlineData("#####")]
    [InlineData("#")]
    [InlineData(".....")]
    public void Traced_shape_comes_back_exactly(string rows)
    {
        string[] lines = rows.Split('|');
        Mask mask = new(lines[0].Length, lines.Length,
            [.. lines.SelectMany(line => line.Select(c => c == '#' ? 1f : 0f))]);
        AssertComesBack(mask);
    }

    private static void AssertComesBack(Mask mask)
    {
        Mask again = new(mask.Width, mask.Height);
        foreach (double[] polygon in Polygon.Trace(mask)) Polygon.Fill(again, polygon);
        Assert.Equal(mask.Values, again.Values);
    }

    private static string[] Draw(int width, int height, params double[] points)
    {
        Mask mask = new(width, height);
        Polygon.Fill(mask, points);
        return [.. Enumerable.Range(0, height).Select(y =>
            string.Concat(Enumerable.Range(0, width).Select(x => mask[x, y] > 0 ? '#' : '.')))];
    }

    // The rule, point by point: a vertex, or an odd number of crossings to the right or to the left, where an edge
    // that runs through the point counts on neither side.
    private static bool IsIn(double[] points, int px, int py)
    {
        bool right = false, left = false;
        for (int i = 0, j = points.Length - 2; i < points.Length; j = i, i += 2)
        {
            double x0 = points[j] - px, y0 = points[j + 1] - py, x1 = points[i] - px, y1 = points[i + 1] - py;
            if (Math.Abs(x1) < 1e-12 && Math.Abs(y1) < 1e-12) return true;
            if (y0 > 0 != y1 > 0 && (x0 * y1 - x1 * y0) / (y1 - y0) > 0) right = !right;
            if (y0 < 0 != y1 < 0 && (x0 * y1 - x1 * y0) / (y1 - y0) < 0) left = !left;
        }
        return right || left;
    }
}
