using ClipSeg.Formats;
using ClipSeg.Model;

namespace ClipSeg.Checkpoints;

/// <summary>The config of a checkpoint that has none, from the shapes of its tensors.</summary>
/// <remarks>Spec: formats.md §2 and §3.</remarks>
internal sealed class InferredConfig
{
    private const int HeadWidth = 64;

    private readonly string _path;
    private readonly IReadOnlyDictionary<string, StoredTensor> _tensors;
    private readonly CheckpointOptions _options;

    private InferredConfig(string path, IReadOnlyDictionary<string, StoredTensor> tensors, CheckpointOptions options)
        => (_path, _tensors, _options) = (path, tensors, options);

    /// <summary>The config of tensors under Hugging Face's names.</summary>
    /// <exception cref="CheckpointException">A tensor that tells a size is missing or cannot be right.</exception>
    public static ClipSegConfig From(
        string path, IReadOnlyDictionary<string, StoredTensor> tensors, CheckpointOptions options)
        => new InferredConfig(path, tensors, options).Infer();

    private ClipSegConfig Infer()
    {
        const string Tokens = "clip.text_model.embeddings.token_embedding.weight";
        int vision = Size("clip.vision_model.embeddings.patch_embedding.weight", 0);
        int projection = Size("clip.visual_projection.weight", 0);
        bool deconv = _tensors.ContainsKey("decoder.reduce2.0.weight");
        Match(deconv ? "decoder.reduce.weight" : "decoder.reduces.0.weight", 1, vision, "CLIP's vision width");
        Match("decoder.film_mul.weight", 1, projection, "CLIP's embedding width");
        (int patch, int image) = Grid();
        ClipSegConfig config = new()
        {
            Vision = Tower("clip.vision_model", vision, _options.VisionHeads),
            PatchSize = patch,
            ImageSize = image,
            Text = Tower("clip.text_model", Size(Tokens, 1), _options.TextHeads),
            VocabularySize = Size(Tokens, 0),
            MaxTokens = Size("clip.text_model.embeddings.position_embedding.weight", 0),
            EndToken = 2,       // sic: pool at the first maximum, as OpenAI's code does
            EmbeddingWidth = projection,
            ExtractLayers = ExtractLayers(deconv),
            ReduceWidth = Size("decoder.film_mul.weight", 0),
            DecoderType = deconv ? DecoderType.ClipDeconv : DecoderType.ClipSeg,
            DecoderHeads = _options.DecoderHeads,
            RefinedHead = _tensors.ContainsKey("decoder.transposed_convolution.0.weight"),
        };
        config = deconv
            ? config with { Reduce2Width = Size("decoder.reduce2.0.weight", 0) }
            : config with { DecoderMlpWidth = Size("decoder.layers.0.mlp.fc1.weight", 0) };
        config.Validate();
        return config;
    }

    private (int Patch, int Image) Grid()
    {
        int patch = Size("clip.vision_model.embeddings.patch_embedding.weight", 3);
        int tokens = Size("clip.vision_model.embeddings.position_embedding.weight", 0);
        int grid = (int)Math.Round(Math.Sqrt(tokens - 1));
        if (grid < 1 || (long)grid * grid != tokens - 1)
            throw new CheckpointException($"File '{_path}': {tokens} positions are no square grid and a class token.");
        return (patch, checked(grid * patch));
    }

    private EncoderConfig Tower(string tower, int width, int? heads) => new()
    {
        Width = width,
        Layers = Count(i => $"{tower}.encoder.layers.{i}.layer_norm1.weight"),
        Heads = heads ?? Math.Max(1, width / HeadWidth),
        MlpWidth = Size($"{tower}.encoder.layers.0.mlp.fc1.weight", 0),
    };

    private IReadOnlyList<int> ExtractLayers(bool deconv)
    {
        int depth = deconv ? 1 : Count(i => $"decoder.reduces.{i}.weight");
        IReadOnlyList<int> layers = _options.ExtractLayers ?? (deconv ? [9] : [3, 6, 9]);
        return layers.Count == depth ? layers : throw new CheckpointException(
            $"File '{_path}' has a decoder that reads {depth} blocks, but {layers.Count} extract layers "
            + $"are given: [{string.Join(", ", layers)}].");
    }

    private int Count(Func<int, string> name)
    {
        int count = 0;
        while (_tensors.ContainsKey(name(count))) count++;
        return count;
    }

    private int Size(string name, int axis)
    {
        if (!_tensors.TryGetValue(name, out StoredTensor? tensor))
            throw new CheckpointException($"File '{_path}' has no tensor '{name}', which tells a size of the model.");
        return axis < tensor.Shape.Length ? tensor.Shape[axis] : throw new CheckpointException(
            $"File '{_path}': tensor '{name}' has {tensor.Shape.Length} dimensions, expected more than {axis}.");
    }

    private void Match(string name, int axis, int expected, string meaning)
    {
        if (Size(name, axis) != expected)
            throw new CheckpointException($"File '{_path}': tensor '{name}' is for {Size(name, axis)} channels, "
                + $"{meaning} is {expected}. The decoder belongs to another CLIP.");
    }
}
