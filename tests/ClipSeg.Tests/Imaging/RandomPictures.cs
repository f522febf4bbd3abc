using ClipSeg.Imaging;

namespace ClipSeg.Tests.Imaging;

/// <summary>Seeded pictures: noise, gradients or flat areas, so that every filter and predictor gets work.</summary>
internal static class RandomPictures
{
    public static Image Image(Random random, int width, int height, bool alpha = false)
    {
        byte[] pixels = new byte[width * height * 3];
        int noise = random.Next(4) switch { 0 => 0, 1 => 4, 2 => 60, _ => 256 };
        int slopeX = random.Next(-6, 7), slopeY = random.Next(-6, 7), level = random.Next(256);
        for (int i = 0; i < pixels.Length; i++)
        {
            int pixel = i / 3, value = level + slopeX * (pixel % width) + slopeY * (pixel / width) + 40 * (i % 3);
            pixels[i] = (byte)(value + (noise == 0 ? 0 : random.Next(noise)));
        }
        byte[]? opacity = null;
        if (alpha) random.NextBytes(opacity = new byte[width * height]);
        return new(width, height, pixels, opacity);
    }
}
