using System.Buffers.Binary;
using ClipSeg.Imaging;

namespace ClipSeg.Tests.Imaging;

public sealed class BmpTests
{
    private static readonly byte[] _redGreenBlueWhite = [0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0, 255, 255, 255, 0];

    /// <summary>A bitmap with the 40-byte header; <paramref name="extra"/> is masks or palette.</summary>
    public static byte[] Bitmap(int width, int height, int bits, int compression, byte[] extra, byte[] pixels)
    {
        byte[] header = new byte[54];
        "BM"u8.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(10), 54 + extra.Length);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(14), 40);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(18), width);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(22), height);
        header[26] = 1;
        header[28] = (byte)bits;
        header[30] = (byte)compression;
        return [.. header, .. extra, .. pixels];
    }

    /// <summary>One of every kind, for the mutations.</summary>
    public static byte[][] Every() =>
    [
        Bitmap(3, 2, 1, 0, _redGreenBlueWhite[..8], [0xA0, 0, 0, 0, 0x40, 0, 0, 0]),
        Bitmap(3, 2, 4, 0, _redGreenBlueWhite, [0x01, 0x20, 0, 0, 0x32, 0x10, 0, 0]),
        Bitmap(4, 3, 8, 1, _redGreenBlueWhite, [2, 1, 0, 3, 3, 2, 1, 0, 0, 0, 0, 2, 1, 1, 2, 3, 0, 1]),
        Bitmap(5, 2, 4, 2, _redGreenBlueWhite, [5, 0x12, 0, 0, 0, 5, 0x01, 0x23, 0x10, 0, 0, 1]),
        Bitmap(2, 1, 16, 0, [], [0x1F, 0x7C, 0xE0, 0x03]),
        Bitmap(2, 1, 16, 3, [0, 0xF8, 0, 0, 0xE0, 7, 0, 0, 0x1F, 0, 0, 0], [0x1F, 0xF8, 0xE0, 0x07]),
        Bitmap(2, -2, 24, 0, [], [1, 2, 3, 4, 5, 6, 0, 0, 7, 8, 9, 10, 11, 12, 0, 0]),
        Bitmap(1, 1, 32, 6, [0xFF, 0, 0, 0, 0, 0xFF, 0, 0, 0, 0, 0xFF, 0, 0, 0, 0, 0xFF], [1, 2, 3, 4]),
    ];

    [Fact]
    public void Bmp_with_two_colours_takes_bits_from_the_left_and_rows_from_below()
        => AssertColours("grg/rgr", Bitmap(3, 2, 1, 0, _redGreenBlueWhite[..8], [0x40, 0, 0, 0, 0xA0, 0, 0, 0]));

    [Fact]
    public void Bmp_with_sixteen_colours_takes_nibbles_from_the_left()
        => AssertColours("wbg/rgb", Bitmap(3, 2, 4, 0, _redGreenBlueWhite, [0x01, 0x20, 0, 0, 0x32, 0x10, 0, 0]));

    [Fact]
    public void Bmp_with_run_lengths_of_8_bits_decodes_runs_rows_jumps_and_plain_stretches()
    {
        // Two green; three as they are, which is odd and padded; next row; a jump by 1 right and 1 up; two white; end.
        byte[] pixels = [2, 1, 0, 3, 3, 2, 1, 0, 0, 0, 0, 2, 1, 1, 2, 3, 0, 1];
        AssertColours("rwwrr/rrrrr/ggwbg", Bitmap(5, 3, 8, 1, _redGreenBlueWhite, pixels));
    }

    [Fact]
    public void Bmp_with_run_lengths_of_4_bits_alternates_two_colours()
        => AssertColours("rgbwg/gbgbg",
            Bitmap(5, 2, 4, 2, _redGreenBlueWhite, [5, 0x12, 0, 0, 0, 5, 0x01, 0x23, 0x10, 0, 0, 1]));

    [Fact]
    public void Bmp_with_run_lengths_beyond_the_row_is_refused()
        => Assert.Throws<ImageFormatException>(
            () => Image.Decode(Bitmap(5, 2, 8, 1, _redGreenBlueWhite, [6, 1, 0, 1])));

    [Theory]
    [InlineData(0, new byte[] { }, new byte[] { 0x1F, 0x7C, 0xE0, 0x03 }, new byte[] { 255, 0, 255, 0, 255, 0 })]
    [InlineData(3, new byte[] { 0, 0xF8, 0, 0, 0xE0, 7, 0, 0, 0x1F, 0, 0, 0 }, new byte[] { 0x00, 0x80, 0x20, 0x04 },
        new byte[] { 131, 0, 0, 0, 133, 0 })]
    public void Bmp_of_16_bits_scales_each_field_to_a_byte(
        int compression, byte[] masks, byte[] pixels, byte[] expected)
    {
        // Pixel 2 of the second case: green 33 of 63, and 33 * 255 / 63 = 133; pixel 1: red 16 of 31 = 131.
        Assert.Equal(expected, Image.Decode(Bitmap(2, 1, 16, compression, masks, pixels)).Pixels);
    }

    [Fact]
    public void Bmp_with_a_negative_height_has_its_top_row_first()
    {
        Image image = Image.Decode(Bitmap(2, -2, 24, 0, [], [1, 2, 3, 4, 5, 6, 0, 0, 7, 8, 9, 10, 11, 12, 0, 0]));
        Assert.Equal([3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10], image.Pixels);
    }

    [Fact]
    public void Bmp_with_an_alpha_mask_has_alpha()
    {
        byte[] masks = [0xFF, 0, 0, 0, 0, 0xFF, 0, 0, 0, 0, 0xFF, 0, 0, 0, 0, 0xFF];
        Image image = Image.Decode(Bitmap(1, 1, 32, 6, masks, [1, 2, 3, 4]));
        Assert.Equal([1, 2, 3], image.Pixels);
        Assert.Equal([4], image.Alpha);
    }

    [Fact]
    public void Bmp_with_the_old_header_has_three_bytes_a_colour()
    {
        byte[] file = [(byte)'B', (byte)'M', 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0, 0, 12, 0, 0, 0, 2, 0, 1, 0, 1, 0, 1, 0,
            0, 0, 255, 255, 0, 0, 0x40, 0, 0, 0];
        AssertColours("rb", file);
    }

    [Fact]
    public void Bmp_whose_pixel_is_not_in_the_palette_is_refused()
    {
        ImageFormatException e = Assert.Throws<ImageFormatException>(
            () => Image.Decode(Bitmap(1, 1, 8, 0, _redGreenBlueWhite, [4, 0, 0, 0]), "p.bmp"));
        Assert.Equal("p.bmp: damaged BMP: a pixel has colour 4, the palette has 4 colours.", e.Message);
    }

    private static void AssertColours(string expected, byte[] file)
    {
        Image image = Image.Decode(file);
        Assert.Equal(expected.Replace("/", ""), string.Concat(image.Pixels.Chunk(3).Select(p => p switch
        {
            [255, 255, 255] => 'w',
            [255, 0, 0] => 'r',
            [0, 255, 0] => 'g',
            [0, 0, 255] => 'b',
            _ => '?',
        })));
        Assert.Equal(expected.Split('/')[0].Length, image.Width);
    }
}
