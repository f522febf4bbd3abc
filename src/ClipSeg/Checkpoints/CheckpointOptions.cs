namespace ClipSeg.Checkpoints;

/// <summary>
/// What the authors' decoder files do not say. A model with a config.json needs none of it, and of these only its
/// layers can be changed.
/// </summary>
public sealed record CheckpointOptions
{
    /// <summary>CLIP for a file that holds the decoder only. Null: ViT-B-16.pt beside it or in the cache.</summary>
    public string? ClipFile { get; init; }

    /// <summary>Where OpenAI's package keeps its downloads.</summary>
    public string ClipCache { get; init; } =
        Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile,
            Environment.SpecialFolderOption.DoNotVerify), ".cache", "clip");

    /// <summary>
    /// The vision blocks that the decoder reads, 0-based, shallow first. Null: the config's, or without one 3, 6 and 9,
    /// which the released models were published with, or 9 for CLIP-Deconv.
    /// </summary>
    public IReadOnlyList<int>? ExtractLayers { get; init; }

    public int DecoderHeads { get; init; } = 4;

    /// <summary>Null: width / 64, as in all of OpenAI's models.</summary>
    public int? VisionHeads { get; init; }

    /// <summary>Null: width / 64, as in all of OpenAI's models.</summary>
    public int? TextHeads { get; init; }
}
