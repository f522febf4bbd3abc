using System.Globalization;
using ClipSeg.Imaging;
using SkiaSharp;

namespace ClipSeg.Training.Reports;

/// <summary>A line of a plot.</summary>
/// <param name="Name">For the legend.</param>
/// <param name="Points">From left to right. The line breaks where a number is not finite.</param>
internal sealed record Series(string Name, IReadOnlyList<(double X, double Y)> Points);

/// <summary>Small line charts: axes with round numbers, a grid, a legend.</summary>
internal static class LinePlot
{
    private const int LeastLeft = 76, Right = 28, Top = 92, Bottom = 66;
    private const int MarkedPoints = 40;            // a longer line needs no dots on it
    private const float TitleSize = 24, TextSize = 15;
    private const int MinWidth = 320, MinHeight = 240, MaxSide = 8192;

    private static readonly Rgb _paper = new(255, 255, 255), _ink = new(31, 41, 55), _pale = new(97, 106, 120);
    private static readonly Rgb _grid = new(229, 232, 237), _axis = new(148, 156, 168);

    // Dark enough for white paper; neighbours differ in lightness, too.
    private static ReadOnlySpan<uint> Palette => [0x0B62B8, 0xE0660A, 0x0B8F62, 0xB13A8E, 0x6A7380, 0xC79A00, 0x34A5DC];

    /// <summary>The chart as a picture.</summary>
    /// <param name="title">Over the chart.</param>
    /// <param name="xLabel">Under the horizontal axis.</param>
    /// <param name="yLabel">Over the vertical axis.</param>
    /// <param name="series">The lines; the last lies on top.</param>
    /// <param name="width">In pixels, 320 to 8192.</param>
    /// <param name="height">In pixels, 240 to 8192.</param>
    /// <exception cref="ArgumentException">The size is out of range.</exception>
    public static Image Draw(
        string title, string xLabel, string yLabel, IReadOnlyList<Series> series, int width = 900, int height = 520)
    {
        if (width is < MinWidth or > MaxSide || height is < MinHeight or > MaxSide)
        {
            throw new ArgumentException($"A plot of {width}x{height} pixels; expected {MinWidth}..{MaxSide} by "
                + $"{MinHeight}..{MaxSide}.");
        }
        using Drawing drawing = new(width, height, _paper);
        (double X, double Y)[] points = [.. series.SelectMany(s => s.Points).Where(IsFinite)];
        Axis y = Axis.Rounded(points.Select(p => p.Y), (height - Top - Bottom) / 55);
        int left = Math.Max(LeastLeft, 24 + (int)y.Ticks().Max(tick => Drawing.TextWidth(y.Format(tick), TextSize)));
        Axis x = Axis.Exact(points.Select(p => p.X), (width - left - Right) / 90);
        Frame frame = new(drawing, x, y, new(left, width - Right), new(height - Bottom, Top));

        drawing.Text(left, 18, title, _ink, TitleSize);
        drawing.Text(left, Top - 26, yLabel, _pale, TextSize);
        Centred(drawing, (left + width - Right) / 2, height - 26, xLabel, _pale);
        frame.DrawAxes();
        for (int i = 0; i < series.Count; i++) frame.DrawLine(series[i], Colour(i));
        DrawLegend(drawing, series, left + Drawing.TextWidth(yLabel, TextSize));
        return drawing.ToImage();
    }

    /// <summary>Whether differences to it are finite, too.</summary>
    private static bool IsFinite((double X, double Y) point) => Math.Abs(point.X) < 1e300 && Math.Abs(point.Y) < 1e300;

    private static Rgb Colour(int index)
    {
        uint rgb = Palette[index % Palette.Length];
        Rgb colour = new((byte)(rgb >> 16), (byte)(rgb >> 8), (byte)rgb);
        return (index / Palette.Length % 2) == 0 ? colour : colour.Mix(_ink, 0.5f);
    }

    private static void Centred(Drawing drawing, int x, int y, string text, Rgb colour)
        => drawing.Text(x - Drawing.TextWidth(text, TextSize) / 2, y, text, colour, TextSize);

    /// <summary>In one row over the right end of the plot, as long as there is room beside the axis' label.</summary>
    private static void DrawLegend(Drawing drawing, IReadOnlyList<Series> series, float labelEnd)
    {
        const int Swatch = 22, Gap = 8, Between = 22;
        float right = drawing.Width - Right;
        for (int i = series.Count - 1; i >= 0; i--)
        {
            float left = right - Drawing.TextWidth(series[i].Name, TextSize) - Gap - Swatch;
            if (left < labelEnd + Between) return;
            float middle = Top - 26 + Drawing.CapHeight(TextSize) / 2;
            drawing.Fill(left, middle - 2, Swatch, 4, Colour(i), radius: 2);
            drawing.Text(left + Swatch + Gap, Top - 26, series[i].Name, _ink, TextSize);
            right = left - Between;
        }
    }

