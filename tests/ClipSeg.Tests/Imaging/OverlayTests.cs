using ClipSeg.Imaging;

namespace ClipSeg.Tests.Imaging;

public sealed class OverlayTests
{
    [Fact]
    public void Overlay_outlines_the_threshold_in_the_masks_colour()
    {
        // 1/16 more from column to column: exactly a half at column 8.
        Image picture = RandomPictures.Image(new(42), 17, 9);
        Mask ramp = new(17, 9, [.. Enumerable.Range(0, 17 * 9).Select(i => i % 17 / 16f)]);
        Rgb colour = new(10, 200, 90);

        Image overlay = ramp.Overlay(picture, colour);

        for (int y = 1; y < 8; y++) Assert.InRange(Distance(colour, Pixel(overlay, 8, y)), 0, 2);
        Assert.True(Distance(colour, Pixel(overlay, 12, 4)) > 2);
    }

    [Fact]
    public void Overlay_tints_in_proportion_and_dims_the_rest()
    {
        Image picture = new(30, 1);
        picture.Pixels.AsSpan().Fill(100);
        Mask mask = new(30, 1, [.. Enumerable.Range(0, 30).Select(i => i / 29f)]);

        Image overlay = mask.Overlay(picture, new(255, 100, 100));

        for (int x = 1; x < 30; x++) Assert.True(overlay.Pixels[x * 3] > overlay.Pixels[x * 3 - 3]);
        Assert.Equal(100 - 0.3 * 30, overlay.Pixels[0], 0.5);
        Assert.Equal(0.4 * 100 + 0.6 * 255, overlay.Pixels[29 * 3], 0.5);
        Assert.All(picture.Pixels, p => Assert.Equal(100, p));
    }

    [Fact]
    public void Overlay_fits_masks_of_another_size()
    {
        Image picture = RandomPictures.Image(new(42), 40, 30);
        Mask mask = new(4, 3, [0, 0, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1]);
        Assert.Equal(mask.Resize(40, 30).Overlay(picture).Pixels, mask.Overlay(picture).Pixels);
    }

    [Theory]
    [InlineData(64, 48, 1)]
    [InlineData(200, 100, 9)]
    [InlineData(640, 480, 30)]
    [InlineData(1, 1, 2)]
    [InlineData(3000, 40, 14)]
    public void Overlay_is_as_large_as_the_picture_however_many_labels(int width, int height, int count)
    {
        Image overlay = Overlay.Draw(new(width, height), Squares(width, height, count), Labels(count));
        Assert.Equal((width, height), (overlay.Width, overlay.Height));
    }

    [Fact]
    public void Overlay_puts_a_label_on_its_mask()
    {
        Image picture = new(300, 200);
        Mask mask = new(300, 200);
        for (int y = 20; y < 80; y++) mask.Values.AsSpan(y * 300 + 160, 120).Fill(1);
        Image bare = mask.Overlay(picture), named = Overlay.Draw(picture, [mask], ["kite"]);

        int[] changed = [.. Enumerable.Range(0, 300 * 200).Where(i => bare.Pixels[3 * i] != named.Pixels[3 * i])];

        Assert.NotEmpty(changed);
        Assert.All(changed, i => Assert.True(i % 300 is > 160 and < 280 && i / 300 is > 20 and < 80));
    }

    [Fact]
    public void Overlay_names_what_was_not_found_in_the_corner()
    {
        Image picture = new(300, 200);
        Image overlay = Overlay.Draw(picture, [new(300, 200)], ["unicorn"]);
        Assert.All(Enumerable.Range(0, 300 * 100), i => Assert.Equal(0, overlay.Pixels[3 * i]));
        Assert.True(overlay.Pixels.Count(p => p > 200) > 20);
    }

