using System.Globalization;
using System.Text.Json;
using ClipSeg.Imaging;
using ClipSeg.Training.Data;

namespace ClipSeg.Tests.Training.Data;

/// <summary>Expected pixels are worked out by hand from Pillow's rules.</summary>
public sealed class PillowPolygonTests
{
    [Theory]
    [InlineData("...../.###./.###./.###./.....", "1, 1, 3, 1, 3, 3, 1, 3")]
    [InlineData("...../.###./.###./.###./.....", "1.9, 1.9, 3.9, 1.2, 3.5, 3.9, 1.1, 3.7")]     // cut, not rounded
    [InlineData("#####/###../#..../...../.....", "0, 0, 4, 0, 0, 2")]       // a slope has no outline of its own
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
    public void Polygons_are_filled_as_Pillow_fills_them_but_for_corners_that_later_ones_join()
    {
        using JsonDocument file = JsonDocument.Parse(File.ReadAllBytes(Fixtures.At("pillow", "polygons.json")));
        (int width, int height) = (file.RootElement.GetProperty("width").GetInt32(),
            file.RootElement.GetProperty("height").GetInt32());
        (int cases, int same, int on, int differ) = (0, 0, 0, 0);
        foreach (JsonElement polygon in file.RootElement.GetProperty("cases").EnumerateArray())
        {
            Mask mask = new(width, height);
            PillowPolygon.Fill(
                mask, [.. polygon.GetProperty("points").EnumerateArray().Select(v => v.GetDouble())]);
            string expected = polygon.GetProperty("mask").GetString()!.Replace("/", "");
            int wrong = expected.Where((c, i) => c == '#' != (mask.Values[i] == 1)).Count();
            (cases, same) = (cases + 1, wrong == 0 ? same + 1 : same);
            (on, differ) = (on + expected.Count(c => c == '#'), differ + wrong);
        }
        Assert.Equal((120, 83), (cases, same));
        Assert.InRange(differ / (double)on, 0, 0.008);
    }

    [Fact]
    public void A_corner_far_off_is_refused()
        => Assert.Throws<DataFormatException>(() => PillowPolygon.Fill(new(5, 5), [0, 0, 1e9, 0, 0, 1]));
}