    /// <summary>Where the ends of an axis are in the picture, in pixels.</summary>
    private sealed record Extent(int Low, int High);

    /// <summary>A range of numbers and the round ones in it.</summary>
    private sealed record Axis(double Low, double High, double Step)
    {
        /// <summary>From the smallest number to the largest.</summary>
        public static Axis Exact(IEnumerable<double> values, int ticks)
        {
            (double low, double high) = Range(values);
            return new(low, high, RoundStep((high - low) / Math.Max(ticks, 2)));
        }

        /// <summary>From a round number to a round number; from zero, if that is not far off.</summary>
        public static Axis Rounded(IEnumerable<double> values, int ticks)
        {
            (double low, double high) = Range(values);
            if (low > 0 && low < 0.25 * high) low = 0;
            double step = RoundStep((high - low) / Math.Max(ticks, 2));
            return new(Math.Floor(low / step + 1e-9) * step, Math.Ceiling(high / step - 1e-9) * step, step);
        }

        public IEnumerable<double> Ticks()
        {
            double first = Math.Ceiling(Low / Step - 1e-9), last = Math.Floor(High / Step + 1e-9);
            for (double i = first; i <= last; i++) yield return i * Step;
        }

        /// <summary>As many decimals as the step needs; thousands in groups.</summary>
        public string Format(double value)
        {
            if (Math.Abs(High) >= 1e9 || Math.Abs(Low) >= 1e9 || Step < 5e-5)
                return value.ToString("0.###e0", CultureInfo.InvariantCulture);
            int decimals = Math.Max(0, (int)Math.Ceiling(-Math.Log10(Step) - 1e-9));
            return (value == 0 ? 0 : value).ToString($"N{decimals}", CultureInfo.InvariantCulture);     // no minus zero
        }

        public float At(double value, Extent extent)
            => (float)(extent.Low + (value - Low) / (High - Low) * (extent.High - extent.Low));

        private static (double Low, double High) Range(IEnumerable<double> values)
        {
            (double low, double high) = (double.PositiveInfinity, double.NegativeInfinity);
            foreach (double value in values) (low, high) = (Math.Min(low, value), Math.Max(high, value));
            if (low > high) return (0, 1);
            double least = Math.Max(1e-12, 1e-9 * Math.Max(Math.Abs(low), Math.Abs(high)));
            if (high - low >= least) return (low, high);
            double around = low == 0 ? 1 : Math.Abs(low) * 0.1;
            return (low - around, high + around);
        }

        /// <summary>The smallest of 1, 2, 5, 10, 20, 50, ... (and their fractions) that is not below.</summary>
        private static double RoundStep(double atLeast)
        {
            double power = Math.Pow(10, Math.Floor(Math.Log10(atLeast)));
            double part = atLeast / power;
            return power * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
        }
    }

    /// <summary>The rectangle of the plot.</summary>
    private sealed record Frame(Drawing Drawing, Axis X, Axis Y, Extent Columns, Extent Rows)
    {
        public void DrawAxes()
        {
            foreach (double tick in Y.Ticks())
            {
                int y = (int)MathF.Round(Y.At(tick, Rows));
                Drawing.Fill(Columns.Low, y, Columns.High - Columns.Low, 1, _grid);
                string text = Y.Format(tick);
                float left = Columns.Low - 12 - Drawing.TextWidth(text, TextSize);
                Drawing.Text(left, y - Drawing.CapHeight(TextSize) / 2, text, _pale, TextSize);
            }
            foreach (double tick in X.Ticks())
            {
                int x = (int)MathF.Round(X.At(tick, Columns));
                Drawing.Fill(x, Rows.High, 1, Rows.Low - Rows.High, _grid);
                Drawing.Fill(x, Rows.Low, 1, 6, _axis);
                Centred(Drawing, x, Rows.Low + 13, X.Format(tick), _pale);
            }
            Drawing.Fill(Columns.Low, Rows.High, 1, Rows.Low - Rows.High, _axis);
            Drawing.Fill(Columns.Low, Rows.Low, Columns.High - Columns.Low, 1, _axis);
        }

        public void DrawLine(Series series, Rgb colour)
        {
            using SKPathBuilder line = new();
            bool marked = series.Points.Count <= MarkedPoints, broken = true;
            foreach ((double X, double Y) point in series.Points)
            {
                bool starts = broken;
                broken = !IsFinite(point);
                if (broken) continue;
                SKPoint at = new(X.At(point.X, Columns), Y.At(point.Y, Rows));
                if (starts) line.MoveTo(at);
                line.LineTo(at);
                if (marked) Drawing.Disc(at.X, at.Y, 4, colour);
            }
            using SKPath path = line.Detach();
            Drawing.Stroke(path, colour, 2.6f);
        }
    }
}
