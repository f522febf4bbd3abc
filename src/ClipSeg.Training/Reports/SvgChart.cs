using System.Globalization;
using System.Net;
using System.Text;

namespace ClipSeg.Training.Reports;

/// <summary>
/// Line charts of shares as SVG inside a page: coloured by the page's style sheet, so that they are light or dark with
/// it. <see cref="LinePlot"/> draws the like as pictures.
/// </summary>
internal static class SvgChart
{
    private const double Width = 520, Height = 320, Left = 52, Right = 16, Top = 16, Bottom = 48;
    private const int MostPoints = 500;

    /// <summary>The chart; both axes begin at 0, the horizontal one ends at 1.</summary>
    /// <param name="name">Read aloud in place of the chart.</param>
    /// <param name="x">Under the horizontal axis.</param>
    /// <param name="y">Beside the vertical axis.</param>
    /// <param name="series">At most four lines, of at most 500 points each. They break where a number is not finite.
    /// </param>
    /// <param name="marked">Where a line goes up from the horizontal axis, and what it says; or null.</param>
    /// <exception cref="ArgumentException">There are too many lines or points.</exception>
    public static string Draw(
        string name, string x, string y, IReadOnlyList<Series> series, (double At, string Label)? marked = null)
    {
        if (series.Count > 4 || series.Any(s => s.Points.Count > MostPoints))
            throw new ArgumentException($"'{name}' is of more than 4 lines or {MostPoints} points a line.");
        double[] values = [.. series.SelectMany(s => s.Points).Select(p => p.Y).Where(double.IsFinite)];
        double top = Math.Clamp(Math.Ceiling(values.DefaultIfEmpty(1).Max() * 10 - 1e-9) / 10, 0.1, 1);
        StringBuilder svg = new();
        svg.Append(CultureInfo.InvariantCulture,
            $"<svg class=\"chart\" viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"{Escape(name)}\">\n");
        double step = top > 0.5 ? 0.2 : top > 0.2 ? 0.1 : 0.05;
        for (double tick = 0; tick <= top + 1e-9; tick += step)
        {
            Line("grid", Left, Row(tick), Width - Right, Row(tick));
            Text("tick end", Left - 8, Row(tick) + 4, tick.ToString("0.0#", CultureInfo.InvariantCulture));
        }
        for (int tick = 0; tick <= 10; tick += 2)
            Text("tick middle", Column(tick / 10.0), Height - Bottom + 20,
                (tick / 10.0).ToString("0.0", CultureInfo.InvariantCulture));
        Line("axis", Left, Row(0), Width - Right, Row(0));
        Text("label middle", Column(0.5), Height - 8, x);
        string upright = FormattableString.Invariant($"translate(13 {Row(top / 2):0.#}) rotate(-90)");
        svg.Append($"<text class=\"label middle\" transform=\"{upright}\">{Escape(y)}</text>\n");
        if (marked is { } mark)
        {
            Line("mark", Column(mark.At), Row(0), Column(mark.At), Top);
            bool before = mark.At > 0.6;
            Text(before ? "tick end" : "tick", Column(mark.At) + (before ? -6 : 6), Top + 10, mark.Label);
        }
        for (int i = 0; i < series.Count; i++) DrawLine(series[i], i);
        return svg.Append("</svg>\n").ToString();

        double Column(double value) => Left + Math.Clamp(value, 0, 1) * (Width - Left - Right);

        double Row(double value) => Height - Bottom - Math.Clamp(value / top, 0, 1) * (Height - Top - Bottom);

        void Line(string kind, double x1, double y1, double x2, double y2) => svg.Append(
            CultureInfo.InvariantCulture,
            $"<line class=\"{kind}\" x1=\"{x1:0.#}\" y1=\"{y1:0.#}\" x2=\"{x2:0.#}\" y2=\"{y2:0.#}\"/>\n");

        void Text(string kind, double left, double bottom, string text) => svg.Append(
            CultureInfo.InvariantCulture,
            $"<text class=\"{kind}\" x=\"{left:0.#}\" y=\"{bottom:0.#}\">{Escape(text)}</text>\n");

        void DrawLine(Series line, int number)
        {
            StringBuilder path = new();
            bool broken = true;
            foreach ((double px, double py) in line.Points)
            {
                bool finite = double.IsFinite(px) && double.IsFinite(py);
                if (finite)
                {
                    path.Append(
                        CultureInfo.InvariantCulture, $"{(broken ? 'M' : 'L')}{Column(px):0.#} {Row(py):0.#}");
                }
                broken = !finite;
            }
            svg.Append(CultureInfo.InvariantCulture, $"<path class=\"line s{number}\" d=\"{path}\"/>\n");
            foreach ((double px, double py) in line.Points)
            {
                if (!double.IsFinite(px) || !double.IsFinite(py)) continue;
                svg.Append(CultureInfo.InvariantCulture,
                    $"<circle class=\"dot s{number}\" cx=\"{Column(px):0.#}\" cy=\"{Row(py):0.#}\" r=\"5\"><title>")
                    .Append(CultureInfo.InvariantCulture, $"{Escape(line.Name)}: {py:0.000} at {px:0.00}</title>")
                    .Append("</circle>\n");
            }
        }
    }

    private static string Escape(string text) => WebUtility.HtmlEncode(text);
}
