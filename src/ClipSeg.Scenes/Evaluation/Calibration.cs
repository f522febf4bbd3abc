using ClipSeg.Checkpoints;
using ClipSeg.Formats;
using ClipSeg.Model;

namespace ClipSeg.Scenes.Evaluation;

/// <summary>Moves a model's final bias, so that the threshold that suits it best becomes one half.</summary>
internal static class Calibration
{
    private const string Head = "decoder.transposed_convolution.";

    /// <summary>Writes the model with logits that are smaller by the threshold's, which so becomes 0.5.</summary>
    /// <param name="folder">The new model's.</param>
    /// <param name="model">Opened from files.</param>
    /// <param name="threshold">Between 0 and 1.</param>
    public static void Write(string folder, Segmenter model, double threshold)
    {
        Checkpoint checkpoint = model.Checkpoint
            ?? throw new ArgumentException("A model that is not from files cannot be written again.", nameof(model));
        string key = Head + (model.Model.Config.RefinedHead ? "4.bias" : "bias");
        float shift = (float)Math.Log(threshold / (1 - threshold));
        StoredTensor bias = checkpoint.Tensors[key];
        StoredTensor moved = new(key, bias.Type, bias.Shape, (first, y) =>
        {
            bias.Read(first, y);
            foreach (ref float value in y) value -= shift;
        });
        ModelFiles.Write(folder, checkpoint.Tensors.Values.Select(t => t.Name == key ? moved : t),
            model.Model.Config, model.Preprocessing, ModelFiles.ReadVocabulary(checkpoint, new()),
            bias.Type);
    }
}
