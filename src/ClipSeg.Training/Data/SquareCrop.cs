using ClipSeg.Imaging;
using ClipSeg.Numerics;

namespace ClipSeg.Training.Data;

/// <summary>
/// The random crop of CLIPSeg's training: a square that shows enough of what is asked for; spec 4.4, step 3.
/// </summary>
internal static class SquareCrop
{
    private const int Tries = 50;
    private const float Enough = 0.05f;     // of the whole picture's pixels

    /// <summary>
    /// A square as wide as the shorter side; the first of the tries that shows enough, else the best of them.
    /// </summary>
    internal static SegmentationSample Apply(SegmentationSample sample, ref RandomStream random)
    {
        int width = sample.Mask.Width, height = sample.Mask.Height, side = Math.Min(width, height);
        if (width == height) return sample;

        // Only the longer axis varies; seen[i] are the mask's pixels before the i-th column or row.
        int[] seen = CountAlong(sample.Mask, columns: width > height);
        (int best, int most) = (0, -1);
        for (int attempt = 0; attempt < Tries && most <= Enough * width * height; attempt++)
        {
            int start = random.Next(Math.Max(width, height) - side + 1), count = seen[start + side] - seen[start];
            if (count > most) (best, most) = (start, count);
        }
        (int x, int y) = width > height ? (best, 0) : (0, best);
        Mask mask = new(side, side);
        for (int row = 0; row < side; row++)
            sample.Mask.Values.AsSpan((y + row) * width + x, side).CopyTo(mask.Values.AsSpan(row * side));
        return sample with { Picture = sample.Picture.Crop(x, y, side, side), Mask = mask, Valid = null };
    }

    private static int[] CountAlong(Mask mask, bool columns)
    {
        int[] seen = new int[(columns ? mask.Width : mask.Height) + 1];
        for (int i = 0; i < mask.Values.Length; i++)
            if (mask.Values[i] > 0) seen[(columns ? i % mask.Width : i / mask.Width) + 1]++;
        for (int i = 1; i < seen.Length; i++) seen[i] += seen[i - 1];
        return seen;
    }
}
