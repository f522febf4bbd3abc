using ClipSeg.Formats;
using ClipSeg.Model;

namespace ClipSeg.Training;

/// <summary>
/// How a decoder is trained. The defaults are the paper's PC+ recipe (training-and-evaluation.md §5).
/// </summary>
public sealed record TrainRecipe
{
    /// <summary>Samples per step.</summary>
    public int Batch { get; init; } = 64;

    public int Steps { get; init; } = 20_000;

    /// <summary>The learning rate of the first step.</summary>
    public float Rate { get; init; } = 1e-3f;

    /// <summary>The learning rate that the cosine ends at.</summary>
    public float LowestRate { get; init; } = 1e-4f;

    public float WeightDecay { get; init; } = 0.01f;

    public float Dropout { get; init; } = 0.1f;

    /// <summary>
    /// The side that pictures are trained at, in pixels: a multiple of the patch size; null for the model's own.
    /// </summary>
    public int? Size { get; init; }

    /// <summary>Cut a random square from each picture, rather than squash it.</summary>
    public bool Crop { get; init; } = true;

    /// <summary>The templates that phrases are put into (<see cref="Prompts.PromptTemplates.Named"/>).</summary>
    public string Templates { get; init; } = "shuffle+";

    /// <summary>The probability that a sample's phrase names something else and its mask is empty.</summary>
    public float Negatives { get; init; } = 0.2f;

    /// <summary>
    /// How support pictures are engineered (<see cref="Prompts.VisualPrompt.Named"/>); null for training with words
    /// alone.
    /// </summary>
    public string? VisualPrompt { get; init; } = "crop_blur_highlight352";

    /// <summary>
    /// The text's weight in the conditional is drawn from MixMin..MixMax where there is a support picture.
    /// </summary>
    public float MixMin { get; init; }

    /// <summary>The released recipes' 0.5; the paper's text says 1.</summary>
    public float MixMax { get; init; } = 0.5f;

    /// <summary>
    /// Blend text and support picture by that weight (the paper's interpolation); without it the text stands alone with
    /// that probability, and the picture otherwise.
    /// </summary>
    public bool Interpolate { get; init; } = true;

    /// <summary>Visit the samples in a new random order every epoch, rather than as they come.</summary>
    public bool Shuffle { get; init; } = true;

    /// <summary>Steps from one validation, and one saved state, to the next.</summary>
    public int Interval { get; init; } = 500;

    /// <summary>Samples that validation looks at, spread over all; each at most once.</summary>
    public int ValidationSamples { get; init; } = 256;

    /// <summary>Samples that are on the tape at once: few enough for the cache, many enough for the kernels.</summary>
    public int Part { get; init; } = 8;

    public int Seed { get; init; } = 1;

    /// <summary>Which decoder is trained.</summary>
    public DecoderType DecoderType { get; init; }

    /// <summary>R of the new decoder, the paper's D.</summary>
    public int Width { get; init; } = 64;

    /// <summary>The width between the two layers of CLIP-Deconv's <c>reduce2</c>.</summary>
    public int Reduce2 { get; init; } = 64;

    /// <summary>Whether the new decoder has the refined head.</summary>
    public bool Refined { get; init; }

    /// <summary>S of the new decoder; null for what the model's config says.</summary>
    public IReadOnlyList<int>? Layers { get; init; }

    /// <summary>The config of a network with this recipe's decoder on another one's CLIP.</summary>
    /// <exception cref="RecipeException">There is no such network.</exception>
    internal ClipSegConfig Decoder(ClipSegConfig config)
    {
        config = config with
        {
            DecoderType = DecoderType,
            ReduceWidth = Width,
            Reduce2Width = Reduce2,
            RefinedHead = Refined,
            ExtractLayers = Layers ?? config.ExtractLayers,
            ConditionalLayer = 0,
        };
        int drawn = config.PatchSize / 4 * (config.PatchSize / 4);       // pixels a side for each patch
        if (Refined && drawn != config.PatchSize)
        {
            throw new RecipeException($"The refined head draws {drawn} x {drawn} pixels for a patch, and the model's "
                + $"patches have {config.PatchSize} x {config.PatchSize}: it is for patches of 16. "
                + "Set refined to false.");
        }
        try
        {
            config.Validate();
            return config;
        }
        catch (CheckpointException e)
        {
            throw new RecipeException($"The recipe's decoder does not fit the model: {e.Message}");
        }
    }
}
