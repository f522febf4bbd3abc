namespace ClipSeg.Imaging;

/// <summary>Shows masks on their picture: tinted by probability, outlined at the threshold, a legend below.</summary>
internal static class Overlay
{
    private const float TintOpacity = 0.6f, HaloOpacity = 0.45f, Dimming = 0.3f;

    private static readonly Rgb _black = new(0, 0, 0), _white = new(255, 255, 255);

    // Okabe and Ito's colours, which people tell apart with every kind of colour vision, the strongest first.
    private static ReadOnlySpan<uint> Palette => [0xD55E00, 0x56B4E9, 0xF0E442, 0x009E73, 0xCC79A7, 0xE69F00, 0x0072B2];

    /// <summary>The colour of a list's mask: distinct for the first 7, then shades of those.</summary>
    public static Rgb Colour(int index)
    {
        uint rgb = Palette[index % Palette.Length];
        Rgb colour = new((byte)(rgb >> 16), (byte)(rgb >> 8), (byte)rgb);
        return (index / Palette.Length % 3) switch
        {
            0 => colour,
            1 => colour.Mix(_white, 0.5f),
            _ => colour.Mix(_black, 0.45f),
        };
    }

    /// <summary>The picture with all masks, and a legend strip underneath that names them.</summary>
    /// <param name="picture">Stays as it is.</param>
    /// <param name="masks">Probabilities; resized where they are not of the picture's size.</param>
    /// <param name="labels">One for each mask.</param>
    /// <param name="threshold">Where the outlines run.</param>
    public static Image Draw(Image picture, IReadOnlyList<Mask> masks, IReadOnlyList<string> labels,
        float threshold = 0.5f)
    {
        if (masks.Count != labels.Count)
            throw new ArgumentException($"{masks.Count} masks have {labels.Count} labels, expected one for each.");
        Rgb[] colours = [.. Enumerable.Range(0, masks.Count).Select(Colour)];
        return Legend.Append(Paint(picture, masks, colours, threshold), labels, colours);
    }

    /// <summary>The picture with masks in colours of the caller's, without a legend.</summary>
    internal static Image Paint(Image picture, IReadOnlyList<Mask> masks, ReadOnlySpan<Rgb> colours, float threshold)
    {
        int width = picture.Width, height = picture.Height;
        Mask[] fitted = [.. masks.Select(m => m.Width == width && m.Height == height ? m : m.Resize(width, height))];
        Image result = new(width, height, (byte[])picture.Pixels.Clone());
        Tint(result.Pixels, fitted, colours);

        float thickness = Math.Clamp(Math.Min(width, height) / 300f, 1, 6);
        for (int i = 0; i < fitted.Length; i++)
        {
            Coverage line = new(width, height), halo = new(width, height);
            Outline(fitted[i], threshold, (x0, y0, x1, y1) =>
            {
                line.Add(x0, y0, x1, y1, thickness);
                halo.Add(x0, y0, x1, y1, thickness * 1.8f + 1);
            });
            halo.Paint(result, 0, 0, _black, HaloOpacity);
            line.Paint(result, 0, 0, colours[i]);
        }
        return result;
    }

    /// <summary>
    /// Every mask's colour in proportion to its probability; what no mask wants loses some light and colour.
    /// </summary>
    private static void Tint(Span<byte> pixels, Mask[] masks, ReadOnlySpan<Rgb> colours)
    {
        for (int i = 0; i < pixels.Length / 3; i++)
        {
            Span<byte> pixel = pixels.Slice(i * 3, 3);
            float uncovered = 1, sum = 0, red = 0, green = 0, blue = 0, most = 0;
            for (int m = 0; m < masks.Length; m++)
            {
                float p = Math.Clamp(masks[m].Values[i], 0, 1);
                uncovered *= 1 - TintOpacity * p;
                sum += p;
                red += p * colours[m].R;
                green += p * colours[m].G;
                blue += p * colours[m].B;
                most = MathF.Max(most, p);
            }
            float grey = (0.3f * pixel[0] + 0.59f * pixel[1] + 0.11f * pixel[2]) * 0.7f, dim = Dimming * (1 - most);
            float covered = sum > 0 ? (1 - uncovered) / sum : 0, kept = uncovered * (1 - dim);
            pixel[0] = (byte)(pixel[0] * kept + grey * dim * uncovered + red * covered + 0.5f);
            pixel[1] = (byte)(pixel[1] * kept + grey * dim * uncovered + green * covered + 0.5f);
            pixel[2] = (byte)(pixel[2] * kept + grey * dim * uncovered + blue * covered + 0.5f);
        }
    }

    /// <summary>The line where the mask crosses the threshold, cell by cell between four pixel centres.</summary>
    private static void Outline(Mask mask, float threshold, Action<float, float, float, float> segment)
    {
        float[] values = mask.Values;
        Span<(float X, float Y)> crossings = stackalloc (float, float)[4];
        for (int y = 0; y < mask.Height - 1; y++)
        {
            for (int x = 0; x < mask.Width - 1; x++)
            {
                int i = y * mask.Width + x;
                float a = values[i], b = values[i + 1], c = values[i + mask.Width + 1], d = values[i + mask.Width];
                bool insideA = a > threshold, insideB = b > threshold, insideC = c > threshold, insideD = d > threshold;
                if (insideA == insideB && insideB == insideC && insideC == insideD) continue;

                int count = 0;
                float left = x + 0.5f, top = y + 0.5f;
                if (insideA != insideB) crossings[count++] = (left + (threshold - a) / (b - a), top);
                if (insideB != insideC) crossings[count++] = (left + 1, top + (threshold - b) / (c - b));
                if (insideC != insideD) crossings[count++] = (left + (threshold - d) / (c - d), top + 1);
                if (insideD != insideA) crossings[count++] = (left, top + (threshold - a) / (d - a));
                for (int k = 0; k < count; k += 2)
                    segment(crossings[k].X, crossings[k].Y, crossings[k + 1].X, crossings[k + 1].Y);
            }
        }
    }
}