    [Fact]
    public void Overlay_key_shows_every_colour()
    {
        Image overlay = Overlay.Draw(new(640, 480), [.. Labels(30).Select(_ => new Mask(640, 480))], Labels(30));
        HashSet<Rgb> colours = [.. overlay.Pixels.Chunk(3).Select(p => new Rgb(p[0], p[1], p[2]))];
        Assert.All(Enumerable.Range(0, 21), i => Assert.Contains(Overlay.Colour(i), colours));
        Assert.Equal(21, Enumerable.Range(0, 21).Select(Overlay.Colour).Distinct().Count());
    }

    [Theory]
    [InlineData("Crème brûlée")]
    [InlineData("Ελληνικά")]
    [InlineData("Кошка, ёжик")]
    public void Text_of_every_script_that_the_own_font_has_is_one_run(string text)
        => Assert.Equal((text, Typefaces.Own), Assert.Single(Typefaces.Runs(text)));

    [Theory]
    [InlineData("日本語")]
    [InlineData("a 🙂 b")]
    [InlineData("\ud800 lone")]
    [InlineData("")]
    public void Text_that_the_machine_may_have_no_font_for_is_drawn_all_the_same(string text)
    {
        using Drawing drawing = new(200, 40, new(0, 0, 0));
        drawing.Text(4, 10, text, new(255, 255, 255), 16);
        Assert.Equal(text.Length > 0, drawing.ToImage().Pixels.Max() > 100);
        Assert.InRange(Drawing.TextWidth(Drawing.Shorten(text, 30, 16), 16), 0, 30);
    }

    [Fact]
    public void CutOut_is_the_picture_under_the_masks_alpha()
    {
        Image picture = new(2, 1, [1, 2, 3, 4, 5, 6], [255, 128]);
        Image cut = picture.CutOut(new(2, 1, [0.2f, 1]));
        Assert.Equal(picture.Pixels, cut.Pixels);
        Assert.Equal([51, 128], cut.Alpha);
        Assert.Equal([51, 128], cut.CutOut(new(1, 1, [1])).Alpha);
    }

    [Fact]
    public void On_lays_the_picture_on_a_colour()
    {
        Image picture = new(3, 1, [10, 20, 30, 10, 20, 30, 10, 20, 30], [255, 0, 51]);
        Image laid = picture.On(new(110, 220, 130));
        Assert.Equal([10, 20, 30, 110, 220, 130, 90, 180, 110], laid.Pixels);
        Assert.Null(laid.Alpha);
    }

    private static string[] Labels(int count) => [.. Enumerable.Range(0, count).Select(i => $"label {i}")];

    private static Mask[] Squares(int width, int height, int count) => [.. Enumerable.Range(0, count).Select(i =>
        new Mask(width, height, [.. Enumerable.Range(0, width * height).Select(p => p / 16 % count == i ? 1f : 0f)]))];

    [Fact]
    public void Overlay_refuses_masks_without_labels()
        => Assert.Throws<ArgumentException>(() => Overlay.Draw(new(1, 1), [new(1, 1)], []));

    [Fact]
    public void Crop_copies_colour_and_alpha_of_the_rectangle()
    {
        Image image = RandomPictures.Image(new(42), 7, 5, alpha: true);
        Image crop = image.Crop(2, 1, 4, 3);
        for (int y = 0; y < 3; y++)
        {
            for (int x = 0; x < 4; x++)
            {
                int from = (y + 1) * 7 + x + 2, to = y * 4 + x;
                Assert.Equal(image.Pixels.AsSpan(from * 3, 3), crop.Pixels.AsSpan(to * 3, 3));
                Assert.Equal(image.Alpha![from], crop.Alpha![to]);
            }
        }
        Assert.Throws<ArgumentException>(() => image.Crop(4, 0, 4, 1));
    }

    private static int Distance(Rgb a, Rgb b)
        => Math.Max(Math.Abs(a.R - b.R), Math.Max(Math.Abs(a.G - b.G), Math.Abs(a.B - b.B)));

    private static Rgb Pixel(Image image, int x, int y)
    {
        ReadOnlySpan<byte> pixel = image.Pixels.AsSpan((y * image.Width + x) * 3, 3);
        return new(pixel[0], pixel[1], pixel[2]);
    }
}
