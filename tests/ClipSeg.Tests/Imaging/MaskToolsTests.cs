using ClipSeg.Imaging;
using FsCheck.Xunit;
using static ClipSeg.Tests.Imaging.SmallMasks;

namespace ClipSeg.Tests.Imaging;

/// <summary>Each tool on a case that the eye can check, and on small masks against its definition.</summary>
public sealed class MaskToolsTests
{
    [Fact]
    public void Otsu_is_in_the_middle_of_the_gap_between_two_classes()
    {
        Assert.Equal(0.5f, new Mask(4, 1, [0, 0, 1, 0]).OtsuThreshold());
        // Levels 25 and 26 of 256, and 204: the gap is from 27/256 to 204/256.
        Assert.Equal((27 + 204) / 512f, new Mask(4, 1, [0.1f, 0.105f, 0.8f, 0.8f]).OtsuThreshold());
        Assert.Equal(0.5f, new Mask(3, 1, [0.7f, 0.7f, 0.7f]).OtsuThreshold());
    }

    [Property]
    public void Otsu_splits_no_worse_than_any_other_threshold(byte[] levels)
    {
        if (levels.Length == 0) return;
        Mask mask = new(levels.Length, 1, [.. levels.Select(l => (l + 1) / 256f)]);
        double best = Enumerable.Range(0, 256).Max(k => Between(levels, k / 256f));
        Assert.Equal(best, Between(levels, mask.OtsuThreshold()), 1e-9 * best);
    }

    [Fact]
    public void A_part_of_the_peak_is_a_threshold_below_it()
    {
        Mask mask = new(4, 1, [0.1f, 0.2f, 0.3f, 0.4f]);
        Assert.Equal([0, 0, 1, 1], mask.ThresholdByPeak(0.6f).Values);
        Assert.Equal([1, 1, 1, 1], mask.ThresholdByPeak(0).Values);
        Assert.Equal([0, 0, 0, 0], mask.ThresholdByPeak(1).Values);
        Assert.Throws<ArgumentException>(() => mask.ThresholdByPeak(1.1f));
        Assert.Throws<ArgumentException>(() => mask.ThresholdByPeak(float.NaN));
    }

    [Fact]
    public void Inverted_is_one_less_the_value()
        => Assert.Equal([1, 0.75f, 0], new Mask(3, 1, [0, 0.25f, 1]).Invert().Values);

    [Fact]
    public void A_point_grows_to_a_disk_and_back()
    {
        Mask point = Parse(".....", ".....", "..#..", ".....", ".....");
        string[] disk = ["..#..", ".###.", "#####", ".###.", "..#.."];
        Assert.Equal(disk, Draw(point.Grow(2)));
        Assert.Equal(Draw(point), Draw(Parse(disk).Shrink(2)));
        Assert.Equal(Draw(point), Draw(point.Grow(0.9f)));
        Assert.Throws<ArgumentException>(() => point.Grow(-1));
        Assert.Throws<ArgumentException>(() => point.Shrink(float.NaN));
    }

    [Fact]
    public void The_border_of_the_picture_shrinks_nothing()
        => Assert.Equal(["##..", "##.."], Draw(Parse("###.", "###.").Shrink(1)));

    [Property(Arbitrary = [typeof(SmallMasks)])]
    public void Distances_are_those_to_the_nearest_of_all_pixels(Mask mask, bool set)
        => Assert.Equal(SlowDistances(mask, set), DistanceTransform.Squared(mask, set));

    [Property(Arbitrary = [typeof(SmallMasks)])]
    public void Growing_the_rest_is_shrinking_the_mask(Mask mask, byte radius)
        => Assert.Equal(mask.Shrink(radius / 32f).Values, mask.Invert().Grow(radius / 32f).Invert().Values);

    [Fact]
    public void A_soft_edge_is_a_straight_line_across_the_outline()
    {
        float[] expected = [0, 0.125f, 0.375f, 0.625f, 0.875f, 1, 1];
        Assert.Equal(expected, Parse("...####").Feather(2).Values);
        Assert.Equal([1, 1], Parse("##").Feather(3).Values);
        Assert.Equal([0, 0], Parse("..").Feather(3).Values);
        Assert.Throws<ArgumentException>(() => Parse("#").Feather(0));
    }

    [Property(Arbitrary = [typeof(SmallMasks)])]
    public void A_soft_edge_keeps_what_is_set(Mask mask)
        => Assert.Equal(mask.Values, mask.Feather(3).Threshold(0.5f).Values);

