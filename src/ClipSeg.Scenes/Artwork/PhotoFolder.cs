using ClipSeg.Imaging;
using ClipSeg.Numerics;
using ClipSeg.Training.Data;

namespace ClipSeg.Scenes.Artwork;

/// <summary>A folder of photographs to put behind objects; each is read when first needed, and kept small.</summary>
internal sealed class PhotoFolder
{
    private const int KeptSide = 512;
    private static readonly string[] _extensions = [".png", ".jpg", ".jpeg", ".bmp", ".gif"];

    private readonly Lazy<Image>[] _photos;

    /// <exception cref="DataFormatException">The folder does not exist or holds no picture.</exception>
    public PhotoFolder(string folder)
    {
        if (!Directory.Exists(folder)) throw new DataFormatException($"There is no folder '{folder}' of photographs.");
        string[] files = [.. Directory.EnumerateFiles(folder)
            .Where(f => _extensions.Contains(Path.GetExtension(f).ToLowerInvariant()))
            .Order(StringComparer.Ordinal)];
        if (files.Length == 0) throw new DataFormatException($"{folder}: no {string.Join(", ", _extensions)} file.");
        _photos = [.. files.Select(f => new Lazy<Image>(() => Shrink(Image.Load(f))))];
    }

    public int Count => _photos.Length;

    /// <summary>Fills a square picture with a random square of a random photograph, perhaps mirrored.</summary>
    internal void Paint(Image picture, ref RandomStream random)
    {
        Image photo = _photos[random.Next(_photos.Length)].Value;
        float side = Math.Min(photo.Width, photo.Height) * random.Between(0.12f, 0.6f);
        float left = random.NextFloat() * (photo.Width - side), top = random.NextFloat() * (photo.Height - side);
        float step = side / picture.Width;
        bool mirrored = random.Chance(0.5f);
        for (int y = 0; y < picture.Height; y++)
        {
            int sourceY = Math.Min(photo.Height - 1, (int)(top + (y + 0.5f) * step));
            for (int x = 0; x < picture.Width; x++)
            {
                int sourceX = Math.Min(photo.Width - 1, (int)(left + (x + 0.5f) * step));
                int target = y * picture.Width + (mirrored ? picture.Width - 1 - x : x);
                photo.Pixels.AsSpan((sourceY * photo.Width + sourceX) * 3, 3).CopyTo(picture.Pixels.AsSpan(target * 3));
            }
        }
    }

    // Averages whole blocks of pixels until the shorter side is near the kept one.
    private static Image Shrink(Image photo)
    {
        int block = Math.Min(photo.Width, photo.Height) / KeptSide;
        if (block < 2) return photo;

        Image small = new(photo.Width / block, photo.Height / block);
        for (int y = 0; y < small.Height; y++)
        {
            for (int i = 0; i < small.Width * 3; i++)
            {
                int first = (y * block * photo.Width + i / 3 * block) * 3 + i % 3, sum = 0;
                for (int dy = 0; dy < block; dy++)
                    for (int dx = 0; dx < block; dx++) sum += photo.Pixels[first + (dy * photo.Width + dx) * 3];
                small.Pixels[y * small.Width * 3 + i] = (byte)(sum / (block * block));
            }
        }
        return small;
    }
}
