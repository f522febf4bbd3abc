namespace ClipSeg.Imaging;

/// <content>The things in a mask: set pixels (above 0.5) that touch, by a side or a corner.</content>
public sealed partial class Mask
{
    /// <summary>The connected parts of the pixels above 0.5, in the order of their first pixels, row by row.</summary>
    public IReadOnlyList<Component> Components() => Parts().Found;

    /// <summary>The binary mask of the connected parts that have at least this many pixels.</summary>
    /// <param name="area">In pixels.</param>
    public Mask DropBelow(int area) => Only(Parts(), part => part.Area >= area);

    /// <summary>The binary mask of the connected part with the most pixels; of equals, the first row by row.</summary>
    public Mask KeepLargest()
    {
        Regions parts = Parts();
        bool kept = false;
        int largest = parts.Found.Count == 0 ? 0 : parts.Found.Max(part => part.Area);
        return Only(parts, part => !kept && (kept = part.Area == largest));
    }

    private Regions Parts() => new(this, set: true, diagonal: true);

    private Mask Only(Regions parts, Func<Component, bool> chosen)
    {
        Mask mask = new(Width, Height);
        parts.Fill(mask, chosen);
        return mask;
    }
}

/// <summary>A connected part of a mask: the smallest box around it, and its area.</summary>
/// <param name="X">The box's first column.</param>
/// <param name="Y">The box's first row.</param>
/// <param name="Width">In pixels, at least 1.</param>
/// <param name="Height">In pixels, at least 1.</param>
/// <param name="Area">In pixels: those of the part, not of the box.</param>
public readonly record struct Component(int X, int Y, int Width, int Height, int Area)
{
    /// <summary>The smallest box around all of them, and their area together.</summary>
    /// <param name="parts">At least one.</param>
    internal static Component Around(IReadOnlyList<Component> parts)
    {
        int left = parts.Min(part => part.X), top = parts.Min(part => part.Y);
        return new(left, top, parts.Max(part => part.X + part.Width) - left,
            parts.Max(part => part.Y + part.Height) - top, parts.Sum(part => part.Area));
    }
}