    [Fact]
    public void A_hole_is_what_no_path_joins_to_the_border()
    {
        Assert.Equal([".##.", "####", ".##."], Draw(Parse(".##.", "#..#", ".##.").FillHoles()));
        Assert.Equal(["####", "#..#", "##.#"], Draw(Parse("####", "#..#", "##.#").FillHoles()));
    }

    [Property(Arbitrary = [typeof(SmallMasks)])]
    public void Holes_are_what_a_flood_from_the_border_leaves_dry(Mask mask)
    {
        Mask framed = new(mask.Width + 2, mask.Height + 2);
        for (int i = 0; i < mask.Values.Length; i++)
            framed[i % mask.Width + 1, i / mask.Width + 1] = mask.Values[i];
        HashSet<int> outside = Flood(framed, 0, diagonal: false);
        float[] expected = [.. Enumerable.Range(0, mask.Values.Length).Select(i =>
            outside.Contains((i / mask.Width + 1) * framed.Width + i % mask.Width + 1) ? 0f : 1)];
        Assert.Equal(expected, mask.FillHoles().Values);
    }

    [Fact]
    public void Parts_have_boxes_and_areas_and_meet_at_corners()
    {
        Mask mask = Parse("#...##", ".#...#", ".....#", "#.....");
        Assert.Equal([new(0, 0, 2, 2, 2), new(4, 0, 2, 3, 4), new(0, 3, 1, 1, 1)], mask.Components());
        Assert.Equal(["....##", ".....#", ".....#", "......"], Draw(mask.KeepLargest()));
        Assert.Equal(["#...##", ".#...#", ".....#", "......"], Draw(mask.DropBelow(2)));
        Assert.Equal(["#.."], Draw(Parse("#.#").KeepLargest()));
        Assert.Empty(Parse("..").Components());
        Assert.Equal([".."], Draw(Parse("..").KeepLargest()));
    }

    [Property(Arbitrary = [typeof(SmallMasks)])]
    public void Parts_are_what_floods_from_each_pixel_wet(Mask mask)
    {
        List<Component> expected = [];
        HashSet<int> seen = [];
        for (int i = 0; i < mask.Values.Length; i++)
        {
            if (mask.Values[i] == 0 || seen.Contains(i)) continue;
            HashSet<int> part = Flood(mask, i, diagonal: true);
            seen.UnionWith(part);
            int x = part.Min(p => p % mask.Width), y = part.Min(p => p / mask.Width);
            int right = part.Max(p => p % mask.Width), bottom = part.Max(p => p / mask.Width);
            expected.Add(new(x, y, right - x + 1, bottom - y + 1, part.Count));
        }
        Assert.Equal(expected, mask.Components());
    }

    private static double Between(byte[] levels, float threshold)
    {
        double[] below = [.. levels.Where(l => (l + 1) / 256f <= threshold).Select(l => (double)l)];
        double[] above = [.. levels.Where(l => (l + 1) / 256f > threshold).Select(l => (double)l)];
        if (below.Length == 0 || above.Length == 0) return 0;
        return below.Length * above.Length * Math.Pow(below.Average() - above.Average(), 2);
    }

    private static float[] SlowDistances(Mask mask, bool set)
    {
        (int X, int Y)[] all = [.. Enumerable.Range(0, mask.Values.Length)
            .Select(i => (i % mask.Width, i / mask.Width))];
        (int X, int Y)[] wanted = [.. all.Where(p => mask[p.X, p.Y] > 0.5f == set)];
        return [.. all.Select(p => wanted.Select(w => (float)((p.X - w.X) * (p.X - w.X) + (p.Y - w.Y) * (p.Y - w.Y)))
            .Append(float.PositiveInfinity).Min())];
    }

    /// <summary>The pixels of the first one's value that steps over such pixels reach from it.</summary>
    private static HashSet<int> Flood(Mask mask, int from, bool diagonal)
    {
        HashSet<int> reached = [from];
        Queue<int> queue = new([from]);
        while (queue.TryDequeue(out int at))
        {
            for (int step = 0; step < 9; step++)
            {
                int dx = step % 3 - 1, dy = step / 3 - 1, x = at % mask.Width + dx, y = at / mask.Width + dy;
                if (!diagonal && dx != 0 && dy != 0) continue;
                if (x < 0 || y < 0 || x >= mask.Width || y >= mask.Height || mask[x, y] != mask.Values[from]) continue;
                if (reached.Add(y * mask.Width + x)) queue.Enqueue(y * mask.Width + x);
            }
        }
        return reached;
    }
}
