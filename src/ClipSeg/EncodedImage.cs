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
}
