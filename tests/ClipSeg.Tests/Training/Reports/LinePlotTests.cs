using ClipSeg.Imaging;
using ClipSeg.Training.Reports;

namespace ClipSeg.Tests.Training.Reports;

public sealed class LinePlotTests
{
    private static readonly Rgb _first = new(0x0B, 0x62, 0xB8), _second = new(0xE0, 0x66, 0x0A);

    [Fact]
    public void Line_runs_from_corner_to_corner_of_the_axes()
    {
        Image plot = LinePlot.Draw("title", "x", "y", [new("", [(0, 0), (50, 5), (100, 10)])]);

        (int X, int Y)[] line = Where(plot, _first);
        (int X, int Y) left = line.MinBy(p => p.X), right = line.MaxBy(p => p.X);
        Assert.InRange(left.X, 70, 80);
        Assert.InRange(right.X, 870, 880);
        Assert.InRange(left.Y, 450, 458);
        Assert.InRange(right.Y, 88, 96);
        Assert.Contains(line, p => p.X == (left.X + right.X) / 2 && Math.Abs(p.Y - (left.Y + right.Y) / 2) <= 5);
    }

    [Fact]
    public void Higher_numbers_are_higher_up_and_each_line_has_its_colour()
    {
        Image plot = LinePlot.Draw("t", "x", "y", [new("low", [(0, 1), (1, 1)]), new("high", [(0, 2), (1, 2)])]);
        double low = InPlot(plot, _first).Average(p => p.Y), high = InPlot(plot, _second).Average(p => p.Y);
        Assert.True(high < low - 100);
        Assert.Contains(Where(plot, _first), p => p.Y < 90);          // the legend
        Assert.Contains(Where(plot, _second), p => p.Y < 90);
    }

    [Fact]
    public void Line_breaks_where_a_number_is_missing()
    {
        (double, double)[] points = [(0, 1), (1, 1), (2, double.NaN), (3, double.PositiveInfinity), (4, 1), (5, 1)];
        (int X, int Y)[] line = InPlot(LinePlot.Draw("t", "x", "y", [new("", points)]), _first);
        Assert.DoesNotContain(line, p => p.X is > 76 + 796 / 5 + 10 and < 76 + 796 * 4 / 5 - 10);
        Assert.Contains(line, p => p.X < 76 + 796 / 5);
        Assert.Contains(line, p => p.X > 76 + 796 * 4 / 5 + 10);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(-5, -5)]
    [InlineData(1e-300, 2e-300)]
    [InlineData(-1e299, 1e299)]
    [InlineData(1e9, 1000000001)]
    [InlineData(0.123456, 0.123457)]
    public void Any_range_of_numbers_can_be_drawn(double low, double high)
    {
        Image plot = LinePlot.Draw("t", "x", "y", [new("s", [(low, low), (high, high)])], 400, 300);
        Assert.NotEmpty(InPlot(plot, _first));
    }

    [Fact]
    public void Plot_of_nothing_has_axes_and_sizes_are_checked()
    {
        Image plot = LinePlot.Draw("nothing yet", "step", "loss", [new("loss", [])], 320, 240);
        Assert.Equal((320, 240), (plot.Width, plot.Height));
        Assert.NotEmpty(Where(plot, new(148, 156, 168)));
        Assert.Throws<ArgumentException>(() => LinePlot.Draw("t", "x", "y", [], 100, 300));
        Assert.Throws<ArgumentException>(() => LinePlot.Draw("t", "x", "y", [], 400, 100_000));
    }

    private static (int X, int Y)[] InPlot(Image plot, Rgb colour) => [.. Where(plot, colour).Where(p => p.Y >= 90)];

    private static (int X, int Y)[] Where(Image plot, Rgb colour) => [.. Enumerable.Range(0, plot.Width * plot.Height)
        .Where(i => new Rgb(plot.Pixels[3 * i], plot.Pixels[3 * i + 1], plot.Pixels[3 * i + 2]) == colour)
        .Select(i => (i % plot.Width, i / plot.Width))];
}
