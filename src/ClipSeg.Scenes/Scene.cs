using ClipSeg.Imaging;
using ClipSeg.Scenes.Artwork;

namespace ClipSeg.Scenes;

/// <summary>A labelled picture: what is where. The pixels of every object are known exactly.</summary>
internal sealed class Scene
{
    internal Scene(EmojiCatalogue catalogue, ConceptPool pool, Image picture, byte[] labels, SceneObject[] objects)
        => (Catalogue, Pool, Picture, Labels, Objects) = (catalogue, pool, picture, labels, objects);

    public EmojiCatalogue Catalogue { get; }

    /// <summary>
    /// What the scene was drawn from; of <see cref="ConceptPool.Seen"/>, no phrase names a held-out concept.
    /// </summary>
    public ConceptPool Pool { get; }

    public Image Picture { get; }

    /// <summary>[height, width]: 0 is background, i + 1 the pixels where object i is seen.</summary>
    public byte[] Labels { get; }

    /// <summary>From back to front.</summary>
    public IReadOnlyList<SceneObject> Objects { get; }

    /// <summary>1 where an object of the set is seen.</summary>
    /// <param name="objects">Bit i stands for object i.</param>
    public Mask Mask(uint objects)
    {
        Mask mask = new(Picture.Width, Picture.Height);
        ulong labels = (ulong)objects << 1;
        for (int i = 0; i < Labels.Length; i++) mask.Values[i] = (labels >> Labels[i]) & 1;
        return mask;
    }
}

/// <summary>One object of a scene, measured on the pixels where it is seen.</summary>
internal sealed class SceneObject
{
    public required Concept Concept { get; init; }

    public required Sprite Sprite { get; init; }

    /// <summary>Seen pixels.</summary>
    public required int Pixels { get; init; }

    /// <summary>How much of the object is seen, in (0, 1]; the rest is behind others or outside the picture.</summary>
    public required float VisibleFraction { get; init; }

    /// <summary>First and last column and row with a seen pixel.</summary>
    public required int Left { get; init; }

    public required int Top { get; init; }

    public required int Right { get; init; }

    public required int Bottom { get; init; }

    /// <summary>Centre of the seen pixels, in pixels.</summary>
    public required float CentreX { get; init; }

    public required float CentreY { get; init; }

    public required ColourShares Colours { get; init; }

    /// <summary>Side of a square with as many pixels.</summary>
    public float Size => MathF.Sqrt(Pixels);
}
