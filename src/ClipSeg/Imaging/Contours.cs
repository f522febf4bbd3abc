using System.Collections;
using System.Numerics;

namespace ClipSeg.Imaging;

/// <summary>Closed lines along the edges of pixels, and fewer corners for them.</summary>
internal static class Contours
{
    // Right, down, left, up: to the right of each is the next one.
    private static readonly (int X, int Y)[] _steps = [(1, 0), (0, 1), (-1, 0), (0, -1)];
    private const int Up = 3;

    /// <summary>
    /// The corners of every outline, and the number of the part that it belongs to: of each part first the outer one,
    /// then its holes. What is set is always to the right.
    /// </summary>
    /// <param name="parts">The mask's set pixels, connected by their corners, too.</param>
    public static IEnumerable<(int Part, Vector2[] Ring)> Trace(Mask mask, Regions parts)
    {
        // Every outline goes up the left side of some run of pixels: the outer one up that of the part's first run.
        BitArray seen = new(mask.Values.Length);
        List<Vector2> ring = [];
        foreach ((int y, int x, _, int part) in parts.Runs)
        {
            if (seen[y * mask.Width + x]) continue;
            Follow(mask, x, y, seen, ring);
            yield return (part, [.. ring]);
        }
    }

    /// <summary>A ring's corners without those that are not farther than the tolerance from what remains.</summary>
    /// <param name="tolerance">In pixels.</param>
    public static Vector2[] Simplify(Vector2[] ring, float tolerance)
    {
        // A ring is two lines: from the first corner to the one farthest from it, and back.
        int far = 0;
        for (int i = 1; i < ring.Length; i++)
        {
            if (Vector2.DistanceSquared(ring[i], ring[0]) > Vector2.DistanceSquared(ring[far], ring[0])) far = i;
        }
        BitArray kept = new(ring.Length) { [0] = true, [far] = true };
        Stack<(int First, int Last)> lines = new([(0, far), (far, ring.Length)]);
        while (lines.TryPop(out (int First, int Last) line))
        {
            (int farthest, double distance) = (0, (double)tolerance * tolerance);
            for (int i = line.First + 1; i < line.Last; i++)
            {
                double here = SquaredDistance(ring[i], ring[line.First], ring[line.Last % ring.Length]);
                if (here > distance) (farthest, distance) = (i, here);
            }
            if (farthest == 0) continue;
            kept[farthest] = true;
            lines.Push((line.First, farthest));
            lines.Push((farthest, line.Last));
        }
        Vector2[] simple = [.. ring.Where((_, i) => kept[i])];
        return simple.Length < 3 ? ring : simple;
    }

    /// <summary>From the lower left corner of a pixel, up its left side, and on until there again.</summary>
    private static void Follow(Mask mask, int startX, int startY, BitArray seen, List<Vector2> ring)
    {
        ring.Clear();
        (int x, int y, int way) = (startX, startY + 1, Up);
        do
        {
            (x, y) = (x + _steps[way].X, y + _steps[way].Y);
            if (way == Up) seen[y * mask.Width + x] = true;
            int turned = Turn(mask, x, y, way);
            if (turned != way) ring.Add(new(x, y));
            way = turned;
        }
        while ((x, y, way) != (startX, startY + 1, Up));
    }

    /// <summary>Which way to go on from a corner of pixels: as far to the left as there are set pixels.</summary>
    private static int Turn(Mask mask, int x, int y, int way)
    {
        (int X, int Y) ahead = _steps[way], right = _steps[(way + 1) % 4];
        // Of the four pixels around the corner, the two ahead; a pixel lies to the lower right of its corner.
        int aheadX = x + Math.Min(0, ahead.X + right.X), aheadY = y + Math.Min(0, ahead.Y + right.Y);
        if (IsSet(mask, aheadX - right.X, aheadY - right.Y)) return (way + 3) % 4;
        return IsSet(mask, aheadX, aheadY) ? way : (way + 1) % 4;
    }

    private static bool IsSet(Mask mask, int x, int y)
        => x >= 0 && y >= 0 && x < mask.Width && y < mask.Height && mask[x, y] > 0.5f;

    private static double SquaredDistance(Vector2 point, Vector2 a, Vector2 b)
    {
        double x = (double)b.X - a.X, y = (double)b.Y - a.Y, length = x * x + y * y;
        double px = (double)point.X - a.X, py = (double)point.Y - a.Y;
        double along = length == 0 ? 0 : Math.Clamp((px * x + py * y) / length, 0, 1);
        (px, py) = (px - along * x, py - along * y);
        return px * px + py * py;
    }
}
