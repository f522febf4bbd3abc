using ClipSeg.Imaging;

namespace ClipSeg.Training.Data;

/// <summary>COCO's polygons to pixels, by the rules of its own tools, which differ from scikit-image's.</summary>
internal static class CocoShapes
{
    private const int Finer = 5;        // outlines are walked on a grid so many times finer

    /// <summary>Sets the polygon's pixels to 1; several polygons are united.</summary>
    /// <remarks>
    /// Each step of the outline from one fine column to the next toggles all pixels below it in a column of pixels, if
    /// its middle is that column's. Toggled twice is off: even-odd.
    /// </remarks>
    /// <param name="mask">Pixels outside it are left out.</param>
    /// <param name="points">x and y in turn, at least three of each.</param>
    public static void FillPolygon(Mask mask, ReadOnlySpan<double> points)
    {
        bool[] toggles = new bool[mask.Values.Length + 1];
        (int x0, int y0) = Fine(points[^2], points[^1]);
        for (int i = 0; i < points.Length; i += 2)
        {
            (int x1, int y1) = Fine(points[i], points[i + 1]);
            WalkEdge(mask, toggles, x0, y0, x1, y1);
            (x0, y0) = (x1, y1);
        }
        bool on = false;
        for (int k = 0; k < mask.Values.Length; k++)
        {
            on ^= toggles[k];
            if (on) mask[k / mask.Height, k % mask.Height] = 1;
        }
    }

    private static (int X, int Y) Fine(double x, double y) => ((int)(Finer * x + 0.5), (int)(Finer * y + 0.5));

    private static void WalkEdge(Mask mask, bool[] toggles, int x0, int y0, int x1, int y1)
    {
        // Lines are walked from their lower end, so that both directions give the same pixels.
        int dx = Math.Abs(x1 - x0), dy = Math.Abs(y1 - y0), steps = Math.Max(dx, dy);
        bool flat = dx >= dy;
        if (flat ? x0 > x1 : y0 > y1) (x0, y0, x1, y1) = (x1, y1, x0, y0);
        double slope = steps == 0 ? 0 : flat ? (double)(y1 - y0) / dx : (double)(x1 - x0) / dy;
        (int lastX, int lastY) = (x0, y0);
        for (int d = 1; d <= steps; d++)
        {
            (int x, int y) = flat ? (x0 + d, (int)(y0 + slope * d + 0.5)) : ((int)(x0 + slope * d + 0.5), y0 + d);
            if (x != lastX) Toggle(mask, toggles, Math.Min(x, lastX), Math.Min(y, lastY));
            (lastX, lastY) = (x, y);
        }
    }

    private static void Toggle(Mask mask, bool[] toggles, int fineX, int fineY)
    {
        double x = (fineX + 0.5) / Finer - 0.5;
        if (x != Math.Floor(x) || x < 0 || x > mask.Width - 1) return;
        double y = Math.Ceiling(Math.Clamp((fineY + 0.5) / Finer - 0.5, 0, mask.Height));
        toggles[(int)x * mask.Height + (int)y] ^= true;
    }
}
