using ClipSeg.Checkpoints;
using ClipSeg.Files;
using ClipSeg.Formats;
using ClipSeg.Model;
using ClipSeg.Text;

namespace ClipSeg.Onnx;

/// <summary>Writes a model for ONNX Runtime (opset 17), with the files that say how to prepare its inputs.</summary>
public static class OnnxFolder
{
    /// <summary>
    /// Writes a new folder, which appears when it is complete: model.onnx, or with <paramref name="split"/>, as
    /// <see cref="OnnxSegmenter"/> reads it, vision.onnx, picture.onnx, text.onnx and decoder.onnx; and config.json,
    /// preprocessor_config.json, the vocabulary and the licence.
    /// </summary>
    /// <exception cref="ArgumentException">The model runs on ONNX Runtime already.</exception>
    /// <exception cref="CheckpointException">A weight cannot be read, or does not fit the type.</exception>
    /// <exception cref="IOException">The folder exists, or cannot be written.</exception>
    public static void Write(
        Segmenter model, string folder, OnnxType type = OnnxType.Float32, bool split = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(folder);
        if (model.Checkpoint is not { } checkpoint)
            throw new ArgumentException("This model runs on ONNX Runtime already: export the one that it was made of.");
        Write(folder, model.Model, model.Preprocessing, ModelFiles.ReadVocabulary(checkpoint, new()), type, split,
            [.. Licence.Of(checkpoint)]);
    }

    /// <summary>The same of a model in memory.</summary>
    /// <param name="others">Paths of files to copy, such as a licence.</param>
    internal static void Write(string folder, ClipSegModel model, Preprocessing preprocessing, BpeVocabulary vocabulary,
        OnnxType type = OnnxType.Float32, bool split = false, params IReadOnlyList<string> others)
    {
        if (Path.Exists(folder))
            throw new IOException($"'{folder}' exists already; a model is written to a new folder.");
        OutputFolder.Write(folder, temporary =>
        {
            ModelFiles.WriteDescription(temporary, model.Config, preprocessing, vocabulary, others);
            if (!split)
            {
                Save("model.onnx", OnnxModel.Whole(model, type));
                return;
            }
            Save("vision.onnx", OnnxModel.Vision(model, type));
            Save("picture.onnx", OnnxModel.Picture(model, type));
            Save("text.onnx", OnnxModel.Text(model, type));
            Save("decoder.onnx", OnnxModel.Decoder(model, type));

            void Save(string name, OnnxGraph graph)
                => OutputFile.Write(Path.Combine(temporary, name), graph.Write);
        });
    }
}
