using System.Numerics;
using ClipSeg.Imaging;
using ClipSeg.Training.Data;
using FsCheck;
using FsCheck.Xunit;
using static ClipSeg.Tests.Imaging.SmallMasks;

namespace ClipSeg.Tests.Imaging;

public sealed class MaskPolygonsTests
{
    [Fact]
    public void Outlines_run_clockwise_along_the_edges_of_pixels()
    {
        MaskPolygon polygon = Assert.Single(Parse("....", ".##.", ".#..").Polygons(0));
        Assert.Equal([new(1, 1), new(3, 1), new(3, 2), new(2, 2), new(2, 3), new(1, 3)], polygon.Outline);
        Assert.Empty(polygon.Holes);
        Assert.Equal(3, polygon.Area);
        Assert.Equal([new(0, 0), new(2, 0), new(2, 1), new(0, 1)], Assert.Single(Parse("##").Polygons()).Outline);
        Assert.Empty(Parse("..").Polygons());
    }

    [Fact]
    public void A_hole_runs_the_other_way_and_what_is_in_it_is_a_part_of_its_own()
    {
        IReadOnlyList<MaskPolygon> polygons
            = Parse("#####", "#...#", "#.#.#", "#...#", "#####", ".....", "..#..").Polygons(0);
        Assert.Equal(3, polygons.Count);
        IReadOnlyList<Vector2> hole = Assert.Single(polygons[0].Holes);
        Assert.Equal([new(4, 1), new(1, 1), new(1, 4), new(4, 4)], hole);
        Assert.Equal([16, 1, 1], polygons.Select(p => p.Area));
        Assert.Equal(new(2, 2), polygons[1].Outline[0]);
        Assert.Equal(new(2, 6), polygons[2].Outline[0]);
    }

    [Fact]
    public void Pixels_that_meet_at_a_corner_have_one_outline()
    {
        MaskPolygon polygon = Assert.Single(Parse("#.", ".#").Polygons(0));
        Assert.Equal(8, polygon.Outline.Count);
        Assert.Equal(2, polygon.Area);
        Assert.Single(Assert.Single(Parse(".#.", "#.#", ".#.").Polygons(0)).Holes);
    }

    [Fact]
    public void A_staircase_becomes_a_slope()
    {
        Mask stairs = Parse("#.....", "##....", "###...", "####..", "#####.", "######");
        MaskPolygon polygon = Assert.Single(stairs.Polygons(0.75f));
        Assert.InRange(polygon.Outline.Count, 3, 5);
        Assert.Equal(21, polygon.Area, 3.0);
        Assert.Equal(14, Assert.Single(stairs.Polygons(0.25f)).Outline.Count);
    }

    [Fact]
    public void What_would_become_a_line_keeps_its_corners()
        => Assert.Equal([4, 4], Parse("#...", "...#", "...#").Polygons(50).Select(p => p.Outline.Count));

    [Theory]
    [InlineData(-1)]
    [InlineData(float.NaN)]
    public void A_tolerance_is_not_negative(float tolerance)
        => Assert.Throws<ArgumentException>(() => Parse("#").Polygons(tolerance));

    [Property(Arbitrary = [typeof(SmallMasks)])]
    public void Each_part_has_a_polygon_of_its_area_and_its_box(Mask mask)
    {
        IReadOnlyList<MaskPolygon> polygons = mask.Polygons(0);
        Assert.Equal(mask.Components(), polygons.Select(p =>
        {
            (int x, int y) = ((int)p.Outline.Min(c => c.X), (int)p.Outline.Min(c => c.Y));
            return new Component(x, y, (int)p.Outline.Max(c => c.X) - x, (int)p.Outline.Max(c => c.Y) - y, (int)p.Area);
        }));
    }

    [Property(Arbitrary = [typeof(SmallMasks)])]
    public void Filled_again_they_are_the_mask(Mask mask)
    {
        Mask even = new(mask.Width, mask.Height), byCoco = new(mask.Width, mask.Height);
        foreach (IReadOnlyList<Vector2> ring in mask.Polygons(0).SelectMany(p => p.Holes.Prepend(p.Outline)))
        {
            Mask filled = new(mask.Width, mask.Height);
            CocoShapes.FillPolygon(filled, [.. ring.SelectMany(c => new double[] { c.X, c.Y })]);
            for (int i = 0; i < filled.Values.Length; i++)
            {
                byCoco.Values[i] = byCoco.Values[i] != filled.Values[i] ? 1 : 0;
                if (IsInside(ring, i % mask.Width + 0.5, i / mask.Width + 0.5)) even.Values[i] = 1 - even.Values[i];
            }
        }
        Assert.Equal(Draw(mask), Draw(even));
        Assert.Equal(Draw(mask), Draw(byCoco));
    }

    [Property(Arbitrary = [typeof(SmallMasks)])]
    public void No_corner_is_farther_from_the_simplified_outline_than_the_tolerance(Mask mask, byte sixteenths)
    {
        float tolerance = sixteenths / 64f;
        foreach ((MaskPolygon exact, MaskPolygon simple) in mask.Polygons(0).Zip(mask.Polygons(tolerance)))
        {
            Assert.Equal(exact.Holes.Count, simple.Holes.Count);
            foreach ((IReadOnlyList<Vector2> all, IReadOnlyList<Vector2> few) in
                exact.Holes.Prepend(exact.Outline).Zip(simple.Holes.Prepend(simple.Outline)))
            {
                Assert.InRange(few.Count, 3, all.Count);
                Assert.Empty(few.Except(all));
                Assert.All(all, corner => Assert.InRange(Distance(corner, few), 0, tolerance + 1e-5));
            }
        }
    }

    private static bool IsInside(IReadOnlyList<Vector2> ring, double x, double y)
    {
        bool inside = false;
        for (int i = 0; i < ring.Count; i++)
        {
            (Vector2 a, Vector2 b) = (ring[i], ring[(i + 1) % ring.Count]);
            if (a.Y > y != b.Y > y && x < a.X + (b.X - a.X) * (y - a.Y) / (b.Y - a.Y)) inside = !inside;
        }
        return inside;
    }

    private static double Distance(Vector2 point, IReadOnlyList<Vector2> ring) => ring.Index().Min(corner =>
    {
        (Vector2 a, Vector2 b) = (corner.Item, ring[(corner.Index + 1) % ring.Count]);
        float along = Math.Clamp(Vector2.Dot(point - a, b - a) / (b - a).LengthSquared(), 0, 1);
        return Vector2.Distance(point, a + along * (b - a));
    });
}
