using ClipSeg.Imaging;

namespace ClipSeg.Tests.Imaging;

public sealed class JpegTests
{
    [Theory]
    [InlineData("q95-s0.jpg")]
    [InlineData("q85-s1.jpg")]
    [InlineData("q75-s2.jpg")]
    [InlineData("q30-s2.jpg")]
    [InlineData("progressive.jpg")]
    [InlineData("progressive-420.jpg")]
    [InlineData("gray.jpg")]
    [InlineData("optimized.jpg")]
    [InlineData("restart.jpg")]
    [InlineData("cmyk.jpg")]
    [InlineData("odd-1x1.jpg")]
    [InlineData("odd-17x9.jpg")]
    [InlineData("exif-1.jpg")]
    [InlineData("exif-2.jpg")]
    [InlineData("exif-3.jpg")]
    [InlineData("exif-4.jpg")]
    [InlineData("exif-5.jpg")]
    [InlineData("exif-6.jpg")]
    [InlineData("exif-7.jpg")]
    [InlineData("exif-8.jpg")]
    public void Jpeg_decodes_to_the_reference_pixels_exactly(string file)
    {
        Image actual = Image.Load(Fixtures.At("images", file));
        Image expected = Image.Load(Fixtures.At("images", file + ".expected.png"));

        Assert.Equal((expected.Width, expected.Height), (actual.Width, actual.Height));
        Assert.Equal(expected.Pixels, actual.Pixels);
        Assert.Null(actual.Alpha);
    }
}
