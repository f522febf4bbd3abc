using ClipSeg.Training;

namespace ClipSeg.Scenes.Pretraining;

/// <summary>How CLIP is trained from scratch.</summary>
internal sealed record PretrainRecipe
{
    /// <summary>Pairs per step; each is compared with all others of its batch.</summary>
    public int Batch { get; init; } = 128;

    public int Steps { get; init; } = 20_000;

    public float Rate { get; init; } = 1e-3f;

    /// <summary>In steps.</summary>
    public int WarmUp { get; init; } = 300;

    /// <summary>Of matrices only: not of gains, biases and embeddings.</summary>
    public float WeightDecay { get; init; } = 0.05f;

    /// <summary>
    /// Pairs that go through the towers together: few enough for a layer's results to stay in the cache.
    /// </summary>
    public int Part { get; init; } = 32;

    /// <summary>
    /// Whether to compute the embeddings once without a tape, and each part again with one (Gao et al. 2021, "gradient
    /// caching"): a third more work, the same gradients, memory for one part instead of a batch.
    /// </summary>
    public bool CacheGradients { get; init; }

    /// <summary>Steps from one validation, and one saved state, to the next.</summary>
    public int Interval { get; init; } = 250;

    public int Seed { get; init; } = 1;

    /// <summary>The values by the names they have in files and on command lines.</summary>
    public static IReadOnlyList<RecipeKey<PretrainRecipe>> Keys { get; } =
    [
        RecipeKeys.Whole<PretrainRecipe>("batch", "Pairs per step.", (r, v) => r with { Batch = v }, r => r.Batch),
        RecipeKeys.Whole<PretrainRecipe>("steps", "Steps in all.", (r, v) => r with { Steps = v }, r => r.Steps),
        RecipeKeys.Real<PretrainRecipe>(
            "rate", "Highest learning rate.", (r, v) => r with { Rate = v }, r => r.Rate, 1),
        RecipeKeys.Whole<PretrainRecipe>(
            "warm-up", "Steps in which the rate rises.", (r, v) => r with { WarmUp = v }, r => r.WarmUp, least: 0),
        RecipeKeys.Real<PretrainRecipe>(
            "weight-decay", "AdamW's, of matrices.", (r, v) => r with { WeightDecay = v }, r => r.WeightDecay, 1),
        RecipeKeys.Whole<PretrainRecipe>(
            "part", "Pairs that go through the towers together.", (r, v) => r with { Part = v }, r => r.Part),
        RecipeKeys.Flag<PretrainRecipe>("cache-gradients", "Less memory for a third more work.",
            (r, v) => r with { CacheGradients = v }, r => r.CacheGradients),
        RecipeKeys.Whole<PretrainRecipe>("interval", "Steps from one validation and saved state to the next.",
            (r, v) => r with { Interval = v }, r => r.Interval),
        RecipeKeys.Whole<PretrainRecipe>(
            "seed", "For everything that is drawn.", (r, v) => r with { Seed = v }, r => r.Seed, least: 0),
    ];
}
