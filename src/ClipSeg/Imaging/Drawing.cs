using System.Runtime.InteropServices;
using ClipSeg.Numerics;
using SkiaSharp;

namespace ClipSeg.Imaging;

/// <summary>A picture while SkiaSharp draws on it, with soft edges.</summary>
/// <remarks>Coordinates are continuous: the first pixel spans 0 to 1, its centre is at 0.5.</remarks>
internal sealed unsafe class Drawing : IDisposable
{
    private const int RowGrain = 64;        // rows that are worth another thread

    private readonly SKSurface _surface;
    private byte* _pixels;

    /// <summary>A drawing of one colour.</summary>
    public Drawing(int width, int height, Rgb background)
    {
        SKImageInfo info = new(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque, null);
        (Width, Height) = (width, height);
        _pixels = (byte*)NativeMemory.Alloc((nuint)info.BytesSize64);
        _surface = SKSurface.Create(info, (nint)_pixels, info.RowBytes);
        Canvas.Clear(Colour(background));
    }

    public int Width { get; }

    public int Height { get; }

    public SKCanvas Canvas => _surface.Canvas;

    /// <summary>[height, width, 4].</summary>
    public Span<byte> Rgba => new(_pixels, Width * Height * 4);

    /// <summary>Fills a rectangle, with round corners if asked.</summary>
    public void Fill(float x, float y, float width, float height, Rgb colour, float opacity = 1, float radius = 0)
    {
        using SKPaint paint = Paint(colour, opacity);
        Canvas.DrawRoundRect(x, y, width, height, radius, radius, paint);
    }

    /// <summary>Draws a path as a line with round joins and, unless told otherwise, round ends.</summary>
    public void Stroke(
        SKPath path, Rgb colour, float thickness, float opacity = 1, SKStrokeCap ends = SKStrokeCap.Round)
    {
        using SKPaint paint = Paint(colour, opacity);
        (paint.Style, paint.StrokeWidth, paint.StrokeJoin) = (SKPaintStyle.Stroke, thickness, SKStrokeJoin.Round);
        paint.StrokeCap = ends;
        Canvas.DrawPath(path, paint);
    }

    public void Disc(float x, float y, float radius, Rgb colour)
    {
        using SKPaint paint = Paint(colour, 1);
        Canvas.DrawCircle(x, y, radius, paint);
    }

    /// <summary>Writes one line of text, in any script for which there is a font.</summary>
    /// <param name="x">The left edge.</param>
    /// <param name="y">The top edge of capitals.</param>
    /// <param name="text">One line.</param>
    /// <param name="colour">Of the letters.</param>
    /// <param name="size">Of the font, in pixels.</param>
    public void Text(float x, float y, string text, Rgb colour, float size)
    {
        using SKPaint paint = Paint(colour, 1);
        foreach ((string run, SKTypeface typeface) in Typefaces.Runs(text))
        {
            using SKFont font = Font(typeface, size);
            Canvas.DrawText(run, x, y + CapHeight(size), SKTextAlign.Left, font, paint);
            x += font.MeasureText(run);
        }
    }

    /// <summary>The width of a line of text, in pixels.</summary>
    public static float TextWidth(string text, float size)
    {
        float width = 0;
        foreach ((string run, SKTypeface typeface) in Typefaces.Runs(text))
        {
            using SKFont font = Font(typeface, size);
            width += font.MeasureText(run);
        }
        return width;
    }

    /// <summary>The text, or as much of its beginning as fits with an ellipsis.</summary>
    public static string Shorten(string text, float width, float size)
    {
        if (TextWidth(text, size) <= width) return text;
        int length = Math.Clamp((int)(width / size * 8), 0, text.Length);      // no letter is narrower than an eighth
        while (length > 0 && TextWidth(text[..length] + "…", size) > width) length--;
        return text[..length] + "…";
    }

    /// <summary>The height of capitals, in pixels.</summary>
    public static float CapHeight(float size) => 0.729f * size;

    /// <summary>Puts a picture, which must lie within this one, at a place.</summary>
    public void Paste(Image picture, int x, int y)
    {
        for (int row = 0; row < picture.Height; row++)
        {
            ReadOnlySpan<byte> pixels = picture.Pixels.AsSpan(3 * row * picture.Width, 3 * picture.Width);
            RgbaPixels.Join(pixels, [], Rgba.Slice(4 * ((y + row) * Width + x), 4 * picture.Width));
        }
    }

    /// <summary>Fills all with a picture of this size, out of focus; beyond its border its edge goes on.</summary>
    /// <param name="picture">Its alpha does not matter.</param>
    /// <param name="sigma">Of the Gaussian, in pixels.</param>
    public void PasteBlurred(Image picture, float sigma)
    {
        Paste(picture, 0, 0);
        Canvas.Flush();
        using SKImage sharp = _surface.Snapshot();
        using SKImageFilter blur = SKImageFilter.CreateBlur(sigma, sigma, SKShaderTileMode.Clamp);
        using SKPaint paint = new() { ImageFilter = blur };
        Canvas.DrawImage(sharp, 0, 0, SKSamplingOptions.Default, paint);
    }

    /// <summary>The drawing as a file.</summary>
    /// <param name="ending">.png, .jpg or .webp.</param>
    /// <param name="quality">0 to 100, of JPEG and WebP.</param>
    public byte[] Encode(string ending, int quality)
    {
        Canvas.Flush();
        SKImageInfo info = new(Width, Height, SKColorType.Rgba8888, SKAlphaType.Opaque, null);
        return SkiaCodec.Encode(info, _pixels, PictureFile.FormatOf(ending), quality);
    }

    public Image ToImage()
    {
        Canvas.Flush();
        Image image = new(Width, Height);
        Workers.Split(Height, RowGrain, (start, end) => RgbaPixels.Split(
            Rgba[(4 * start * Width)..(4 * end * Width)], image.Pixels.AsSpan(3 * start * Width), []));
        return image;
    }

    public void Dispose()
    {
        _surface.Dispose();
        NativeMemory.Free(_pixels);
        _pixels = null;
    }

    private static SKColor Colour(Rgb colour) => new(colour.R, colour.G, colour.B);

    private static SKPaint Paint(Rgb colour, float opacity)
        => new() { Color = Colour(colour).WithAlpha((byte)(opacity * 255 + 0.5f)), IsAntialias = true };

    private static SKFont Font(SKTypeface typeface, float size)
        => new(typeface, size) { Edging = SKFontEdging.Antialias, Subpixel = true };
}
