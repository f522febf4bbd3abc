using ClipSeg.Checkpoints;
using ClipSeg.Formats;
using ClipSeg.Model;

namespace ClipSeg.Scenes.Evaluation;

/// <summary>
/// Moves a model's final bias, so that the threshold that suits it best becomes one half, and writes down the score
/// below which things are best taken for absent.
/// </summary>
internal static class Calibration
{
    private const string Head = "decoder.transposed_convolution.";

    /// <summary>The model with logits that are smaller by the threshold's, which so becomes 0.5.</summary>
    /// <param name="model">Opened from files; to be disposed after what this returns.</param>
    /// <param name="threshold">Between 0 and 1.</param>
    public static Segmenter Move(Segmenter model, double threshold)
    {
        Checkpoint checkpoint = CheckpointOf(model);
        ClipSegModel moved = new(new Weights(Moved(checkpoint, model.Model.Config, threshold)), model.Model.Config)
        {
            Precision = model.Model.Precision,
        };
        return new(moved, model.Preprocessing, () => new(ModelFiles.ReadVocabulary(checkpoint, new())));
    }

    /// <summary>Writes what <see cref="Move"/> makes.</summary>
    /// <param name="folder">The new model's.</param>
    /// <param name="model">Opened from files.</param>
    /// <param name="threshold">Between 0 and 1.</param>
    /// <param name="notFoundBelow">In [0, 1], of the moved model's scores; 0 if it is not known.</param>
    public static void Write(string folder, Segmenter model, double threshold, double notFoundBelow)
    {
        Checkpoint checkpoint = CheckpointOf(model);
        ClipSegConfig config = model.Model.Config with { NotFoundBelow = (float)Math.Round(notFoundBelow, 3) };
        IReadOnlyDictionary<string, StoredTensor> tensors = Moved(checkpoint, config, threshold);
        ModelFiles.Write(folder, tensors.Values, config, model.Preprocessing,
            ModelFiles.ReadVocabulary(checkpoint, new()), tensors[BiasOf(config)].Type);
    }

    private static Checkpoint CheckpointOf(Segmenter model) => model.Checkpoint
        ?? throw new ArgumentException("A model that is not from files cannot be written again.", nameof(model));

    private static IReadOnlyDictionary<string, StoredTensor> Moved(
        Checkpoint checkpoint, ClipSegConfig config, double threshold)
    {
        string key = BiasOf(config);
        float shift = (float)Math.Log(threshold / (1 - threshold));
        StoredTensor bias = checkpoint.Tensors[key];
        return new Dictionary<string, StoredTensor>(checkpoint.Tensors)
        {
            [key] = new(key, bias.Type, bias.Shape, (first, y) =>
            {
                bias.Read(first, y);
                foreach (ref float value in y) value -= shift;
            }),
        };
    }

    private static string BiasOf(ClipSegConfig config) => Head + (config.RefinedHead ? "4.bias" : "bias");
}
