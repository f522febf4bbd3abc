using System.Globalization;
using ClipSeg.Imaging;

namespace ClipSeg.Peers;

/// <summary>A bar: shorter is better.</summary>
/// <param name="Name">Left of it.</param>
/// <param name="Value">Its length.</param>
/// <param name="Low">Where the whisker begins.</param>
/// <param name="High">Where the whisker ends.</param>
/// <param name="IsOurs">It gets the colour that stands out.</param>
internal sealed record Bar(string Name, double Value, double Low, double High, bool IsOurs);

/// <summary>Bars of one scale, under a heading.</summary>
internal sealed record BarGroup(string Title, IReadOnlyList<Bar> Bars);

/// <summary>Horizontal bars with whiskers, in groups that each have a scale of their own.</summary>
internal static class BarChart
{
    private const int Width = 1100, Margin = 28, HeadHeight = 54, TitleHeight = 40, RowHeight = 28, BarHeight = 18;
    private const int ValueWidth = 90;
    private const float HeadSize = 19, TextSize = 15;

    private static readonly Rgb _ink = new(31, 41, 55), _pale = new(97, 106, 120), _whisker = new(55, 65, 81);
    private static readonly Rgb _ours = new(0x0B, 0x62, 0xB8), _theirs = new(0xB9, 0xC2, 0xCE);

    public static Image Draw(string title, IReadOnlyList<BarGroup> groups)
    {
        int left = Margin + 12 + (int)groups.SelectMany(g => g.Bars).Select(b => Drawing.TextWidth(b.Name, TextSize))
            .DefaultIfEmpty(0).Max();
        int height = HeadHeight + groups.Sum(g => TitleHeight + g.Bars.Count * RowHeight) + Margin;
        using Drawing chart = new(Width, height, new(255, 255, 255));
        chart.Text(Margin, 22, title, _ink, HeadSize);

        int y = HeadHeight;
        foreach (BarGroup group in groups)
        {
            chart.Text(Margin, y + 18, group.Title, _ink, TextSize);
            y += TitleHeight;
            double scale = (Width - left - Margin - ValueWidth) / group.Bars.Max(b => Math.Max(b.High, b.Value));
            foreach (Bar bar in group.Bars)
            {
                Row(chart, bar, left, y, scale);
                y += RowHeight;
            }
        }
        return chart.ToImage();
    }

    private static void Row(Drawing chart, Bar bar, int left, int y, double scale)
    {
        int textTop = y + BarHeight / 2 - 5, end = left + Math.Max(1, (int)(bar.Value * scale));
        float name = left - 12 - Drawing.TextWidth(bar.Name, TextSize);
        chart.Text(name, textTop, bar.Name, bar.IsOurs ? _ink : _pale, TextSize);
        chart.Fill(left, y, end - left, BarHeight, bar.IsOurs ? _ours : _theirs);
        int low = left + (int)(bar.Low * scale), high = left + (int)(bar.High * scale);
        chart.Fill(low, y + BarHeight / 2, Math.Max(1, high - low), 2, _whisker);
        string value = bar.Value.ToString(bar.Value < 100 ? "0.0" : "0", CultureInfo.InvariantCulture);
        chart.Text(Math.Max(end, high) + 10, textTop, value, _ink, TextSize);
    }
}
