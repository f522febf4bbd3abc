namespace ClipSeg.Imaging;

/// <summary>Shows a mask's values as colours that grow lighter: black, violet, red, orange, pale yellow.</summary>
internal static class Heatmap
{
    // At 0, 1/6, 2/6 and so on; luminance rises in nearly equal steps, so that it reads in grey as well.
    private static ReadOnlySpan<uint> Anchors => [0x05040F, 0x3A1267, 0x7D1F72, 0xC0375A, 0xEC6A34, 0xFBAF2A, 0xFCF6B0];

    private static readonly Rgb[] _colours = [.. Enumerable.Range(0, 256).Select(level => At(level / 255f))];

    public static Image Of(Mask mask)
    {
        Image image = new(mask.Width, mask.Height);
        Span<byte> pixels = image.Pixels;
        for (int i = 0; i < mask.Values.Length; i++)
        {
            Rgb colour = _colours[(int)(Math.Clamp(mask.Values[i], 0, 1) * 255 + 0.5f)];
            (pixels[3 * i], pixels[3 * i + 1], pixels[3 * i + 2]) = (colour.R, colour.G, colour.B);
        }
        return image;
    }

    private static Rgb At(float value)
    {
        int last = Anchors.Length - 1, below = Math.Min((int)(value * last), last - 1);
        return Colour(Anchors[below]).Mix(Colour(Anchors[below + 1]), value * last - below);
    }

    private static Rgb Colour(uint rgb) => new((byte)(rgb >> 16), (byte)(rgb >> 8), (byte)rgb);
}
