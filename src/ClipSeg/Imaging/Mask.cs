namespace ClipSeg.Imaging;

/// <summary>One value per pixel, in [0, 1]: a probability map, or a binary mask (0 and 1).</summary>
public sealed class Mask
{
    /// <param name="width">In pixels, at least 1.</param>
    /// <param name="height">In pixels, at least 1.</param>
    /// <param name="values">[height, width], owned by the mask from then on.</param>
    public Mask(int width, int height, float[] values)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (values.Length != (long)width * height)
            throw new ArgumentException($"{width}x{height} needs {(long)width * height} values, got {values.Length}.");
        (Width, Height, Values) = (width, height, values);
    }

    public Mask(int width, int height) : this(width, height, new float[checked(width * height)]) { }

    public int Width { get; }

    public int Height { get; }

    /// <summary>[height, width], in [0, 1].</summary>
    public float[] Values { get; }

    public float this[int x, int y]
    {
        get => Values[y * Width + x];
        set => Values[y * Width + x] = value;
    }
}
