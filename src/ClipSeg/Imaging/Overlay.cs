using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using ClipSeg.Numerics;

namespace ClipSeg.Imaging;

/// <summary>Shows masks on their picture: tinted by probability, outlined at the threshold, with labels.</summary>
internal static class Overlay
{
    private const float TintOpacity = 0.6f, Dimming = 0.3f;
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
        using Drawing drawing = Paint(picture, masks);
        return drawing.ToImage();
    }

    /// <summary>The same as a file, without a copy of all pixels between.</summary>
    /// <param name="picture">Stays as it is.</param>
    /// <param name="masks">Resized where they are not of the picture's size.</param>
    /// <param name="ending">.png, .jpg or .webp.</param>
    /// <param name="quality">0 to 100, of JPEG and WebP.</param>
    public static byte[] Encode(Image picture, IReadOnlyList<OverlayMask> masks, string ending, int quality)
    {
        using Drawing drawing = Paint(picture, masks);
        return drawing.Encode(ending, quality);
    }

    private static Drawing Paint(Image picture, IReadOnlyList<OverlayMask> masks)
    {
        int width = picture.Width, height = picture.Height;
        Mask[] fitted = [.. masks.Select(m => m.Mask)
            .Select(m => m.Width == width && m.Height == height ? m : m.Resize(width, height))];
        Rgb[] colours = [.. masks.Select(m => m.Colour)];
        Drawing drawing = new(width, height, default);
        Workers.Split(height, RowGrain, (start, end) => Tint(picture, start, end, fitted, colours, drawing.Rgba));

        float thickness = Math.Clamp(Math.Min(width, height) / 300f, 1, 6);
        for (int i = 0; i < fitted.Length; i++)
        {
            new Outline(fitted[i], masks[i].Threshold).Draw(drawing, colours[i], thickness);
        }
        OverlayLabels.Draw(drawing, [.. masks.Where(m => m.Label is not null)]);
        return drawing;
    }

    /// <summary>
    /// Every mask's colour in proportion to its probability; what no mask wants loses some light and colour.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tint(
        Image image, int firstRow, int endRow, Mask[] masks, Rgb[] colours, Span<byte> rgba)
    {
        int width = image.Width;
        Blend blend = new(width);
        Vector128<float> half = Vector128.Create(0.5f);
        for (int y = firstRow; y < endRow; y++)
        {
            blend.Set(masks, colours, y * width);
            ReadOnlySpan<byte> pixels = image.Pixels.AsSpan(3 * y * width, 3 * width);
            Span<uint> tinted = MemoryMarshal.Cast<byte, uint>(rgba.Slice(4 * y * width, 4 * width));
            for (int x = 0; x < width; x += Vector128<float>.Count)
            {
                RgbaPixels.Channels(pixels[(3 * x)..],
                    out Vector128<float> r, out Vector128<float> g, out Vector128<float> b);
                Vector128<float> kept = Vector128.Create(blend.Kept, x);
                Vector128<float> rest = (0.21f * r + 0.413f * g + 0.077f * b) * Vector128.Create(blend.Grey, x) + half;
                Vector128<int> red = Vector128.ConvertToInt32(r * kept + Vector128.Create(blend.Red, x) + rest);
                Vector128<int> green = Vector128.ConvertToInt32(g * kept + Vector128.Create(blend.Green, x) + rest);
                Vector128<int> blue = Vector128.ConvertToInt32(b * kept + Vector128.Create(blend.Blue, x) + rest);
                Vector128<uint> four = (red | green << 8 | blue << 16).AsUInt32() | Vector128.Create(0xFF000000);
                if (x + Vector128<float>.Count <= width) four.CopyTo(tinted[x..]);
                else for (int i = 0; x + i < width; i++) tinted[x + i] = four[i];
            }
        }
    }

    /// <summary>What becomes of the pixels of a row: so much of each is kept, so much of its grey, and this added.
    /// </summary>
    /// <remarks>Its rows have room for whole vectors.</remarks>
    private sealed class Blend(int width)
    {
        private readonly float[] _uncovered = Row(width), _sum = Row(width), _most = Row(width);

        public float[] Kept { get; } = Row(width);

        public float[] Grey { get; } = Row(width);

        public float[] Red { get; } = Row(width);

        public float[] Green { get; } = Row(width);

        public float[] Blue { get; } = Row(width);

        /// <param name="masks">Of the picture's size.</param>
        /// <param name="colours">One for each mask.</param>
        /// <param name="start">The row's first pixel.</param>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Set(Mask[] masks, Rgb[] colours, int start)
        {
            _uncovered.AsSpan().Fill(1);
            foreach (float[] zero in (ReadOnlySpan<float[]>)[_sum, _most, Red, Green, Blue]) zero.AsSpan().Clear();
            for (int m = 0; m < masks.Length; m++)
                Add(masks[m].Values.AsSpan(start, width), colours[m]);

            for (int x = 0; x < width; x += Vector<float>.Count)
            {
                Vector<float> uncovered = new(_uncovered, x), sum = new(_sum, x);
                Vector<float> dim = Dimming * (Vector<float>.One - new Vector<float>(_most, x));
                Vector<float> covered = Vector.ConditionalSelect(Vector.GreaterThan(sum, Vector<float>.Zero),
                    (Vector<float>.One - uncovered) / sum, Vector<float>.Zero);
                (uncovered * (Vector<float>.One - dim)).CopyTo(Kept, x);
                (uncovered * dim).CopyTo(Grey, x);
                (new Vector<float>(Red, x) * covered).CopyTo(Red, x);
                (new Vector<float>(Green, x) * covered).CopyTo(Green, x);
                (new Vector<float>(Blue, x) * covered).CopyTo(Blue, x);
            }
        }

        private static float[] Row(int width) => new float[width + Vector<float>.Count];

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Add(ReadOnlySpan<float> values, Rgb colour)
        {
            ReadOnlySpan<Vector<float>> all = MemoryMarshal.Cast<float, Vector<float>>(values);
            for (int v = 0; v < all.Length; v++)
            {
                int x = v * Vector<float>.Count;
                Vector<float> p = Vector.Min(Vector.Max(all[v], Vector<float>.Zero), Vector<float>.One);
                (new Vector<float>(_uncovered, x) * (Vector<float>.One - TintOpacity * p)).CopyTo(_uncovered, x);
                (new Vector<float>(_sum, x) + p).CopyTo(_sum, x);
                Vector.Max(new Vector<float>(_most, x), p).CopyTo(_most, x);
                (new Vector<float>(Red, x) + p * colour.R).CopyTo(Red, x);
                (new Vector<float>(Green, x) + p * colour.G).CopyTo(Green, x);
                (new Vector<float>(Blue, x) + p * colour.B).CopyTo(Blue, x);
            }
            for (int x = all.Length * Vector<float>.Count; x < values.Length; x++)
            {
                float p = Math.Clamp(values[x], 0, 1);
                _uncovered[x] *= 1 - TintOpacity * p;
                _sum[x] += p;
                _most[x] = MathF.Max(_most[x], p);
                Red[x] += p * colour.R;
                Green[x] += p * colour.G;
                Blue[x] += p * colour.B;
            }
        }
    }
}

/// <summary>One of the masks on an overlay.</summary>
/// <param name="Threshold">Where its outline runs.</param>
/// <param name="Label">Null for none.</param>
internal sealed record OverlayMask(Mask Mask, Rgb Colour, float Threshold, string? Label = null);
