using ClipSeg.Numerics;

namespace ClipSeg.Model;

/// <summary>Which network turns CLIP's activations into masks.</summary>
public enum DecoderType
{
    /// <summary><see cref="Model.Decoder"/>.</summary>
    ClipSeg,

    /// <summary><see cref="DeconvDecoder"/>.</summary>
    ClipDeconv,
}

/// <summary>What turns CLIP's activations into masks.</summary>
internal interface IDecoder
{
    /// <summary>
    /// Activations [B, 1 + GH * GW, C] per extracted layer, shallow first, and conditionals [P, E] → logits [P, H, W].
    /// </summary>
    /// <param name="activations">B is P (a picture per conditional) or 1 (one picture, many conditionals).</param>
    /// <param name="conditionals">What to look for.</param>
    /// <param name="height">GH, in tokens.</param>
    /// <param name="width">GW, in tokens.</param>
    Tensor Forward(IReadOnlyList<Tensor> activations, Tensor conditionals, int height, int width);
}
