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

        for (int y = 1; y < 8; y++) Assert.Equal(colour, Pixel(overlay, 8, y));
        Assert.NotEqual(colour, Pixel(overlay, 12, 4));
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

    [Fact]
    public void Overlay_legend_shows_every_colour_below_the_picture()
    {
        Image picture = new(200, 100);
        Mask[] masks = [.. Enumerable.Range(0, 9).Select(_ => new Mask(200, 100))];
        string[] labels = [.. masks.Select((_, i) => i == 4 ? new string('w', 500) : $"label {i}")];

        Image overlay = Overlay.Draw(picture, masks, labels);

        Assert.Equal(200, overlay.Width);
        HashSet<Rgb> colours = [.. overlay.Pixels[(200 * 100 * 3)..].Chunk(3).Select(p => new Rgb(p[0], p[1], p[2]))];
        Assert.All(Enumerable.Range(0, 9), i => Assert.Contains(Overlay.Colour(i), colours));
        Assert.Equal(21, Enumerable.Range(0, 21).Select(Overlay.Colour).Distinct().Count());
    }

    [Fact]
    public void Overlay_draws_on_the_smallest_picture()
    {
        Image overlay = Overlay.Draw(new(1, 1), [new(1, 1, [1])], ["a label that cannot fit"]);
        Assert.Equal(1, overlay.Width);
    }

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

    private static Rgb Pixel(Image image, int x, int y)
    {
        ReadOnlySpan<byte> pixel = image.Pixels.AsSpan((y * image.Width + x) * 3, 3);
        return new(pixel[0], pixel[1], pixel[2]);
    }
}
