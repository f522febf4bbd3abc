using ClipSeg.Imaging;
using ClipSeg.Numerics;
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

    [Property]
    public void Thresholds_are_what_is_above_and_a_part_of_the_peak_is_one(byte[] levels, byte threshold)
    {
        if (levels.Length == 0) return;
        Mask mask = new(levels.Length, 1, [.. levels.Select(l => l / 255f)]);
        float t = threshold / 255f;
        Assert.Equal(mask.Values.Select(v => v > t ? 1f : 0), mask.Threshold(t).Values);
        Assert.Equal(mask.Values.Select(v => v > t * mask.Values.Max() ? 1f : 0), mask.ThresholdByPeak(t).Values);
        Assert.Equal(mask.Values.Select(v => v > 0.5f * mask.Values.Max() ? 1f : 0), mask.Foreground().Values);
        Assert.Equal(mask.Values.Select(v => 1 - v), mask.Invert().Values);
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

    [Theory]
    [InlineData(601, 67)]
    [InlineData(67, 601)]
    public void Distances_are_the_same_on_any_number_of_threads_and_everywhere(int width, int height)
    {
        Random random = new(5);
        Mask mask = new(width, height, [.. Enumerable.Range(0, width * height).Select(_ => random.Next(300) / 299f)]);
        foreach (float rarely in (float[])[0.5f, 0.997f])
        {
            Mask binary = mask.Threshold(rarely);
            foreach (bool set in (bool[])[true, false])
            {
                float[] one = Distances(binary, set, 1);
                Assert.Equal(one, Distances(binary, set, 3));
                for (int i = 0; i < one.Length; i += 997)
                    Assert.Equal(SlowDistance(binary, set, i % width, i / width), one[i]);
            }
        }
    }

    [Property(Arbitrary = [typeof(SmallMasks)])]
    public void Growing_is_what_is_within_the_radius_of_a_set_pixel(Mask mask, byte radius)
    {
        float reach = radius / 32f;
        Assert.Equal(SlowDistances(mask, set: true).Select(d => d <= (double)reach * reach ? 1f : 0),
            mask.Grow(reach).Values);
        Assert.Equal(SlowDistances(mask, set: false).Select(d => d <= (double)reach * reach ? 0f : 1),
            mask.Shrink(reach).Values);
    }

    [Property(Arbitrary = [typeof(SmallMasks)])]
    public void A_soft_edge_is_a_line_over_the_distance_to_the_other_kind(Mask mask, byte radius)
    {
        float reach = (radius + 1) / 32f;
        float[] outside = SlowDistances(mask, set: true), inside = SlowDistances(mask, set: false);
        Assert.Equal(mask.Values.Select((v, i) =>
        {
            float distance = v > 0.5f ? MathF.Sqrt(inside[i]) - 0.5f : 0.5f - MathF.Sqrt(outside[i]);
            return Math.Clamp(0.5f + distance / (2 * reach), 0, 1);
        }), mask.Feather(reach).Values);
    }

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
        IEnumerable<Component> expected = Floods(mask).Select(part =>
        {
            int x = part.Min(p => p % mask.Width), y = part.Min(p => p / mask.Width);
            int right = part.Max(p => p % mask.Width), bottom = part.Max(p => p / mask.Width);
            return new Component(x, y, right - x + 1, bottom - y + 1, part.Count);
        });
        Assert.Equal(expected, mask.Components());
    }

    [Property(Arbitrary = [typeof(SmallMasks)])]
    public void Kept_parts_are_those_of_the_area_and_the_largest_comes_first_of_equals(Mask mask, byte area)
    {
        int least = area % 12;
        HashSet<int>[] parts = Floods(mask);
        Assert.Equal(Draw(Of(parts.Where(part => part.Count >= least))), Draw(mask.DropBelow(least)));
        int largest = parts.Select(part => part.Count).DefaultIfEmpty().Max();
        Assert.Equal(Draw(Of(parts.Where(part => part.Count == largest).Take(1))), Draw(mask.KeepLargest()));

        Mask Of(IEnumerable<HashSet<int>> kept)
        {
            Mask chosen = new(mask.Width, mask.Height);
            foreach (int i in kept.SelectMany(part => part)) chosen.Values[i] = 1;
            return chosen;
        }
    }

    private static double Between(byte[] levels, float threshold)
    {
        double[] below = [.. levels.Where(l => (l + 1) / 256f <= threshold).Select(l => (double)l)];
        double[] above = [.. levels.Where(l => (l + 1) / 256f > threshold).Select(l => (double)l)];
        if (below.Length == 0 || above.Length == 0) return 0;
        return below.Length * above.Length * Math.Pow(below.Average() - above.Average(), 2);
    }

    private static float[] Distances(Mask mask, bool set, int threads)
    {
        using Compute compute = new(threads);
        using Compute.Entry entry = compute.Enter();
        return DistanceTransform.Squared(mask, set);
    }

    private static float[] SlowDistances(Mask mask, bool set) => [.. Enumerable.Range(0, mask.Values.Length)
        .Select(i => SlowDistance(mask, set, i % mask.Width, i / mask.Width))];

    private static float SlowDistance(Mask mask, bool set, int x, int y)
    {
        float least = float.PositiveInfinity;
        for (int i = 0; i < mask.Values.Length; i++)
        {
            (int dx, int dy) = (x - i % mask.Width, y - i / mask.Width);
            if (mask.Values[i] > 0.5f == set) least = Math.Min(least, dx * dx + dy * dy);
        }
        return least;
    }

    /// <summary>The connected parts, in the order of their first pixels.</summary>
    private static HashSet<int>[] Floods(Mask mask)
    {
        List<HashSet<int>> parts = [];
        for (int i = 0; i < mask.Values.Length; i++)
        {
            if (mask.Values[i] > 0 && !parts.Exists(part => part.Contains(i)))
                parts.Add(Flood(mask, i, diagonal: true));
        }
        return [.. parts];
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
