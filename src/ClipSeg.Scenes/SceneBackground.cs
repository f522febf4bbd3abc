using ClipSeg.Imaging;
using ClipSeg.Numerics;
using ClipSeg.Scenes.Artwork;

namespace ClipSeg.Scenes;

/// <summary>What lies behind the objects: plain colours, gradients, stripes, checks, dots, clouds of noise.</summary>
internal static class SceneBackground
{
    private const float PhotoShare = 0.5f;

    public static void Paint(Image picture, PhotoFolder? photos, ref RandomStream random)
    {
        if (photos is not null && random.Chance(PhotoShare))
        {
            photos.Paint(picture, ref random);
            return;
        }

        Rgb a = Colour(ref random), b = Colour(ref random);
        switch (random.Next(8))
        {
            case 0: Fill(picture, a); break;
            case 1: Gradient(picture, a, b, ref random); break;
            case 2: Radial(picture, a, b, ref random); break;
            case 3: Waves(picture, a, b.Near(a), ref random); break;
            case 4: Checks(picture, a, b.Near(a), ref random); break;
            case 5: Horizon(picture, a, b, ref random); break;
            default: Clouds(picture, a, b, ref random); break;
        }
        if (random.Chance(0.5f)) Grain(picture, 1 + random.Next(12), ref random);
    }

    // Half of the colours are soft, as walls, skies and tables are.
    private static Rgb Colour(ref RandomStream random)
    {
        Rgb colour = new(random.NextFloat(), random.NextFloat(), random.NextFloat());
        return random.Chance(0.5f) ? colour.Mix(new(0.8f, 0.8f, 0.8f), 0.6f) : colour;
    }

    private static void Fill(Image picture, Rgb colour)
    {
        for (int i = 0; i < picture.Width * picture.Height; i++) Write(picture, i, colour);
    }

    private static void Gradient(Image picture, Rgb a, Rgb b, ref RandomStream random)
    {
        float dx = random.Between(-1, 1), dy = random.Between(-1, 1), low = MathF.Min(0, dx) + MathF.Min(0, dy);
        float scale = 1 / MathF.Max(0.1f, MathF.Abs(dx) + MathF.Abs(dy));
        Shade(picture, a, b, (x, y) => (dx * x + dy * y - low) * scale);
    }

    private static void Radial(Image picture, Rgb a, Rgb b, ref RandomStream random)
    {
        float cx = random.NextFloat(), cy = random.NextFloat();
        Shade(picture, a, b, (x, y) => MathF.Min(1, ((x - cx) * (x - cx) + (y - cy) * (y - cy)) * 1.4f));
    }

    // Stripes whose profile is a parabola: soft, and without a sine that platforms round differently.
    private static void Waves(Image picture, Rgb a, Rgb b, ref RandomStream random)
    {
        float fx = random.Between(-12, 12), fy = random.Between(-12, 12);
        Shade(picture, a, b, (x, y) =>
        {
            float t = x * fx + y * fy;
            t -= MathF.Floor(t);
            return 4 * t * (1 - t);
        });
    }

    private static void Checks(Image picture, Rgb a, Rgb b, ref RandomStream random)
    {
        int cells = 2 + random.Next(9);
        Shade(picture, a, b, (x, y) => ((int)(x * cells) + (int)(y * cells)) & 1);
    }

    private static void Horizon(Image picture, Rgb a, Rgb b, ref RandomStream random)
    {
        float height = random.Between(0.3f, 0.8f);
        Rgb far = a.Mix(new(1, 1, 1), 0.5f);
        Shade(picture, a, far, (_, y) => MathF.Min(1, y / height));
        int first = (int)(height * picture.Height) * picture.Width;
        for (int i = first; i < picture.Width * picture.Height; i++) Write(picture, i, b);
    }

    // Value noise: random heights on a coarse grid, smoothly joined, and a finer grid on top.
    private static void Clouds(Image picture, Rgb a, Rgb b, ref RandomStream random)
    {
        const int Most = 12, Stride = Most + 1, FineStride = 2 * Most + 1;
        int cells = 2 + random.Next(8);
        Span<float> coarse = stackalloc float[Stride * Stride], fine = stackalloc float[FineStride * FineStride];
        foreach (ref float height in coarse) height = random.NextFloat() * 0.7f;
        foreach (ref float height in fine) height = random.NextFloat() * 0.3f;

        float step = 1f / picture.Width;
        for (int y = 0; y < picture.Height; y++)
        {
            Lattice row = new(y * step * cells), fineRow = new(y * step * cells * 2);
            for (int x = 0; x < picture.Width; x++)
            {
                Lattice column = new(x * step * cells), fineColumn = new(x * step * cells * 2);
                float t = Height(coarse, Stride, column, row) + Height(fine, FineStride, fineColumn, fineRow);
                Write(picture, y * picture.Width + x, a.Mix(b, t));
            }
        }
    }

    private static float Height(ReadOnlySpan<float> grid, int stride, Lattice x, Lattice y)
    {
        int at = y.Cell * stride + x.Cell;
        float top = grid[at] + (grid[at + 1] - grid[at]) * x.Weight;
        float low = grid[at + stride] + (grid[at + stride + 1] - grid[at + stride]) * x.Weight;
        return top + (low - top) * y.Weight;
    }

    private static void Grain(Image picture, int amplitude, ref RandomStream random)
    {
        byte[] pixels = picture.Pixels;
        for (int i = 0; i < pixels.Length; i += 3)
        {
            int noise = (int)(random.NextBits() >> 56) * (2 * amplitude + 1) / 256 - amplitude;
            for (int c = i; c < i + 3; c++) pixels[c] = (byte)Math.Clamp(pixels[c] + noise, 0, 255);
        }
    }

    private static void Shade(Image picture, Rgb a, Rgb b, Func<float, float, float> at)
    {
        float stepX = 1f / picture.Width, stepY = 1f / picture.Height;
        for (int y = 0; y < picture.Height; y++)
            for (int x = 0; x < picture.Width; x++)
                Write(picture, y * picture.Width + x, a.Mix(b, at(x * stepX, y * stepY)));
    }

    private static void Write(Image picture, int i, Rgb colour)
    {
        picture.Pixels[3 * i] = (byte)(colour.R * 255);
        picture.Pixels[3 * i + 1] = (byte)(colour.G * 255);
        picture.Pixels[3 * i + 2] = (byte)(colour.B * 255);
    }

    /// <summary>Red, green and blue in [0, 1].</summary>
    private readonly record struct Rgb(float R, float G, float B)
    {
        public Rgb Mix(Rgb other, float t) => new(R + (other.R - R) * t, G + (other.G - G) * t, B + (other.B - B) * t);

        /// <summary>Half way to another colour, so that patterns stay quiet.</summary>
        public Rgb Near(Rgb other) => Mix(other, 0.5f);
    }

    /// <summary>A place on a grid: the cell, and how far into it, eased at both ends.</summary>
    private readonly struct Lattice
    {
        public Lattice(float position)
        {
            Cell = (int)position;
            float t = position - Cell;
            Weight = t * t * (3 - 2 * t);
        }

        public int Cell { get; }

        public float Weight { get; }
    }
}
