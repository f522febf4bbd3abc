using SkiaSharp;

namespace ClipSeg.Imaging;

/// <summary>The line where a mask crosses a threshold.</summary>
internal static class Outline
{
    private const int MostCells = 1000;     // a side; a larger mask is looked at every few pixels
    private const int MostPieces = 20_000;  // more is noise, whose outline would hide all and take minutes

    /// <summary>Marching squares: straight pieces between every four pixel centres; none where all is noise.</summary>
    public static SKPath Of(Mask mask, float threshold)
    {
        float[] values = mask.Values;
        int step = (Math.Max(mask.Width, mask.Height) + MostCells - 1) / MostCells, down = step * mask.Width;
        using SKPathBuilder path = new();
        int pieces = 0;
        Span<SKPoint> crossings = stackalloc SKPoint[4];
        for (int y = 0; y + step < mask.Height; y += step)
        {
            for (int x = 0; x + step < mask.Width; x += step)
            {
                int i = y * mask.Width + x;
                float a = values[i], b = values[i + step], c = values[i + down + step], d = values[i + down];
                bool insideA = a > threshold, insideB = b > threshold, insideC = c > threshold, insideD = d > threshold;
                if (insideA == insideB && insideB == insideC && insideC == insideD) continue;

                int count = 0;
                float left = x + 0.5f, top = y + 0.5f;
                if (insideA != insideB) crossings[count++] = new(left + step * (threshold - a) / (b - a), top);
                if (insideB != insideC) crossings[count++] = new(left + step, top + step * (threshold - b) / (c - b));
                if (insideC != insideD) crossings[count++] = new(left + step * (threshold - d) / (c - d), top + step);
                if (insideD != insideA) crossings[count++] = new(left, top + step * (threshold - a) / (d - a));
                for (int k = 0; k < count; k += 2)
                {
                    if (++pieces > MostPieces) return new();
                    path.MoveTo(crossings[k]);
                    path.LineTo(crossings[k + 1]);
                }
            }
        }
        return path.Detach();
    }
}
