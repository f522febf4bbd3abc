using ClipSeg.Formats;
using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Text;

namespace ClipSeg.Onnx;

/// <summary>Opens models that ONNX Runtime runs, on a GPU for example.</summary>
/// <remarks>
/// The program chooses ONNX Runtime's native library by the package that it adds: <c>Microsoft.ML.OnnxRuntime</c>,
/// <c>Microsoft.ML.OnnxRuntime.Gpu</c> or <c>Microsoft.ML.OnnxRuntime.DirectML</c>.
/// </remarks>
public static class OnnxSegmenter
{
    private static readonly string[] _needed =
    [
        "config.json", "preprocessor_config.json", "vocab.json", "merges.txt", OnnxEngine.VisionFile,
        OnnxEngine.TextFile, OnnxEngine.DecoderFile,
    ];

    /// <summary>Opens the folder of a model that was exported to ONNX in parts.</summary>
    /// <exception cref="CheckpointException">A file is missing or damaged, or does not fit the others.</exception>
    /// <exception cref="ArgumentException">The model cannot work as the options ask, or this ONNX Runtime has no such
    /// provider.</exception>
    /// <exception cref="DllNotFoundException">ONNX Runtime's native library is not there.</exception>
    public static Segmenter Load(string folder, OnnxOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(folder);
        options ??= new();
        if (options.Threads is < 1)
            throw new ArgumentException($"{nameof(options.Threads)} is {options.Threads}, expected at least 1.");
        if (options.Device < 0)
            throw new ArgumentException($"{nameof(options.Device)} is {options.Device}, expected 0 or more.");
        string[] missing = [.. _needed.Where(name => !File.Exists(Path.Combine(folder, name)))];
        if (missing.Length > 0)
        {
            throw new CheckpointException($"Folder '{folder}' lacks {string.Join(", ", missing)}: "
                + "name the folder of a model that was exported to ONNX in parts, or export it anew.");
        }

        ClipSegConfig config = ClipSegConfig.Parse(JsonText.ReadObject(Path.Combine(folder, "config.json")));
        Preprocessing preprocessing =
            Preprocessing.Parse(JsonText.ReadObject(Path.Combine(folder, "preprocessor_config.json")));
        if (options.Size is { } size) preprocessing = preprocessing with { Width = size, Height = size };
        else if (preprocessing.Misfit(config.PatchSize) is { } misfit) throw new CheckpointException(misfit);
        OnnxEngine engine = new(folder, config, options);
        try
        {
            return new(engine, preprocessing, () => new(BpeVocabulary.Load(folder)), new Compute(options.Threads));
        }
        catch
        {
            engine.Dispose();
            throw;
        }
    }
}
