namespace ClipSeg.Imaging;

/// <summary>A picture in memory: 8-bit RGB, and alpha where the file has it.</summary>
public sealed class Image
{
    /// <param name="width">In pixels, at least 1.</param>
    /// <param name="height">In pixels, at least 1.</param>
    /// <param name="pixels">[height, width, 3], owned by the image from then on.</param>
    /// <param name="alpha">[height, width], 255 opaque; or null.</param>
    public Image(int width, int height, byte[] pixels, byte[]? alpha = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (pixels.Length != (long)width * height * 3)
            throw new ArgumentException($"{width}x{height} RGB needs {(long)width * height * 3} bytes, got {pixels.Length}.");
        if (alpha is not null && alpha.Length != (long)width * height)
            throw new ArgumentException($"{width}x{height} alpha needs {(long)width * height} bytes, got {alpha.Length}.");
        (Width, Height, Pixels, Alpha) = (width, height, pixels, alpha);
    }

    public Image(int width, int height) : this(width, height, new byte[checked(width * height * 3)]) { }

    public int Width { get; }

    public int Height { get; }

    /// <summary>[height, width, 3], red first. As stored: not multiplied by alpha.</summary>
    public byte[] Pixels { get; }

    /// <summary>[height, width], or null for an opaque picture.</summary>
    public byte[]? Alpha { get; }
}
