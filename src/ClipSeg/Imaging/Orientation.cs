namespace ClipSeg.Imaging;

/// <summary>EXIF orientation: how to turn what the sensor saw into the upright picture.</summary>
internal static class Orientation
{
    /// <param name="image">As stored.</param>
    /// <param name="orientation">1 to 8 as in EXIF; 1 leaves the picture alone.</param>
    public static Image Apply(Image image, int orientation)
    {
        if (orientation is < 2 or > 8) return image;

        // Which stored pixel lands at the upright picture's (0, 0), and the steps to its neighbours right and down.
        int last = image.Width * image.Height - 1, w = image.Width;
        (int first, int right, int down) = orientation switch
        {
            2 => (w - 1, -1, w),                // mirrored left to right
            3 => (last, -1, -w),                // half a turn
            4 => (last - w + 1, 1, -w),         // mirrored top to bottom
            5 => (0, w, 1),                     // mirrored along the main diagonal
            6 => (last - w + 1, -w, 1),         // turn clockwise
            7 => (last, -w, -1),                // mirrored along the other diagonal
            _ => (w - 1, w, -1),                // turn counter-clockwise
        };
        bool swapped = orientation >= 5;
        int width = swapped ? image.Height : image.Width, height = swapped ? image.Width : image.Height;
        byte[] pixels = new byte[image.Pixels.Length];
        byte[]? alpha = image.Alpha is null ? null : new byte[image.Alpha.Length];
        for (int y = 0, target = 0; y < height; y++)
        {
            int source = first + y * down;
            for (int x = 0; x < width; x++, target++, source += right)
            {
                pixels[target * 3] = image.Pixels[source * 3];
                pixels[target * 3 + 1] = image.Pixels[source * 3 + 1];
                pixels[target * 3 + 2] = image.Pixels[source * 3 + 2];
                if (alpha is not null) alpha[target] = image.Alpha![source];
            }
        }
        return new(width, height, pixels, alpha);
    }
}
