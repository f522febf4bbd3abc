using SkiaSharp;

namespace ClipSeg.Imaging;

/// <summary>
/// Names masks on their picture: each label on its mask; in a key in the lower left corner those of masks that are
/// nowhere above the threshold, and all labels where they are too many or have no room.
/// </summary>
internal static class OverlayLabels
{
    private const int MostOnMasks = 12;             // more labels hide the picture: all go into the key
    private const float LeastSize = 7, EasySize = 9, MostSize = 90;             // of letters, in pixels
    private const float EasyShare = 0.3f, KeyShare = 0.94f, BackOpacity = 0.72f;

    private static readonly Rgb _back = new(24, 26, 31), _text = new(244, 245, 247);

    /// <param name="drawing">What they are written on.</param>
    /// <param name="masks">All with labels.</param>
    public static void Draw(Drawing drawing, IReadOnlyList<OverlayMask> masks)
    {
        string[] labels = [.. masks.Select(m => m.Label!)];
        Rgb[] colours = [.. masks.Select(m => m.Colour)];
        float size = Math.Clamp(Math.Min(drawing.Width, drawing.Height) / 30f, 11, MostSize);
        SKPoint?[] middles = [.. masks.Select(m => Middle(m.Mask, m.Threshold))];
        Dictionary<int, SKRect> places = [];
        for (int i = 0; i < labels.Length && labels.Length <= MostOnMasks; i++)
        {
            if (middles[i] is { } middle && Place(drawing, middle, labels[i], size, places.Values) is { } place)
                places[i] = place;
        }
        if (places.Count < middles.Count(m => m is not null)) places.Clear();

        foreach ((int i, SKRect place) in places) DrawLabel(drawing, place, labels[i], colours[i], size);
        int[] rest = [.. Enumerable.Range(0, labels.Length).Where(i => !places.ContainsKey(i))];
        if (rest.Length > 0)
            DrawKey(drawing, [.. rest.Select(i => labels[i])], [.. rest.Select(i => colours[i])], size);
    }

    /// <summary>The label's place: at the mask's middle, or as near above or below as is free.</summary>
    private static SKRect? Place(Drawing drawing, SKPoint middle, string label, float size, IEnumerable<SKRect> taken)
    {
        float width = Drawing.TextWidth(label, size) + 1.8f * size, height = 1.7f * size;
        if (width > drawing.Width) return null;
        float left = Math.Clamp(middle.X * drawing.Width - width / 2, 0, drawing.Width - width);
        for (int tries = 0; tries < 12; tries++)
        {
            float top = middle.Y * drawing.Height - height / 2 + (tries % 2 == 0 ? 1 : -1) * (tries + 1) / 2 * height;
            SKRect place = SKRect.Create(left, top, width, height);
            if (top < 0 || place.Bottom > drawing.Height || taken.Any(t => t.IntersectsWith(place))) continue;
            return place;
        }
        return null;
    }

    /// <summary>The centre of what is above the threshold, as shares of width and height; null if nothing is.</summary>
    private static SKPoint? Middle(Mask mask, float threshold)
    {
        int step = Math.Max(1, Math.Max(mask.Width, mask.Height) / 400);
        double x = 0, y = 0;
        int count = 0;
        for (int row = 0; row < mask.Height; row += step)
        {
            for (int column = 0; column < mask.Width; column += step)
            {
                if (mask[column, row] <= threshold) continue;
                (x, y, count) = (x + column + 0.5, y + row + 0.5, count + 1);
            }
        }
        return count == 0 ? null : new((float)(x / count / mask.Width), (float)(y / count / mask.Height));
    }

    private static void DrawLabel(Drawing drawing, SKRect at, string label, Rgb colour, float size)
    {
        drawing.Fill(at.Left, at.Top, at.Width, at.Height, _back, BackOpacity, size / 3);
        DrawEntry(drawing, at.Left + 0.4f * size, at.MidY, label, colour, size);
    }

    private static void DrawEntry(Drawing drawing, float left, float middle, string label, Rgb colour, float size)
    {
        drawing.Disc(left + 0.35f * size, middle, 0.35f * size, colour);
        drawing.Text(left + size, middle - Drawing.CapHeight(size) / 2, label, _text, size);
    }

    /// <summary>Columns of dots and labels, in letters as large as fit; what does not fit at all is counted.</summary>
    private static void DrawKey(Drawing drawing, string[] labels, Rgb[] colours, float size)
    {
        float width = 0;
        int rows = 0, columns = 0;
        for (; size >= LeastSize; size *= 0.9f)
        {
            width = Math.Min(labels.Max(l => Drawing.TextWidth(l, size)) + 2 * size, drawing.Width * KeyShare);
            rows = Math.Min(labels.Length, (int)(drawing.Height * KeyShare / (1.5f * size)));
            columns = rows == 0 ? 0 : (labels.Length + rows - 1) / rows;
            bool fits = rows > 0 && columns * width <= drawing.Width * KeyShare;
            float area = labels.Length * width * 1.5f * size;
            if (fits && (size < EasySize || area <= EasyShare * drawing.Width * drawing.Height)) break;
        }
        if (size < LeastSize)
        {
            (size, rows) = (LeastSize, (int)(drawing.Height * KeyShare / (1.5f * LeastSize)));
            columns = Math.Max(1, (int)(drawing.Width * KeyShare / width));
            int room = rows * columns;
            if (room == 0) return;
            if (room < labels.Length) labels = [.. labels[..(room - 1)], $"+ {labels.Length - room + 1}"];
        }
        rows = (labels.Length + columns - 1) / columns;
        float height = rows * 1.5f * size + 0.4f * size, top = drawing.Height - height;
        drawing.Fill(0, top, columns * width + 0.4f * size, height, _back, BackOpacity);
        for (int i = 0; i < labels.Length; i++)
        {
            float left = 0.4f * size + i / rows * width, middle = top + (i % rows + 0.5f) * 1.5f * size + 0.2f * size;
            DrawEntry(drawing, left, middle, Drawing.Shorten(labels[i], width - 1.6f * size, size), colours[i], size);
        }
    }
}
