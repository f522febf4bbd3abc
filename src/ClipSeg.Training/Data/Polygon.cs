using ClipSeg.Imaging;

namespace ClipSeg.Training.Data;

/// <summary>Polygons to pixels by scikit-image's rule, and masks to polygons that give exactly the mask back.</summary>
/// <remarks>
/// A pixel is the point with its whole coordinates. It is set inside (even-odd), on an edge and on a vertex; spec
/// training-and-evaluation.md §4.4.
/// </remarks>
internal static class Polygon
{
    private const double Tolerance = 1e-12;

    /// <summary>Sets the polygon's pixels to 1.</summary>
    /// <param name="mask">Pixels outside it are left out.</param>
    /// <param name="points">x and y in turn.</param>
    public static void Fill(Mask mask, ReadOnlySpan<double> points)
    {
        if (points.Length % 2 != 0)
            throw new ArgumentException($"A polygon needs pairs of numbers, got {points.Length}.");
        if (points.IsEmpty) return;

        (double minX, double maxX, double minY, double maxY) = (points[0], points[0], points[1], points[1]);
        for (int i = 0; i < points.Length; i += 2)
        {
            (minX, maxX) = (Math.Min(minX, points[i]), Math.Max(maxX, points[i]));
            (minY, maxY) = (Math.Min(minY, points[i + 1]), Math.Max(maxY, points[i + 1]));
        }
        int left = First(minX, mask.Width), right = Last(maxX, mask.Width);
        double[] above = new double[points.Length / 2], below = new double[points.Length / 2];
        for (int y = First(minY, mask.Height); y <= Last(maxY, mask.Height); y++)
        {
            // Where the outline crosses the row, once with the row counted to the lower half plane, once to the
            // upper. Left and right of a point inside both counts are odd; on an edge one of them is, for the edge
            // itself falls out.
            int countAbove = Cross(points, y, strictlyBelow: false, above);
            int countBelow = Cross(points, y, strictlyBelow: true, below);
            int a = 0, b = 0;
            for (int x = left; x <= right; x++)
            {
                while (a < countAbove && above[a] <= x) a++;
                while (b < countBelow && below[b] < x) b++;
                if (((countAbove - a) & 1) == 1 || (b & 1) == 1) mask[x, y] = 1;
            }
        }
        SetVertices(mask, points);
    }

    /// <summary>Polygons without holes whose union, by <see cref="Fill"/>, is the mask; x and y in turn.</summary>
    public static List<double[]> Trace(Mask mask)
    {
        // Runs of set pixels, stacked while each touches exactly one of the next row: such a stack has no hole, and
        // its outline meets every row at the run's two ends.
        List<double[]> polygons = [];
        List<Stack> open = [];
        for (int y = 0; y <= mask.Height; y++)
        {
            List<(int Left, int Right)> runs = y < mask.Height ? Runs(mask, y) : [];
            List<Stack> next = [];
            foreach ((int left, int right) in runs)
            {
                Stack[] touching = [.. open.Where(s => s.Touches(left, right))];
                bool goesOn = touching.Length == 1 && runs.Count(run => touching[0].Touches(run.Left, run.Right)) == 1;
                Stack stack = goesOn ? touching[0] : new(y);
                next.Add(stack);
                stack.Pending = (left, right);
            }
            polygons.AddRange(open.Except(next).Select(s => s.Outline()));
            foreach (Stack stack in next) stack.Commit();
            open = next;
        }
        return polygons;
    }

    private static int Cross(ReadOnlySpan<double> points, int y, bool strictlyBelow, double[] crossings)
    {
        int count = 0;
        double x0 = points[^2], y0 = points[^1] - y;
        for (int i = 0; i < points.Length; i += 2)
        {
            double x1 = points[i], y1 = points[i + 1] - y;
            bool crosses = strictlyBelow ? y0 < 0 != y1 < 0 : y0 > 0 != y1 > 0;
            if (crosses) crossings[count++] = (x0 * y1 - x1 * y0) / (y1 - y0);
            (x0, y0) = (x1, y1);
        }
        Array.Sort(crossings, 0, count);
        return count;
    }

    private static void SetVertices(Mask mask, ReadOnlySpan<double> points)
    {
        for (int i = 0; i < points.Length; i += 2)
        {
            double x = Math.Round(points[i]), y = Math.Round(points[i + 1]);
            if (Math.Abs(points[i] - x) >= Tolerance || Math.Abs(points[i + 1] - y) >= Tolerance) continue;
            if (x >= 0 && x < mask.Width && y >= 0 && y < mask.Height) mask[(int)x, (int)y] = 1;
        }
    }

    private static int First(double min, int size) => (int)Math.Clamp(min, 0, size);

    private static int Last(double max, int size) => (int)Math.Clamp(Math.Ceiling(max), -1, size - 1);

    private static List<(int Left, int Right)> Runs(Mask mask, int y)
    {
        List<(int, int)> runs = [];
        ReadOnlySpan<float> row = mask.Values.AsSpan(y * mask.Width, mask.Width);
        for (int x = 0; x < row.Length; x++)
        {
            if (row[x] <= 0.5f) continue;
            int left = x;
            while (x + 1 < row.Length && row[x + 1] > 0.5f) x++;
            runs.Add((left, x));
        }
        return runs;
    }

    /// <summary>Runs of consecutive rows, one a row.</summary>
    private sealed class Stack(int top)
    {
        private readonly List<(int Left, int Right)> _runs = [];

        public (int Left, int Right) Pending { get; set; }

        public void Commit() => _runs.Add(Pending);

        public bool Touches(int left, int right) => left <= _runs[^1].Right && right >= _runs[^1].Left;

        public double[] Outline()
        {
            List<double> outline = [];
            for (int i = 0; i < _runs.Count; i++)
                if (!IsStraight(i, run => run.Left)) outline.AddRange([_runs[i].Left, top + i]);

            // A single row would be a line, and a line has no inside: a quarter pixel downwards makes it a box.
            double bottom = _runs.Count == 1 ? 0.25 : 0;
            if (bottom > 0) outline.AddRange([_runs[0].Left, top + bottom]);
            if (bottom > 0) outline.AddRange([_runs[0].Right, top + bottom]);
            for (int i = _runs.Count - 1; i >= 0; i--)
                if (!IsStraight(i, run => run.Right)) outline.AddRange([_runs[i].Right, top + i]);
            return [.. outline];
        }

        // Where the outline runs there and back along one line only its corners count, so a run of one pixel stays a
        // corner.
        private bool IsStraight(int i, Func<(int Left, int Right), int> side)
            => _runs[i].Left != _runs[i].Right && i > 0 && i < _runs.Count - 1
                && side(_runs[i - 1]) + side(_runs[i + 1]) == 2 * side(_runs[i]);
    }
}
