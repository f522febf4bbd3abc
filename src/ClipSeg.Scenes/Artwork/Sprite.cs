using ClipSeg.Imaging;

namespace ClipSeg.Scenes.Artwork;

/// <summary>
/// The artwork of an object: trimmed, multiplied by alpha, and halved again and again for clean small copies.
/// </summary>
internal sealed class Sprite
{
    private const byte Opaque = 128;        // half covered counts as the object, in sprites as in scenes

    private readonly Func<SpriteLevel[]> _levels;
    private Shape? _shape;

    /// <param name="artwork">With alpha; an opaque picture is all object.</param>
    /// <param name="style">What draws it, e.g. "noto".</param>
    /// <exception cref="ArgumentException">The artwork is empty: no pixel is half opaque.</exception>
    public Sprite(Image artwork, string style)
    {
        Style = style;
        SpriteLevel[] levels = Trim(artwork);
        _levels = () => levels;
    }

    /// <summary>As the other, but the artwork is read when it is drawn, and kept as long as the cache does.</summary>
    internal Sprite(Func<Image> artwork, string style, ArtworkCache cache)
        => (Style, _levels) = (style, () => cache.Get(this, () => Trim(artwork())));

    public string Style { get; }

    /// <summary>In pixels of the artwork, after trimming.</summary>
    public int Width => Known.Width;

    /// <summary>In pixels of the artwork, after trimming.</summary>
    public int Height => Known.Height;

    /// <summary>How much of the trimmed box is object, in (0, 1].</summary>
    public float SolidFraction => Known.SolidFraction;

    private Shape Known
    {
        get
        {
            if (_shape is null) _levels();
            return _shape!;
        }
    }

    /// <summary>The copy to draw from when a scene's pixel is this many of the artwork's.</summary>
    /// <param name="step">Artwork pixels for each scene pixel.</param>
    /// <param name="shift">The copy is 2^shift times smaller than the artwork.</param>
    internal SpriteLevel Level(float step, out int shift)
    {
        SpriteLevel[] levels = _levels();
        shift = 0;
        for (; shift < levels.Length - 1 && step > 1.5f; step /= 2) shift++;
        return levels[shift];
    }

    private SpriteLevel[] Trim(Image artwork)
    {
        (int x0, int y0, int x1, int y1) = Bounds(artwork);
        if (x1 < x0) throw new ArgumentException($"The artwork of style '{Style}' is empty: no pixel is half opaque.");

        SpriteLevel level = new(x1 - x0 + 1, y1 - y0 + 1);
        int solid = 0;
        for (int y = y0; y <= y1; y++)
        {
            for (int x = x0; x <= x1; x++)
            {
                int i = y * artwork.Width + x, a = artwork.Alpha?[i] ?? 255;
                if (a >= Opaque) solid++;
                level.Set(x - x0, y - y0, Premultiply(artwork.Pixels.AsSpan(i * 3, 3), a));
            }
        }
        List<SpriteLevel> levels = [level];
        while (levels[^1].Width > 4 && levels[^1].Height > 4) levels.Add(levels[^1].Halve());
        _shape = new(level.Width, level.Height, solid / (float)(level.Width * level.Height));
        return [.. levels];
    }

    private static (int X0, int Y0, int X1, int Y1) Bounds(Image artwork)
    {
        (int x0, int y0, int x1, int y1) = (artwork.Width, artwork.Height, -1, -1);
        for (int y = 0; y < artwork.Height; y++)
        {
            for (int x = 0; x < artwork.Width; x++)
            {
                if (artwork.Alpha is not null && artwork.Alpha[y * artwork.Width + x] < Opaque) continue;
                (x0, y0, x1, y1) = (Math.Min(x0, x), Math.Min(y0, y), Math.Max(x1, x), Math.Max(y1, y));
            }
        }
        return (x0, y0, x1, y1);
    }

    private static uint Premultiply(ReadOnlySpan<byte> rgb, int a)
        => (uint)(rgb[0] * a / 255 | rgb[1] * a / 255 << 8 | rgb[2] * a / 255 << 16 | a << 24);

    private sealed record Shape(int Width, int Height, float SolidFraction);
}

/// <summary>RGBA, multiplied by alpha, one uint a pixel, red lowest; with a clear border of one pixel.</summary>
internal sealed class SpriteLevel(int width, int height)
{
    private const uint Even = 0x00FF00FF;

    public int Width => width;

    public int Height => height;

    /// <summary>[height + 2, Stride].</summary>
    public uint[] Pixels { get; } = new uint[(width + 2) * (height + 2)];

    public int Stride => width + 2;

    public void Set(int x, int y, uint pixel) => Pixels[(y + 1) * Stride + x + 1] = pixel;

    /// <summary>Bilinear; the position is in 1/65536 pixel, 0 being the border's first pixel.</summary>
    public uint Sample(int u, int v)
    {
        int at = (v >> 16) * Stride + (u >> 16);
        uint fx = (uint)(u >> 8 & 255), fy = (uint)(v >> 8 & 255);
        uint top = Mix(Pixels[at], Pixels[at + 1], fx), low = Mix(Pixels[at + Stride], Pixels[at + Stride + 1], fx);
        return Mix(top, low, fy);
    }

    public SpriteLevel Halve()
    {
        SpriteLevel half = new((width + 1) / 2, (height + 1) / 2);
        for (int y = 0; y < half.Height; y++)
        {
            for (int x = 0; x < half.Width; x++)
            {
                int at = (2 * y + 1) * Stride + 2 * x + 1;
                int below = 2 * y + 1 < height ? at + Stride : at;
                int right = 2 * x + 1 < width ? 1 : 0;
                uint upper = Mix(Pixels[at], Pixels[at + right], 128);
                half.Set(x, y, Mix(upper, Mix(Pixels[below], Pixels[below + right], 128), 128));
            }
        }
        return half;
    }

    // Two channels at a time: eight bits of one, eight empty, eight of the next.
    private static uint Mix(uint a, uint b, uint f)
        => (((a & Even) * (256 - f) + (b & Even) * f) >> 8 & Even)
            | (((a >> 8) & Even) * (256 - f) + ((b >> 8) & Even) * f & ~Even);
}
