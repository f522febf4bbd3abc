using System.Globalization;
using ClipSeg.Imaging;
using ClipSeg.Training.Data;

namespace ClipSeg.Tests.Training.Data;

/// <summary>Expected pixels are worked out by hand from Pillow's rules.</summary>
public sealed class PillowPolygonTests
{
    [Theory]
    [InlineData("...../.###./.###./.###./.....", "1, 1, 3, 1, 3, 3, 1, 3")]
    [InlineData("...../.###./.###./.###./.....", "1.9, 1.9, 3.9, 1.2, 3.5, 3.9, 1.1, 3.7")]     // cut, not rounded
    [InlineData("#####/####./##.../...../.....", "0, 0, 4, 0, 0, 2")]       // the slope's outline is Bresenham's
    [InlineData("...../.###./...../...../.....", "1, 1, 3, 1")]             // a line
    [InlineData("...../...../...../...../.....", "2, 2")]                   // fewer than two points
    [InlineData("###../###../...../...../.....", "-4, -4, 2, -4, 2, 1, -4, 1")]
    [InlineData("#...#/##.##/#####/#####/#####", "0, 0, 2, 2, 4, 0, 4, 4, 0, 4")]      // a notch
    public void Pixels_are_those_of_Pillow(string expected, string corners)
    {
        double[] points = [.. corners.Split(", ").Select(n => double.Parse(n, CultureInfo.InvariantCulture))];
        Mask mask = new(5, 5);
        PillowPolygon.Fill(mask, points);
        Assert.Equal(expected, string.Join('/', mask.Values.Chunk(5)
            .Select(row => string.Concat(row.Select(v => v == 1 ? '#' : '.')))));
    }

    [Fact]
    public void A_corner_far_off_is_refused()
        => Assert.Throws<DataFormatException>(() => PillowPolygon.Fill(new(5, 5), [0, 0, 1e9, 0, 0, 1]));
}
