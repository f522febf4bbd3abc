using System.Globalization;
using ClipSeg.Imaging;

namespace ClipSeg.Tests.Jobs;

/// <summary>Pictures of a block on a ground, all different, and the same every time.</summary>
internal static class BlockPictures
{
    /// <summary>Writes p0000.png and so on.</summary>
    /// <param name="side">In pixels.</param>
    public static void Write(string folder, int count, int side)
    {
        Random random = new(42);
        Directory.CreateDirectory(folder);
        for (int i = 0; i < count; i++)
        {
            Image picture = new(side, side);
            byte[] colours = new byte[6];
            random.NextBytes(colours);
            int left = random.Next(side / 2), top = random.Next(side / 2);
            for (int y = 0; y < side; y++)
            {
                for (int x = 0; x < side; x++)
                {
                    bool inside = x >= left && x < left + side / 2 && y >= top && y < top + side / 2;
                    colours.AsSpan(inside ? 3 : 0, 3).CopyTo(picture.Pixels.AsSpan(3 * (y * side + x)));
                }
            }
            picture.Save(Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"p{i:D4}.png")));
        }
    }
}
