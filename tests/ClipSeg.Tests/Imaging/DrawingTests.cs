using ClipSeg.Imaging;

namespace ClipSeg.Tests.Imaging;

public sealed class DrawingTests
{
    private static readonly Rgb _red = new(255, 0, 0);

    [Fact]
    public void FillRectangle_fills_what_lies_in_the_picture()
    {
        Image image = new(6, 4);
        Drawing.FillRectangle(image, -2, 1, 5, 2, _red);
        Drawing.FillRectangle(image, 5, 3, int.MaxValue, int.MaxValue, _red);
        Drawing.FillRectangle(image, 60, 3, 5, 5, _red);
        Assert.Equal([". . . . . .", "# # # . . .", "# # # . . .", ". . . . . #"], Rows(image));
    }

    [Theory]
    [InlineData(1, 2.5f, 5, 2.5f, new[] { ". . . . . .", ". . . . . .", ". # # # # .", ". . . . . ." })]
    [InlineData(3.5f, 1, 3.5f, 3, new[] { ". . . . . .", ". . . # . .", ". . . # . .", ". . . . . ." })]
    [InlineData(0.5f, 0.5f, 3.5f, 3.5f, new[] { "# . . . . .", ". # . . . .", ". . # . . .", ". . . # . ." })]
    [InlineData(-90, 0.5f, 90, 0.5f, new[] { "# # # # # #", ". . . . . .", ". . . . . .", ". . . . . ." })]
    public void Line_covers_the_pixels_under_it(float x0, float y0, float x1, float y1, string[] expected)
    {
        Image image = new(6, 4);
        Drawing.Line(image, x0, y0, x1, y1, _red);
        Assert.Equal(expected, Rows(image));
    }

    [Fact]
    public void Line_is_as_thick_as_asked()
    {
        Image image = new(40, 40);
        Drawing.Line(image, -20, 13, 60, 29, _red, thickness: 7);
        double area = image.Pixels.Sum(p => p / 255.0), length = 40 * Math.Sqrt(80 * 80 + 16 * 16) / 80;
        Assert.Equal(7 * length, area, 0.01 * 7 * length);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1.5f)]
    [InlineData(3)]
    public void Text_stays_within_the_width_it_announces(float scale)
    {
        const string text = "Wij, q@{}~";
        Image image = new(400, 60);
        Drawing.Text(image, 10, 10, text, _red, scale);

        int right = 10 + Drawing.TextWidth(text, scale);
        for (int i = 0; i < image.Width * image.Height; i++)
        {
            (int x, int y) = (i % image.Width, i / image.Width);
            if (x < 9 || x > right || y < 9 || y > 10 + 9 * scale + 1) Assert.Equal(0, image.Pixels[i * 3]);
        }
        Assert.Contains((byte)255, image.Pixels);
    }

    [Fact]
    public void Text_outside_of_the_picture_is_left_out()
    {
        Image image = new(5, 5);
        foreach (float scale in (float[])[1, 2.5f])
        {
            Drawing.Text(image, -500, 0, "left", _red, scale);
            Drawing.Text(image, 0, 500, "below", _red, scale);
        }
        Assert.All(image.Pixels, p => Assert.Equal(0, p));
    }

    [Fact]
    public void Font_has_a_glyph_of_its_own_for_every_ascii_character()
    {
        string ascii = string.Concat(Enumerable.Range(' ', '~' - ' ' + 1).Select(c => (char)c));
        List<ulong> glyphs = Font.Layout(ascii);
        Assert.Equal(95, glyphs.Distinct().Count());
        Assert.Equal(0ul, glyphs[0]);
        Assert.Equal([3, 2, 4], Font.Layout("Ilo").Select(Font.Width));
    }

    [Theory]
    [InlineData("Crème brûlée", "Creme brulee")]
    [InlineData("ÀÿßØ", "AysO")]
    [InlineData("日本 ☺ 🙂", "?? ? ?")]
    [InlineData("a\tb\n", "a b?")]
    public void Font_falls_back_to_ascii(string text, string same)
        => Assert.Equal(Font.Layout(same), Font.Layout(text));

    private static string[] Rows(Image image) => [.. Enumerable.Range(0, image.Height).Select(y => string.Join(' ',
        Enumerable.Range(0, image.Width).Select(x => image.Pixels[(y * image.Width + x) * 3] > 200 ? '#' : '.')))];
}
