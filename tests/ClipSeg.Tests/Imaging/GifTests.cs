using ClipSeg.Imaging;

namespace ClipSeg.Tests.Imaging;

public sealed class GifTests
{
    private static readonly byte[] _palette = [255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9];

    /// <summary>Four colours, every code a literal: a clear code comes often enough to keep them at 3 bits.</summary>
    public static byte[] Gif(int screenWidth, int screenHeight, int left, int top, int width, int height,
        byte[] indices, int transparent = -1, bool interlaced = false)
    {
        List<byte> file = [.. "GIF89a"u8, (byte)screenWidth, 0, (byte)screenHeight, 0, 0x81, 3, 0, .. _palette];
        if (transparent >= 0) file.AddRange([0x21, 0xF9, 4, 1, 0, 0, (byte)transparent, 0]);
        file.AddRange([0x2C, (byte)left, 0, (byte)top, 0, (byte)width, 0, (byte)height, 0]);
        file.AddRange([(byte)(interlaced ? 0x40 : 0), 2]);

        List<bool> bits = [];
        for (int i = 0; i < indices.Length; i++)
        {
            if (i % 2 == 0) Put(4);
            Put(indices[i]);
        }
        Put(5);
        byte[] body = new byte[(bits.Count + 7) / 8];
        for (int i = 0; i < bits.Count; i++) body[i / 8] |= (byte)(bits[i] ? 1 << (i % 8) : 0);
        foreach (byte[] block in body.Chunk(7)) file.AddRange([(byte)block.Length, .. block]);
        return [.. file, 0, 0x3B];

        void Put(int code) => bits.AddRange([(code & 1) != 0, (code & 2) != 0, (code & 4) != 0]);
    }

    [Fact]
    public void Gif_smaller_than_its_screen_lies_on_the_background()
    {
        Image image = Image.Decode(Gif(3, 2, 1, 1, 2, 1, [0, 1]));
        Assert.Equal([9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 255, 0, 0, 0, 255, 0], image.Pixels);
        Assert.Equal([0, 0, 0, 0, 255, 255], image.Alpha);
    }

    [Fact]
    public void Gif_with_a_transparent_colour_has_alpha()
    {
        Image image = Image.Decode(Gif(2, 1, 0, 0, 2, 1, [2, 1], transparent: 2));
        Assert.Equal([0, 0, 255, 0, 255, 0], image.Pixels);
        Assert.Equal([0, 255], image.Alpha);
    }

    [Fact]
    public void Gif_that_sticks_out_of_its_screen_extends_it()
    {
        Image image = Image.Decode(Gif(1, 1, 0, 0, 2, 1, [0, 1]));
        Assert.Equal((2, 1), (image.Width, image.Height));
        Assert.Null(image.Alpha);
    }

    [Fact]
    public void Gif_with_interlaced_rows_puts_them_in_order()
    {
        // Rows are stored 0, 8, 4, 2, 6, 1, 3, 5, 7: give the stored rows colours by that order.
        int[] order = [0, 8, 4, 2, 6, 1, 3, 5, 7];
        Image image = Image.Decode(Gif(1, 9, 0, 0, 1, 9, [.. order.Select(row => (byte)(row % 3))], interlaced: true));
        for (int y = 0; y < 9; y++) Assert.Equal(255, image.Pixels[y * 3 + y % 3]);
    }

    [Fact]
    public void Gif_with_too_few_pixels_is_refused()
    {
        ImageFormatException e = Assert.Throws<ImageFormatException>(
            () => Image.Decode(Gif(2, 2, 0, 0, 2, 2, [0, 1, 2]), "short.gif"));
        Assert.Equal("short.gif: damaged GIF: its pixels end after 3 of 4.", e.Message);
    }
}
