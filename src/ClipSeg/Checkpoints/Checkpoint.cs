using System.Text.Json;
using ClipSeg.Formats;
using ClipSeg.Model;

namespace ClipSeg.Checkpoints;

/// <summary>An open model, whatever layout it is stored in, under Hugging Face's names.</summary>
/// <remarks>Spec: formats.md §2 to §5. Tensors can be read until the checkpoint is disposed.</remarks>
internal sealed class Checkpoint : IDisposable
{
    private const string ConfigName = "config.json";
    private const string PreprocessorName = "preprocessor_config.json";
    private const string ProcessorName = "processor_config.json";
    private const string ClipName = "ViT-B-16.pt";
    private const string ClipUrl = "https://openaipublic.azureedge.net/clip/models/"
        + "5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f/ViT-B-16.pt";

    private static readonly string[] _weightNames =
        ["model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json"];

    private readonly List<TensorFile> _files = [];
    private readonly string _folder;

    private Checkpoint(string path, string weights, TensorFile file)
    {
        (Path, Kind) = (path, file.Kind);
        _folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(weights))!;
        _files.Add(file);
    }

    /// <summary>As it was opened: a folder or a file.</summary>
    public string Path { get; }

    /// <summary>In words, for example "Hugging Face folder (safetensors)".</summary>
    public string Kind { get; private set; }

    /// <summary>By Hugging Face's names. What is no weight (position ids, unused projections) is not here.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors { get; private set; } =
        new Dictionary<string, StoredTensor>();

    /// <summary>What the network is; the blocks that the decoder reads are those of the options, if they say.</summary>
    public ClipSegConfig Config { get; private set; } = ClipSegConfig.Rd64;

    /// <summary>Whether the config was worked out from the tensors' shapes, because the layout has none.</summary>
    public bool ConfigIsInferred { get; private set; }

    /// <summary>How pictures are read.</summary>
    public Preprocessing Preprocessing { get; private set; } = new();

    /// <summary>Whether no file says how pictures are read, so that they are as CLIPSeg's were.</summary>
    public bool PreprocessingIsDefault { get; private set; } = true;

    /// <summary>What was put in place of a missing file, a line for each; empty for a complete model.</summary>
    public IReadOnlyList<string> Notes { get; private set; } = [];

    /// <summary>
    /// Opens a folder with config.json and weights, such weights with config.json beside them, or a PyTorch file of the
    /// authors' layout (of the decoder, which needs a CLIP, or of everything).
    /// </summary>
    /// <exception cref="CheckpointException">There is no such model, or a file of it is damaged.</exception>
    public static Checkpoint Open(string path, CheckpointOptions? options = null)
    {
        string weights = Directory.Exists(path) ? FindWeights(path) : path;
        TensorFile file = weights.EndsWith(".index.json", StringComparison.Ordinal)
            ? TensorFile.OpenParts(weights)
            : TensorFile.Open(weights);
        Checkpoint checkpoint = new(path, weights, file);
        try
        {
            options ??= new();
            if (KeyMap.IsOfficial(file.Tensors.Keys)) checkpoint.ReadOfficial(file, options);
            else checkpoint.ReadHuggingFace(file, options);
            checkpoint.Tensors = checkpoint.Tensors.ToDictionary(t => t.Key, t => t.Value.Finite(path));
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>The path of another file beside the weights, for example vocab.json; null if there is none.</summary>
    public string? File(string name)
    {
        if (!TensorFile.IsPlainName(name)) throw new ArgumentException($"'{name}' is not a file's name.", nameof(name));
        string path = System.IO.Path.Combine(_folder, name);
        return System.IO.File.Exists(path) ? path : null;
    }

    public void Dispose()
    {
        foreach (TensorFile file in _files) file.Dispose();
    }

    private void ReadHuggingFace(TensorFile file, CheckpointOptions options)
    {
        Tensors = KeyMap.ToHuggingFace(file.Tensors, Path);
        if (!Tensors.Keys.Any(IsClip) || !Tensors.Keys.Any(IsDecoder))
        {
            string wanted = !Tensors.Keys.Any(IsDecoder) ? "its decoder" : "its CLIP";
            string there = string.Join(" and ", file.Tensors.Keys.Take(2).Select(BinaryFile.Quote));
            throw new CheckpointException($"'{Path}' holds no CLIPSeg: none of its {file.Tensors.Count} tensors has "
                + $"a name of {wanted}. There are {(there.Length > 0 ? there : "none")}.");
        }
        Kind = $"Hugging Face {(Directory.Exists(Path) ? "folder" : "file")} ({file.Kind})";
        JsonElement config = JsonText.ReadObject(File(ConfigName) ?? throw new CheckpointException(
            $"'{Path}' has no {ConfigName} in its folder; a Hugging Face model needs it."));
        try
        {
            Describe(config, options);
        }
        catch (CheckpointException e)
        {
            throw new CheckpointException($"Model '{Path}': {e.Message}", e);
        }
    }

    private void Describe(JsonElement config, CheckpointOptions options)
    {
        Config = ClipSegConfig.Parse(config);
        if (options.ExtractLayers is { } layers)
        {
            Config = Config with { ExtractLayers = layers };
            Config.Validate();
        }
        if (FindPreprocessing() is { } found)
        {
            Preprocessing = Preprocessing.Parse(found.Root, found.File);
            PreprocessingIsDefault = false;
        }
        else
        {
            Notes =
            [
                $"'{Path}' has neither {PreprocessorName} nor {ProcessorName}: pictures are read at "
                + $"{Preprocessing.Width} x {Preprocessing.Height}, as CLIPSeg's were.",
            ];
        }
    }

    /// <summary>In a file of its own, or, as transformers 5 saves it, as a part of the processor's.</summary>
    private (JsonElement Root, string File)? FindPreprocessing()
    {
        if (File(PreprocessorName) is { } own) return (JsonText.ReadObject(own), PreprocessorName);
        return File(ProcessorName) is { } all
            && JsonText.ReadObject(all).TryGetProperty("image_processor", out JsonElement part)
            ? (part, $"{ProcessorName}: 'image_processor'") : null;
    }

    private void ReadOfficial(TensorFile file, CheckpointOptions options)
    {
        Dictionary<string, StoredTensor> tensors = KeyMap.ToHuggingFace(file.Tensors, Path);
        if (!tensors.Keys.Any(IsDecoder))
            throw new CheckpointException($"File '{Path}' is a CLIP without CLIPSeg's decoder.");
        Kind = $"official checkpoint ({file.Kind})";
        if (!tensors.Keys.Any(IsClip))
        {
            string path = FindClip(options);
            TensorFile clip = TensorFile.Open(path);
            _files.Add(clip);
            foreach ((string name, StoredTensor tensor) in KeyMap.ToHuggingFace(clip.Tensors, path))
            {
                if (IsClip(name)) tensors.Add(name, tensor);
            }
            Kind = $"official decoder ({file.Kind}) with CLIP ({clip.Kind})";
        }
        Tensors = tensors;
        Config = InferredConfig.From(Path, tensors, options);
        ConfigIsInferred = true;
    }

    private string FindClip(CheckpointOptions options)
    {
        string cached = System.IO.Path.Combine(options.ClipCache, ClipName);
        return options.ClipFile ?? File(ClipName) ?? (System.IO.File.Exists(cached) ? cached : null)
            ?? throw new CheckpointException($"File '{Path}' holds the decoder only. Download its CLIP from {ClipUrl} "
                + $"and put it beside the file or into '{options.ClipCache}', or say where it is.");
    }

    private static string FindWeights(string folder)
    {
        foreach (string name in _weightNames)
        {
            string path = System.IO.Path.Combine(folder, name);
            if (System.IO.File.Exists(path)) return path;
        }
        throw new CheckpointException($"Folder '{folder}' holds no model: none of {string.Join(", ", _weightNames)}. "
            + "The authors' .pth files are opened by their own path.");
    }

    private static bool IsDecoder(string name) => name.StartsWith("decoder.", StringComparison.Ordinal);

    private static bool IsClip(string name) => name.StartsWith("clip.", StringComparison.Ordinal);
}
