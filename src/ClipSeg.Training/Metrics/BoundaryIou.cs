using ClipSeg.Imaging;

namespace ClipSeg.Training.Metrics;

/// <summary>Intersection over union of the bands along two masks' edges: how exact the outlines are.</summary>
/// <remarks>
/// Cheng et al. 2021, "Boundary IoU": each mask keeps the pixels that are within 2 % of the picture's diagonal of its
/// edge; outside of the picture nothing is on the object. Distances are a chess king's, as in the authors' code.
/// </remarks>
internal static class BoundaryIou
{
    private const double BandOfDiagonal = 0.02;

    /// <summary>Of masks of the same size; 1 if both are empty.</summary>
    /// <param name="threshold">Of the prediction; the truth is 0 and 1.</param>
    public static double Of(Mask prediction, Mask truth, double threshold)
    {
        (int width, int height) = (truth.Width, truth.Height);
        int band = Math.Max(1, (int)Math.Round(BandOfDiagonal * Math.Sqrt(width * width + height * height)));
        bool[] a = Band(prediction, (float)threshold, band), b = Band(truth, 0.5f, band);
        (int both, int either) = (0, 0);
        for (int i = 0; i < a.Length; i++)
        {
            if (a[i] && b[i]) both++;
            if (a[i] || b[i]) either++;
        }
        return either == 0 ? 1 : both / (double)either;
    }

    /// <summary>What is on the mask, but not when the mask is eroded by a square of 2 * band + 1.</summary>
    private static bool[] Band(Mask mask, float threshold, int band)
    {
        bool[] on = [.. mask.Values.Select(p => p > threshold)];
        bool[] rows = Erode(on, mask.Height, mask.Width, 1, band);
        bool[] inner = Erode(rows, mask.Width, mask.Height, mask.Width, band);
        for (int i = 0; i < on.Length; i++) on[i] &= !inner[i];
        return on;
    }

    // Along lines of `length` pixels that are `step` apart: on, if all within the band are; beyond the ends nothing is.
    private static bool[] Erode(bool[] on, int lines, int length, int step, int band)
    {
        bool[] eroded = new bool[on.Length];
        int across = step == 1 ? length : 1;
        for (int line = 0; line < lines; line++)
        {
            int run = 0;
            for (int i = 0; i < length; i++)
            {
                int at = line * across + i * step;
                run = on[at] ? run + 1 : 0;
                if (run > 2 * band) eroded[at - band * step] = true;
            }
        }
        return eroded;
    }
}
