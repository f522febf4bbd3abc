namespace ClipSeg.Imaging;

/// <summary>The filters of <see cref="Image.Resize"/>. All but nearest average when they shrink.</summary>
public enum Resample
{
    /// <summary>The pixel whose area holds the centre.</summary>
    Nearest,

    /// <summary>The mean of the area.</summary>
    Box,

    /// <summary>A triangle as wide as two pixels: what CLIPSeg's preprocessing uses.</summary>
    Bilinear,

    /// <summary>A cubic (a = -0.5) as wide as four pixels: what CLIP's preprocessing uses.</summary>
    Bicubic,

    /// <summary>A windowed sinc as wide as six pixels.</summary>
    Lanczos,
}
