namespace ClipSeg.Imaging;

/// <summary>The strip under an overlay: a dot of each colour and its label, in as many rows as they need.</summary>
internal static class Legend
{
    // In dots of the font.
    private const int Padding = 5, SwatchSize = 8, SwatchGap = 4, EntryGap = 10, RowHeight = 15;

    private const string Ellipsis = "...";

    private static readonly Rgb _back = new(24, 26, 31), _text = new(236, 238, 241);

    private sealed record Entry(string Text, Rgb Colour, int Left, int Row);

    /// <summary>The picture with the strip added below.</summary>
    public static Image Append(Image picture, IReadOnlyList<string> labels, ReadOnlySpan<Rgb> colours)
    {
        // Whole and half steps keep the strokes of the letters even.
        float scale = Math.Clamp(MathF.Round(Math.Min(picture.Width, picture.Height) / 160f) / 2, 1, 6);
        int padding = (int)(Padding * scale), rowHeight = (int)(RowHeight * scale);
        Entry[] entries = Layout(labels, colours, picture.Width - 2 * padding, scale);
        if (entries.Length == 0) return picture;

        int rows = entries[^1].Row + 1, height = rows * rowHeight + padding;
        Image result = new(picture.Width, picture.Height + height);
        picture.Pixels.CopyTo(result.Pixels, 0);
        Drawing.FillRectangle(result, 0, picture.Height, picture.Width, height, _back);
        foreach (Entry entry in entries)
        {
            float radius = SwatchSize * scale / 2;
            int left = padding + entry.Left, textLeft = left + (int)((SwatchSize + SwatchGap) * scale);
            int middle = picture.Height + padding / 2 + entry.Row * rowHeight + rowHeight / 2;
            Drawing.Line(result, left + radius, middle, left + radius, middle, entry.Colour, 2 * radius);
            Drawing.Text(result, textLeft, (int)(middle - Font.CapHeight * scale / 2), entry.Text, _text, scale);
        }
        return result;
    }

    private static Entry[] Layout(IReadOnlyList<string> labels, ReadOnlySpan<Rgb> colours, int width, float scale)
    {
        Entry[] entries = new Entry[labels.Count];
        int left = 0, row = 0, swatch = (int)((SwatchSize + SwatchGap) * scale);
        for (int i = 0; i < entries.Length; i++)
        {
            string text = Shorten(labels[i], width - swatch, scale);
            int needed = swatch + Drawing.TextWidth(text, scale);
            if (left > 0 && left + needed > width) (left, row) = (0, row + 1);
            entries[i] = new(text, colours[i], left, row);
            left += needed + (int)(EntryGap * scale);
        }
        return entries;
    }

    private static string Shorten(string text, int width, float scale)
    {
        if (Drawing.TextWidth(text, scale) <= width) return text;
        int length = text.Length;
        while (length > 0 && Drawing.TextWidth(text[..length] + Ellipsis, scale) > width) length--;
        return text[..length] + Ellipsis;
    }
}
