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
    public Mask GuidedFilter(Image picture, int? radius = null, float epsilon = Guide.UsualEpsilon)
        => new Guide(picture, radius, epsilon).Filter(this, Uninitialized(Width, Height));
}
