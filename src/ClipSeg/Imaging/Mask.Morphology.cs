using ClipSeg.Numerics;

namespace ClipSeg.Imaging;

/// <content>
/// Growing, shrinking, soft edges and holes. A pixel is set if its value is above 0.5; distances are Euclidean, in
/// pixels, between the centres of pixels; what lies outside the picture is neither set nor unset.
/// </content>
public sealed partial class Mask
{
    private const int LeastPixels = 1 << 16;    // that are worth another thread

    /// <summary>The binary mask: 1 where a set pixel (above 0.5) is at most the radius away.</summary>
    /// <param name="radius">In pixels, not negative; Euclidean, so that corners become round.</param>
    public Mask Grow(float radius) => Within(radius, set: true);

    /// <summary>The binary mask: 1 where every pixel of 0.5 or less is farther away than the radius.</summary>
    /// <remarks>What the border of the picture cuts stays at the border.</remarks>
    /// <param name="radius">In pixels, not negative; Euclidean.</param>
    public Mask Shrink(float radius) => Within(radius, set: false);

    /// <summary>
    /// A soft edge: 0.5 on the outline of the set pixels (above 0.5), rising in a straight line to 1 at the radius
    /// inside and falling to 0 at the radius outside.
    /// </summary>
    /// <remarks>
    /// clamp(0.5 + d / (2 radius)), where d is the distance to the nearest pixel of the other kind less a half,
    /// negative outside. Above 0.5 is what was above it before.
    /// </remarks>
    /// <param name="radius">In pixels, above 0.</param>
    public Mask Feather(float radius)
    {
        if (!(radius > 0)) throw new ArgumentException($"A soft edge's radius is above 0, got {radius}.");
        float[] outside = DistanceTransform.Squared(this, set: true);
        float[] inside = DistanceTransform.Squared(this, set: false);
        Workers.Split(inside.Length, LeastPixels, (first, last) =>
        {
            for (int i = first; i < last; i++)
            {
                float distance = inside[i] > 0 ? MathF.Sqrt(inside[i]) - 0.5f : 0.5f - MathF.Sqrt(outside[i]);
                inside[i] = Math.Clamp(0.5f + distance / (2 * radius), 0, 1);
            }
        });
        return new(Width, Height, inside);
    }

    /// <summary>
    /// The binary mask: the set pixels (above 0.5), and those from which no path over unset pixels, side by side,
    /// leads to the border of the picture.
    /// </summary>
    public Mask FillHoles()
    {
        Mask filled = Threshold(0.5f);
        new Regions(this, set: false, diagonal: false).Fill(filled,
            hole => hole.X > 0 && hole.Y > 0 && hole.X + hole.Width < Width && hole.Y + hole.Height < Height);
        return filled;
    }

    private Mask Within(float radius, bool set)
    {
        if (!(radius >= 0)) throw new ArgumentException($"A radius is at least 0, got {radius}.");
        float[] values = DistanceTransform.Squared(this, set);
        double square = (double)radius * radius;
        Workers.Split(values.Length, LeastPixels, (first, last) =>
        {
            foreach (ref float value in values.AsSpan(first, last - first)) value = value <= square == set ? 1 : 0;
        });
        return new(Width, Height, values);
    }
}
