namespace ClipSeg.Numerics;

/// <summary>What a parameter does in its network: how it starts, decays and is stored follows from it.</summary>
internal enum Role
{
    /// <summary>A matrix that makes queries, keys or values, [C, C].</summary>
    Attention,

    /// <summary>The matrix behind the heads, [C, C].</summary>
    AttentionOutput,

    /// <summary>An MLP's first matrix, [inner, C].</summary>
    MlpInput,

    /// <summary>An MLP's second matrix, [C, inner].</summary>
    MlpOutput,

    /// <summary>A matrix between spaces, outside of a transformer's blocks.</summary>
    Projection,

    /// <summary>From patches of pixels to tokens.</summary>
    Patches,

    /// <summary>From tokens to pixels: the kernels of a decoder's head.</summary>
    Pixels,

    /// <summary>A row for each token id.</summary>
    TokenEmbedding,

    /// <summary>A row for each place.</summary>
    PositionEmbedding,

    /// <summary>The token that stands for the whole picture.</summary>
    ClassEmbedding,

    /// <summary>What a normalised row is multiplied with.</summary>
    Gain,

    /// <summary>The same, where only a block's products read the row.</summary>
    BlockGain,

    /// <summary>Added to a normalised row.</summary>
    Shift,

    /// <summary>Added to what a matrix or kernel gives.</summary>
    Bias,

    /// <summary>The same in attention, where it starts at 0.</summary>
    AttentionBias,

    /// <summary>The logarithm of what cosine similarities are multiplied with.</summary>
    LogitScale,
}

/// <summary>The part of the model that a parameter belongs to; parts can be combined.</summary>
[Flags]
internal enum Part
{
    None = 0,
    Vision = 1,
    Text = 2,

    /// <summary>Both towers, and the temperature between them.</summary>
    Clip = Vision | Text,

    Decoder = 4,
    All = Clip | Decoder,
}

internal static class Roles
{
    /// <summary>Whether it is a factor of products: what weight decay is for.</summary>
    public static bool IsMatrix(this Role role) => role <= Role.Pixels;

    /// <summary>Whether it is a matrix of a transformer's blocks, or feeds their products alone.</summary>
    public static bool IsInBlock(this Role role) => role <= Role.MlpOutput || role == Role.BlockGain;
}
