namespace ClipSeg.Imaging;

/// <content>Edges that follow the picture's.</content>
public sealed partial class Mask
{
    /// <summary>
    /// This mask with its edges moved to those of the picture: in each square window it is fitted by a straight line
    /// over the picture's brightness, and a pixel's value is the mean of what its windows' lines say, within [0, 1].
    /// </summary>
    /// <remarks>
    /// He, Sun and Tang, "Guided Image Filtering", 2013, with a grey guide I (luma by 0.299, 0.587, 0.114, in [0, 1]):
    /// a = cov(I, mask) / (var(I) + epsilon), b = mean(mask) - a mean(I), value = mean(a) I + mean(b). Windows end at
    /// the border of the picture. From a radius of 8 on, a and b are worked out on means of squares of radius / 4
    /// pixels a side and interpolated (He and Sun, "Fast Guided Filter", 2015), so that time and memory hardly grow.
    /// </remarks>
    /// <param name="picture">Of this mask's size.</param>
    /// <param name="radius">A window has 2 radius + 1 pixels a side; at least 1. Null: a 64th of the longer side, which
    /// did best in the tables of docs/prompts.md.</param>
    /// <param name="epsilon">Above 0; windows whose brightness varies less than this (a variance) are smoothed.</param>
    public Mask GuidedFilter(Image picture, int? radius = null, float epsilon = 1e-3f)
    {
        if ((picture.Width, picture.Height) != (Width, Height))
        {
            throw new ArgumentException(
                $"The picture is {picture.Width}x{picture.Height}, expected the mask's size, {Width}x{Height}.");
        }
        int reach = radius ?? Math.Max(1, Math.Max(Width, Height) / 64);
        ArgumentOutOfRangeException.ThrowIfLessThan(reach, 1, nameof(radius));
        if (!(epsilon > 0)) throw new ArgumentException($"Epsilon is above 0, got {epsilon}.");
        return new GuidedLines(this, picture, Math.Min(reach, Math.Max(Width, Height)), epsilon).Apply(this, picture);
    }
}
