using ClipSeg.Numerics;

namespace ClipSeg.Model;

/// <summary>
/// What is asked of a network: four operations. <see cref="ClipSegModel"/> answers them in C#; other runtimes may.
/// </summary>
/// <remarks>
/// They may be called from several threads, each inside the <see cref="Compute"/> of its engine. Results live in the
/// caller's <see cref="TensorScope"/>.
/// </remarks>
internal interface IEngine
{
    ClipSegConfig Config { get; }

    /// <summary>
    /// What the decoder reads: normalised pixels [B, 3, H, W] → [B, 1 + GH * GW, C] for each of the config's extracted
    /// layers, shallow first. H and W are multiples of the patch size.
    /// </summary>
    Tensor[] Activations(Tensor pixels);

    /// <summary>CLIP's image embedding: normalised pixels [B, 3, H, W] → [B, E], not normalised.</summary>
    /// <param name="mask">Limits attention to an object, or null.</param>
    Tensor EmbedPictures(Tensor pixels, LayerMask? mask = null);

    /// <summary>CLIP's text embedding: token ids, start and end included → [P, E], not normalised.</summary>
    Tensor EmbedTexts(IReadOnlyList<int[]> ids);

    /// <summary>Activations of one picture and conditionals [P, E] → logits [P, H, W].</summary>
    /// <param name="height">GH, in tokens.</param>
    /// <param name="width">GW, in tokens.</param>
    Tensor Decode(IReadOnlyList<Tensor> activations, Tensor conditionals, int height, int width);
}
