using System.Runtime.CompilerServices;

namespace ClipSeg.Imaging;

/// <summary>Draws on pictures, in place; what lies outside of the picture is left out.</summary>
/// <remarks>Fractional coordinates are continuous: the first pixel spans 0 to 1, its centre is at 0.5.</remarks>
internal static class Drawing
{
    /// <summary>Fills a rectangle.</summary>
    public static void FillRectangle(Image image, int x, int y, int width, int height, Rgb colour, float opacity = 1)
    {
        int right = (int)Math.Min((long)x + width, image.Width), bottom = (int)Math.Min((long)y + height, image.Height);
        for (int row = Math.Max(y, 0); row < bottom; row++)
        {
            for (int column = Math.Max(x, 0); column < right; column++) Blend(image, column, row, colour, opacity);
        }
    }

    /// <summary>Draws a line with soft edges and round ends.</summary>
    public static void Line(Image image, float x0, float y0, float x1, float y1, Rgb colour, float thickness = 1)
    {
        // Only the part of the picture that the line can touch.
        int margin = (int)Math.Clamp(thickness, 1, image.Width + image.Height) + 1;
        int left = (int)Math.Clamp(MathF.Min(x0, x1) - margin, 0, image.Width);
        int top = (int)Math.Clamp(MathF.Min(y0, y1) - margin, 0, image.Height);
        int right = (int)Math.Clamp(MathF.Max(x0, x1) + margin, left, image.Width);
        int bottom = (int)Math.Clamp(MathF.Max(y0, y1) + margin, top, image.Height);
        Coverage stroke = new(right - left, bottom - top);
        stroke.Add(x0 - left, y0 - top, x1 - left, y1 - top, thickness);
        stroke.Paint(image, left, top, colour);
    }

    /// <summary>
    /// Writes one line of text. Letters with accents lose them; what is neither ASCII nor such a letter becomes '?'.
    /// </summary>
    /// <param name="image">The picture.</param>
    /// <param name="x">The left edge of the first letter.</param>
    /// <param name="y">The top edge of capitals.</param>
    /// <param name="text">One line.</param>
    /// <param name="colour">Of the letters.</param>
    /// <param name="scale">Pixels a dot; capitals are 7 dots high, and letters reach 2 dots below the line.</param>
    public static void Text(Image image, int x, int y, string text, Rgb colour, float scale = 1)
    {
        float at = 0;
        foreach (ulong glyph in Font.Layout(text))
        {
            if (scale <= 1) Dots(image, x + (int)at, y, glyph, colour);
            else
            {
                // A margin for the round strokes, which are a little wider than a dot.
                int whole = (int)at, margin = (int)scale + 1;
                int width = (int)(Font.MaxWidth * scale) + 2 * margin, height = (int)(Font.Height * scale) + 2 * margin;
                Coverage strokes = new(width, height);
                AddStrokes(strokes, glyph, margin + at - whole, margin, scale);
                strokes.Paint(image, x + whole - margin, y - margin, colour);
            }
            at += (Font.Width(glyph) + 1) * MathF.Max(scale, 1);
        }
    }

    /// <summary>The width of a line of text, in pixels.</summary>
    public static int TextWidth(string text, float scale = 1)
    {
        int dots = 0;
        foreach (ulong glyph in Font.Layout(text)) dots += Font.Width(glyph) + 1;
        return (int)MathF.Ceiling(Math.Max(0, dots - 1) * MathF.Max(scale, 1));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Blend(Image image, int x, int y, Rgb colour, float opacity)
    {
        Span<byte> pixel = image.Pixels.AsSpan((y * image.Width + x) * 3, 3);
        Rgb mixed = new Rgb(pixel[0], pixel[1], pixel[2]).Mix(colour, opacity);
        (pixel[0], pixel[1], pixel[2]) = (mixed.R, mixed.G, mixed.B);
    }

    private static void Dots(Image image, int left, int top, ulong glyph, Rgb colour)
    {
        for (int y = 0; y < Font.Height; y++)
        {
            for (int x = 0; x < Font.MaxWidth; x++)
            {
                if (Font.HasDot(glyph, x, y)) FillRectangle(image, left + x, top + y, 1, 1, colour);
            }
        }
    }

    /// <summary>Joins neighbouring dots by round strokes: at larger sizes the dots become smooth letters.</summary>
    private static void AddStrokes(Coverage strokes, ulong glyph, float left, float top, float scale)
    {
        float thickness = scale * 1.15f;
        for (int y = 0; y < Font.Height; y++)
        {
            for (int x = 0; x < Font.MaxWidth; x++)
            {
                if (!Font.HasDot(glyph, x, y)) continue;
                Join(x, y, 0, 0);
                if (Font.HasDot(glyph, x + 1, y)) Join(x, y, 1, 0);
                if (Font.HasDot(glyph, x, y + 1)) Join(x, y, 0, 1);

                // Diagonally only where no corner joins the two already.
                foreach (int side in (ReadOnlySpan<int>)[-1, 1])
                {
                    bool corner = Font.HasDot(glyph, x + side, y) || Font.HasDot(glyph, x, y + 1);
                    if (Font.HasDot(glyph, x + side, y + 1) && !corner) Join(x, y, side, 1);
                }
            }
        }

        void Join(int x, int y, int dx, int dy) => strokes.Add(left + (x + 0.5f) * scale, top + (y + 0.5f) * scale,
            left + (x + dx + 0.5f) * scale, top + (y + dy + 0.5f) * scale, thickness);
    }
}
