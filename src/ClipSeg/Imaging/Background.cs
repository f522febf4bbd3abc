using System.Drawing;
using SkiaSharp;

namespace ClipSeg.Imaging;

/// <summary>What a cut-out is laid on.</summary>
internal sealed record Background
{
    private const float BlurShare = 1f / 40;        // of the shorter side: faces cannot be told, colours can

    private readonly Func<Image, Image, Image> _lay;

    private Background(Func<Image, Image, Image> lay) => _lay = lay;

    /// <summary>The picture itself, out of focus.</summary>
    public static Background Blur { get; } = new((cutOut, picture) =>
        cutOut.Over(picture.Blur(Math.Max(1, Math.Min(picture.Width, picture.Height) * BlurShare))));

    /// <summary>Of one colour.</summary>
    public static Background Of(Rgb colour) => new((cutOut, _) => cutOut.On(colour));

    /// <summary>Another picture, as large as it has to be to cover everything, its middle in the middle.</summary>
    public static Background Of(Image background) => new((cutOut, _) => cutOut.Over(background));

    /// <summary>The colour of a name, "white", or of a number, "#ffcc00"; null if it is none.</summary>
    public static Rgb? ParseColour(string text)
    {
        if (text.StartsWith('#'))
            return SKColor.TryParse(text, out SKColor parsed) ? new(parsed.Red, parsed.Green, parsed.Blue) : null;
        Color named = Color.FromName(text);
        return named is { IsKnownColor: true, IsSystemColor: false } ? new(named.R, named.G, named.B) : null;
    }

    /// <param name="cutOut">With alpha.</param>
    /// <param name="picture">What it was cut out of.</param>
    public Image Under(Image cutOut, Image picture) => _lay(cutOut, picture);
}
