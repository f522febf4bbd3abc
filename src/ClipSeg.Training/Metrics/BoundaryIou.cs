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
        (long both, long either) = Count(
            [.. prediction.Values.Select(p => p > (float)threshold)], [.. truth.Values.Select(p => p > 0.5f)],
            truth.Width);
        return either == 0 ? 1 : both / (double)either;
    }

    /// <summary>The pixels on both bands, and on either; of masks [height, width].</summary>
    public static (long Both, long Either) Count(bool[] prediction, bool[] truth, int width)
    {
        int height = truth.Length / width;
        int band = Math.Max(1, (int)Math.Round(BandOfDiagonal * Math.Sqrt(width * width + height * height)));
        bool[] a = Band(prediction, width, band), b = Band(truth, width, band);
        (long both, long either) = (0, 0);
        for (int i = 0; i < a.Length; i++)
        {
            if (a[i] && b[i]) both++;
            if (a[i] || b[i]) either++;
        }
        return (both, either);
    }

    /// <summary>What is on the mask, but not when the mask is eroded by a square of 2 * band + 1.</summary>
    private static bool[] Band(bool[] on, int width, int band)
    {
        int height = on.Length / width;
        bool[] inner = Erode(Erode(on, height, width, 1, band), width, height, width, band);
        return [.. on.Zip(inner, (all, inside) => all && !inside)];
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
