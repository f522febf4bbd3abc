using ClipSeg.Scenes.Artwork;

namespace ClipSeg.Scenes;

/// <summary>Which scenes are drawn; together with a seed it names them, so no two splits share one.</summary>
internal enum SceneSplit
{
    Train,
    Validation,
    Test,
}

/// <summary>Which concepts a scene may show and its phrases may name.</summary>
internal enum ConceptPool
{
    /// <summary>Those of decoder training.</summary>
    Seen,

    /// <summary>All of them, as many held-out ones as others on average.</summary>
    Mixed,

    /// <summary>Only those that decoder training never meets.</summary>
    HeldOut,

    /// <summary>All of them, each as likely as the next: for CLIP pre-training.</summary>
    All,
}

/// <summary>What scenes look like.</summary>
internal sealed record SceneOptions
{
    /// <summary>Sides of the square picture, in pixels; 16 to 4096.</summary>
    public int Size { get; init; } = 128;

    /// <summary>At least 1.</summary>
    public int MinObjects { get; init; } = 1;

    /// <summary>At most 31.</summary>
    public int MaxObjects { get; init; } = 8;

    /// <summary>Longer side of the smallest object, as a fraction of the picture's.</summary>
    public float MinScale { get; init; } = 0.1f;

    /// <summary>
    /// Longer side of the largest object, as a fraction of the picture's; at most 1. Crowds are smaller.
    /// </summary>
    public float MaxScale { get; init; } = 0.95f;

    public ConceptPool Pool { get; init; } = ConceptPool.Seen;

    /// <summary>Photographs for half of the backgrounds; null for the catalogue's, which may have none.</summary>
    public PhotoFolder? Photos { get; init; }

    /// <summary>Whether objects may throw soft shadows, and pictures be blurred, badly lit and compressed.</summary>
    public bool Worn { get; init; } = true;

    /// <summary>One large object.</summary>
    public static SceneOptions Single { get; } = new() { MaxObjects = 1, MinScale = 0.4f, MaxScale = 1 };

    internal void Check()
    {
        if (Size is < 16 or > 4096) throw new ArgumentException($"Scene size is {Size}, expected 16 to 4096 pixels.");
        if (MinObjects < 1 || MaxObjects < MinObjects || MaxObjects > 31)
        {
            throw new ArgumentException(
                $"A scene of {MinObjects} to {MaxObjects} objects; expected 1 to 31, in order.");
        }
        if (!(MinScale >= 0.05f && MinScale <= MaxScale && MaxScale <= 1))
            throw new ArgumentException($"Object scale is {MinScale} to {MaxScale}, expected 0.05 to 1, in order.");
    }
}
