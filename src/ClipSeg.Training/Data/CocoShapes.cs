using ClipSeg.Imaging;

namespace ClipSeg.Training.Data;

/// <summary>COCO's shapes to pixels, by the rules of its own tools, which differ from scikit-image's.</summary>
/// <remarks>Both kinds count pixels down the columns, from the left.</remarks>
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

    /// <summary>Sets the pixels of every second run to 1, beginning with the second.</summary>
    /// <param name="mask">Of the size that the runs are for.</param>
    /// <param name="runs">Lengths; together all pixels.</param>
    /// <returns>False if they are not.</returns>
    public static bool TryFillRuns(Mask mask, IReadOnlyList<long> runs)
    {
        if (runs.Any(run => run < 0) || runs.Sum() != mask.Values.Length) return false;
        int at = 0;
        for (int i = 0; i < runs.Count; i++)
        {
            for (long end = at + runs[i]; at < end; at++)
                if (i % 2 == 1) mask[at / mask.Height, at % mask.Height] = 1;
        }
        return true;
    }

    /// <summary>
    /// The run lengths of a "compressed" text: five bits a character from the lowest up, with a sign at the end; from
    /// the fourth on, differences to the last but one.
    /// </summary>
    /// <returns>Null if the text is not as described.</returns>
    public static List<long>? Decompress(string text)
    {
        List<long> runs = [];
        for (int i = 0; i < text.Length;)
        {
            long value = 0;
            for (int shift = 0; ; shift += 5)
            {
                if (i == text.Length || shift > 30 || text[i] is < '0' or > 'o') return null;
                int bits = text[i++] - '0';
                value |= (long)(bits & 0x1F) << shift;
                if ((bits & 0x20) != 0) continue;
                if ((bits & 0x10) != 0) value |= -1L << (shift + 5);
                break;
            }
            runs.Add(runs.Count > 2 ? value + runs[^2] : value);
        }
        return runs;
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
