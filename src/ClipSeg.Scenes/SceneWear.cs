using ClipSeg.Imaging;
using ClipSeg.Numerics;
using SkiaSharp;

namespace ClipSeg.Scenes;

/// <summary>What happens to pictures on their way: other light, a lens out of focus, bad JPEG files.</summary>
/// <remarks>It changes colours only, never what is where. JPEG's bits are those of SkiaSharp.</remarks>
internal static class SceneWear
{
    private const float ShiftShare = 0.4f, BlurShare = 0.2f, JpegShare = 0.25f;
    private const int LeastQuality = 25, MostQuality = 85;

    public static void Apply(Image picture, ref RandomStream random)
    {
        if (random.Chance(ShiftShare)) ShiftColours(picture, ref random);
        if (random.Chance(BlurShare))
            for (int i = 1 + random.Next(1 + picture.Width / 96); i > 0; i--) Soften(picture);
        if (random.Chance(JpegShare)) Compress(picture, LeastQuality + random.Next(MostQuality - LeastQuality + 1));
    }

    // A gain and an offset for each channel, and one contrast for all.
    private static void ShiftColours(Image picture, ref RandomStream random)
    {
        float contrast = random.Between(0.7f, 1.15f), light = random.Between(-25, 25);
        byte[][] tables = new byte[3][];
        for (int c = 0; c < 3; c++)
        {
            float gain = contrast * random.Between(0.9f, 1.1f), offset = light + 127 * (1 - contrast);
            tables[c] = [.. Enumerable.Range(0, 256).Select(v => (byte)Math.Clamp(v * gain + offset, 0, 255))];
        }
        byte[] pixels = picture.Pixels;
        for (int i = 0; i < pixels.Length; i += 3)
            for (int c = 0; c < 3; c++) pixels[i + c] = tables[c][pixels[i + c]];
    }

    // A binomial kernel of three, along rows and then along columns; the edge repeats.
    private static void Soften(Image picture)
    {
        int width = picture.Width, height = picture.Height, stride = 3 * width;
        byte[] pixels = picture.Pixels, rows = new byte[pixels.Length];
        for (int y = 0; y < height; y++)
        {
            for (int i = 0; i < stride; i++)
            {
                int at = y * stride + i, before = i < 3 ? at : at - 3, after = i >= stride - 3 ? at : at + 3;
                rows[at] = (byte)(pixels[before] + 2 * pixels[at] + pixels[after] + 2 >> 2);
            }
        }
        for (int y = 0; y < height; y++)
        {
            int above = y == 0 ? 0 : -stride, below = y == height - 1 ? 0 : stride;
            for (int at = y * stride; at < (y + 1) * stride; at++)
                pixels[at] = (byte)(rows[at + above] + 2 * rows[at] + rows[at + below] + 2 >> 2);
        }
    }

    private static void Compress(Image picture, int quality)
    {
        SKImageInfo info = new(picture.Width, picture.Height, SKColorType.Rgb888x, SKAlphaType.Opaque);
        byte[] pixels = picture.Pixels, padded = new byte[info.BytesSize];
        for (int i = 0, k = 0; i < pixels.Length; i += 3, k += 4) pixels.AsSpan(i, 3).CopyTo(padded.AsSpan(k));
        using SKImage image = SKImage.FromPixelCopy(info, padded);
        using SKData file = image.Encode(SKEncodedImageFormat.Jpeg, quality);
        using SKCodec codec = SKCodec.Create(file);
        codec.GetPixels(info, padded);
        for (int i = 0, k = 0; i < pixels.Length; i += 3, k += 4) padded.AsSpan(k, 3).CopyTo(pixels.AsSpan(i));
    }
}
