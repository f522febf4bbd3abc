using System.Runtime.CompilerServices;
using ClipSeg.Numerics;
using SkiaSharp;

namespace ClipSeg.Imaging;

/// <summary>Shows masks on their picture: tinted by probability, outlined at the threshold, with labels.</summary>
internal static class Overlay
{
    private const float TintOpacity = 0.6f, HaloOpacity = 0.45f, Dimming = 0.3f;
    private const int RowGrain = 64;        // rows that are worth another thread

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

    /// <summary>The picture, at its own size, with all masks and their labels on it.</summary>
    /// <param name="picture">Stays as it is.</param>
    /// <param name="masks">Probabilities; resized where they are not of the picture's size.</param>
    /// <param name="labels">One for each mask.</param>
    /// <param name="threshold">Where the outlines run.</param>
    public static Image Draw(Image picture, IReadOnlyList<Mask> masks, IReadOnlyList<string> labels,
        float threshold = 0.5f)
    {
        if (masks.Count != labels.Count)
            throw new ArgumentException($"{masks.Count} masks have {labels.Count} labels, expected one for each.");
        return Draw(picture, [.. masks.Select((mask, i) => new OverlayMask(mask, Colour(i), threshold, labels[i]))]);
    }

    /// <summary>The picture with masks in colours of the caller's, without labels.</summary>
    public static Image Draw(Image picture, IReadOnlyList<Mask> masks, Rgb[] colours, float threshold)
        => Draw(picture, [.. masks.Select((mask, i) => new OverlayMask(mask, colours[i], threshold))]);

    /// <summary>The picture with masks on it, each as it says; its own size, and stays as it is.</summary>
    public static Image Draw(Image picture, IReadOnlyList<OverlayMask> masks)
    {
        int width = picture.Width, height = picture.Height;
        Mask[] fitted = [.. masks.Select(m => m.Mask)
            .Select(m => m.Width == width && m.Height == height ? m : m.Resize(width, height))];
        Rgb[] colours = [.. masks.Select(m => m.Colour)];
        using Drawing drawing = new(width, height, default);
        Workers.Split(height, RowGrain, (start, end) => Tint(picture, start, end, fitted, colours, drawing.Rgba));

        float thickness = Math.Clamp(Math.Min(width, height) / 300f, 1, 6);
        for (int i = 0; i < fitted.Length; i++)
        {
            using SKPath outline = Outline.Of(fitted[i], masks[i].Threshold);
            drawing.Stroke(outline, _black, thickness * 1.8f + 1, HaloOpacity, SKStrokeCap.Square);
            drawing.Stroke(outline, colours[i], thickness, ends: SKStrokeCap.Square);
        }
        OverlayLabels.Draw(drawing, [.. masks.Where(m => m.Label is not null)]);
        return drawing.ToImage();
    }

    /// <summary>
    /// Every mask's colour in proportion to its probability; what no mask wants loses some light and colour.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tint(
        Image image, int firstRow, int endRow, Mask[] masks, Rgb[] colours, Span<byte> rgba)
    {
        ReadOnlySpan<byte> pixels = image.Pixels;
        for (int i = firstRow * image.Width; i < endRow * image.Width; i++)
        {
            ReadOnlySpan<byte> pixel = pixels.Slice(i * 3, 3);
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
            Span<byte> tinted = rgba.Slice(i * 4, 3);
            tinted[0] = (byte)(pixel[0] * kept + grey * dim * uncovered + red * covered + 0.5f);
            tinted[1] = (byte)(pixel[1] * kept + grey * dim * uncovered + green * covered + 0.5f);
            tinted[2] = (byte)(pixel[2] * kept + grey * dim * uncovered + blue * covered + 0.5f);
        }
    }
}

/// <summary>One of the masks on an overlay.</summary>
/// <param name="Threshold">Where its outline runs.</param>
/// <param name="Label">Null for none.</param>
internal sealed record OverlayMask(Mask Mask, Rgb Colour, float Threshold, string? Label = null);
