namespace ClipSeg.Imaging;

/// <summary>What a JPEG's components mean.</summary>
internal enum JpegColour
{
    Grey,
    YCbCr,
    Rgb,
    Cmyk,
    Ycck,
}

/// <summary>JPEG components to RGB, a row at a time, in 16-bit fixed point (the JFIF equations).</summary>
internal static class JpegColours
{
    private const int Half = 1 << 15;

    /// <summary>One row of up to four components (the later ones empty where there are fewer) to [width, 3].</summary>
    public static void ToRgb(JpegColour colour, ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, ReadOnlySpan<byte> c,
        ReadOnlySpan<byte> d, Span<byte> rgb)
    {
        switch (colour)
        {
            case JpegColour.Grey:
                for (int x = 0; x * 3 < rgb.Length; x++) rgb.Slice(x * 3, 3).Fill(a[x]);
                break;
            case JpegColour.YCbCr:
                FromYCbCr(a, b, c, rgb);
                break;
            case JpegColour.Ycck:
                FromYCbCr(a, b, c, rgb);
                foreach (ref byte value in rgb) value = (byte)(255 - value);
                ApplyBlack(d, rgb);
                break;
            default:
                for (int x = 0, at = 0; at < rgb.Length; x++, at += 3)
                    (rgb[at], rgb[at + 1], rgb[at + 2]) = (a[x], b[x], c[x]);
                if (colour == JpegColour.Cmyk) ApplyBlack(d, rgb);
                break;
        }
    }

    private static void FromYCbCr(ReadOnlySpan<byte> luma, ReadOnlySpan<byte> cb, ReadOnlySpan<byte> cr, Span<byte> rgb)
    {
        int count = rgb.Length / 3;
        luma = luma[..count];
        cb = cb[..count];
        cr = cr[..count];
        for (int x = 0; x < luma.Length; x++)
        {
            int y = luma[x], blue = cb[x] - 128, red = cr[x] - 128;
            rgb[x * 3] = Clamp(y + ((91881 * red + Half) >> 16));
            rgb[x * 3 + 1] = Clamp(y + ((-22554 * blue - 46802 * red + Half) >> 16));
            rgb[x * 3 + 2] = Clamp(y + ((116130 * blue + Half) >> 16));
        }
    }

    // Adobe stores inks inverted (255 is none), so the product of ink and black is already the light that is left.
    // The rounding is Pillow's, which takes the ink's share of the light away rather than keep the rest.
    private static void ApplyBlack(ReadOnlySpan<byte> black, Span<byte> rgb)
    {
        for (int i = 0; i < rgb.Length; i++)
        {
            int light = black[i / 3], product = (255 - rgb[i]) * light + 128;
            rgb[i] = Clamp(light - (((product >> 8) + product) >> 8));
        }
    }

    private static byte Clamp(int value) => (byte)Math.Clamp(value, 0, 255);
}
