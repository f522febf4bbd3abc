using ClipSeg.Numerics;

namespace ClipSeg;

/// <summary>
/// A picture as CLIP has read it: all that prompts need of it, in memory of its own. For the segmenter that made it, or
/// another one of the same model.
/// </summary>
public sealed class EncodedImage
{
    internal EncodedImage(int width, int height, int gridHeight, int gridWidth, IReadOnlyList<Tensor> activations)
        => (Width, Height, GridHeight, GridWidth, Activations) = (width, height, gridHeight, gridWidth, activations);

    /// <param name="whole">The picture.</param>
    /// <param name="tiling">How it was cut into tiles.</param>
    /// <param name="tiles">Those, in their order.</param>
    internal EncodedImage(EncodedImage whole, Tiling tiling, IReadOnlyList<EncodedImage> tiles)
        : this(whole.Width, whole.Height, whole.GridHeight, whole.GridWidth, whole.Activations)
        => (Tiling, Tiles) = (tiling, tiles);

    /// <summary>Of the picture, in pixels.</summary>
    public int Width { get; }

    /// <summary>Of the picture, in pixels.</summary>
    public int Height { get; }

    /// <summary>In patches.</summary>
    internal int GridHeight { get; }

    /// <summary>In patches.</summary>
    internal int GridWidth { get; }

    /// <summary>[1, 1 + GridHeight * GridWidth, C] for each layer that the decoder reads, shallow first.</summary>
    internal IReadOnlyList<Tensor> Activations { get; }

    /// <summary>How the picture was cut into tiles that were read beside; null if it was not.</summary>
    internal Tiling? Tiling { get; }

    internal IReadOnlyList<EncodedImage> Tiles { get; } = [];
}
