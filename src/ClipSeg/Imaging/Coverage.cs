using System.Runtime.CompilerServices;

namespace ClipSeg.Imaging;

/// <summary>
/// Collects strokes and then paints them in one go, so that strokes that overlap or meet do not add up at their soft
/// edges.
/// </summary>
/// <remarks>Coordinates are continuous: the first pixel spans 0 to 1, its centre is at 0.5.</remarks>
internal sealed class Coverage(int width, int height)
{
    private readonly byte[] _values = new byte[width * height];      // 255: fully covered

    /// <summary>Adds a line with round ends; a disc where its ends are one point.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(float x0, float y0, float x1, float y1, float thickness)
    {
        float reach = thickness / 2 + 0.5f, dx = x1 - x0, dy = y1 - y0, square = dx * dx + dy * dy;
        int left = Clip(MathF.Min(x0, x1) - reach, width), right = Clip(MathF.Max(x0, x1) + reach + 1, width);
        int top = Clip(MathF.Min(y0, y1) - reach, height), bottom = Clip(MathF.Max(y0, y1) + reach + 1, height);
        for (int y = top; y < bottom; y++)
        {
            for (int x = left; x < right; x++)
            {
                float px = x + 0.5f - x0, py = y + 0.5f - y0;
                float along = square > 0 ? Math.Clamp((px * dx + py * dy) / square, 0, 1) : 0;
                float ox = px - along * dx, oy = py - along * dy, inside = reach - MathF.Sqrt(ox * ox + oy * oy);
                ref byte value = ref _values[y * width + x];
                value = Math.Max(value, (byte)(Math.Clamp(inside, 0, 1) * 255 + 0.5f));
            }
        }
    }

    /// <summary>Blends a colour over the picture where there are strokes.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="x">Where the left edge of this area is in the picture.</param>
    /// <param name="y">Where the top edge of this area is in the picture.</param>
    /// <param name="colour">Of the strokes.</param>
    /// <param name="opacity">0 to 1.</param>
    public void Paint(Image image, int x, int y, Rgb colour, float opacity = 1)
    {
        for (int row = Math.Max(0, -y); row < Math.Min(height, image.Height - y); row++)
        {
            for (int column = Math.Max(0, -x); column < Math.Min(width, image.Width - x); column++)
            {
                byte value = _values[row * width + column];
                if (value > 0) Drawing.Blend(image, x + column, y + row, colour, value / 255f * opacity);
            }
        }
    }

    private static int Clip(float value, int limit) => (int)Math.Clamp(value, 0, limit);
}
