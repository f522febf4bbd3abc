using System.Numerics;

namespace ClipSeg.Imaging;

/// <content>Outlines as polygons.</content>
public sealed partial class Mask
{
    /// <summary>
    /// The outlines of the connected parts of the pixels above 0.5, in the order of <see cref="Components"/>, each with
    /// the outlines of its holes. They run along the edges of pixels, so that with a tolerance of 0 the areas are
    /// exact.
    /// </summary>
    /// <remarks>
    /// The outlines and what lies in what are those of Suzuki and Abe 1985. They are simplified by Ramer (1972) and
    /// Douglas and Peucker (1973). One that would become a line keeps its corners; others may cross themselves where
    /// the mask is thinner than the tolerance.
    /// </remarks>
    /// <param name="tolerance">In pixels, not negative: so far at most is a corner of the exact outline from the
    /// simplified one.</param>
    public IReadOnlyList<MaskPolygon> Polygons(float tolerance = 1)
    {
        if (!(tolerance >= 0)) throw new ArgumentException($"A tolerance is at least 0, got {tolerance}.");
        Regions parts = Parts();
        List<Vector2[]>[] rings = new List<Vector2[]>[parts.Found.Count];
        foreach ((int part, Vector2[] ring) in Contours.Trace(this, parts))
            (rings[part] ??= []).Add(Contours.Simplify(ring, tolerance));
        return [.. rings.Select(part => new MaskPolygon(part[0], part[1..]))];
    }
}

/// <summary>A connected part of a mask as polygons, the last corner of each joined to its first.</summary>
/// <remarks>Coordinates are those of the corners of pixels: the whole mask is from (0, 0) to (width, height).</remarks>
/// <param name="Outline">Clockwise as one looks at the picture.</param>
/// <param name="Holes">The other way round; they may be empty.</param>
public sealed record MaskPolygon(IReadOnlyList<Vector2> Outline, IReadOnlyList<IReadOnlyList<Vector2>> Holes)
{
    /// <summary>In pixels, without the holes.</summary>
    public double Area => Enclosed(Outline) + Holes.Sum(Enclosed);

    private static double Enclosed(IReadOnlyList<Vector2> ring)
    {
        double twice = 0;
        Vector2 last = ring[^1];
        foreach (Vector2 corner in ring)
        {
            twice += (double)last.X * corner.Y - (double)corner.X * last.Y;
            last = corner;
        }
        return twice / 2;
    }
}
