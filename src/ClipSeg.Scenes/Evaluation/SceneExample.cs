using ClipSeg.Imaging;
using ClipSeg.Scenes.Artwork;

namespace ClipSeg.Scenes.Evaluation;

/// <summary>A scene, what was asked for, and the answers. All masks are of the pictures' size.</summary>
internal sealed record SceneExample
{
    public required Image Picture { get; init; }

    public required Phrase Phrase { get; init; }

    public required Mask Truth { get; init; }

    /// <summary>Probabilities for the phrase.</summary>
    public required Mask ByText { get; init; }

    /// <summary>The picture that showed the same; null for relations, which no other picture shows.</summary>
    public Image? Support { get; init; }

    public Mask? SupportMask { get; init; }

    /// <summary>Probabilities for what the support picture shows.</summary>
    public Mask? ByPicture { get; init; }
}
