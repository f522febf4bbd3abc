using System.Buffers;
using System.Text.Json;
using ClipSeg.Formats;

namespace ClipSeg.Checkpoints;

/// <summary>Writes the config.json that a checkpoint without one would have, from the shapes of its tensors.</summary>
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
    public static JsonElement From(
        string path, IReadOnlyDictionary<string, StoredTensor> tensors, CheckpointOptions options)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer)) new InferredConfig(path, tensors, options).Write(json);
        using JsonDocument document = JsonDocument.Parse(buffer.WrittenMemory);
        return document.RootElement.Clone();
    }

    private void Write(Utf8JsonWriter json)
    {
        int vision = Size("clip.vision_model.embeddings.patch_embedding.weight", 0);
        int projection = Size("clip.visual_projection.weight", 0);
        bool deconv = _tensors.ContainsKey("decoder.reduce2.0.weight");
        Match(deconv ? "decoder.reduce.weight" : "decoder.reduces.0.weight", 1, vision, "CLIP's vision width");
        Match("decoder.film_mul.weight", 1, projection, "CLIP's embedding width");

        json.WriteStartObject();
        json.WriteString("model_type", "clipseg");
        json.WriteNumber("projection_dim", projection);
        json.WriteStartArray("extract_layers");
        foreach (int layer in ExtractLayers(deconv)) json.WriteNumberValue(layer);
        json.WriteEndArray();
        json.WriteNumber("reduce_dim", Size("decoder.film_mul.weight", 0));
        if (deconv)
        {
            json.WriteString("decoder_type", "clip-deconv");
            json.WriteNumber("reduce2_dim", Size("decoder.reduce2.0.weight", 0));
        }
        else
        {
            json.WriteNumber("decoder_num_attention_heads", _options.DecoderHeads);
            json.WriteNumber("decoder_intermediate_size", Size("decoder.layers.0.mlp.fc1.weight", 0));
        }
        json.WriteNumber("conditional_layer", 0);
        json.WriteBoolean("use_complex_transposed_convolution",
            _tensors.ContainsKey("decoder.transposed_convolution.0.weight"));
        WriteText(json);
        WriteVision(json, vision);
        json.WriteEndObject();
    }

    private void WriteText(Utf8JsonWriter json)
    {
        int width = Size("clip.text_model.embeddings.token_embedding.weight", 1);
        json.WriteStartObject("text_config");
        json.WriteNumber("vocab_size", Size("clip.text_model.embeddings.token_embedding.weight", 0));
        json.WriteNumber("max_position_embeddings", Size("clip.text_model.embeddings.position_embedding.weight", 0));
        WriteTower(json, "clip.text_model", width, _options.TextHeads);
        json.WriteNumber("eos_token_id", 2);        // sic: pool at the first maximum, as OpenAI's code does
        json.WriteEndObject();
    }

    private void WriteVision(Utf8JsonWriter json, int width)
    {
        int patch = Size("clip.vision_model.embeddings.patch_embedding.weight", 3);
        int tokens = Size("clip.vision_model.embeddings.position_embedding.weight", 0);
        int grid = (int)Math.Round(Math.Sqrt(tokens - 1));
        if (grid < 1 || (long)grid * grid != tokens - 1)
            throw new CheckpointException($"File '{_path}': {tokens} positions are no square grid and a class token.");

        json.WriteStartObject("vision_config");
        json.WriteNumber("patch_size", patch);
        json.WriteNumber("image_size", (long)grid * patch);
        WriteTower(json, "clip.vision_model", width, _options.VisionHeads);
        json.WriteEndObject();
    }

    private void WriteTower(Utf8JsonWriter json, string tower, int width, int? heads)
    {
        json.WriteNumber("hidden_size", width);
        json.WriteNumber("num_hidden_layers", Count(i => $"{tower}.encoder.layers.{i}.layer_norm1.weight"));
        json.WriteNumber("num_attention_heads", heads ?? Math.Max(1, width / HeadWidth));
        json.WriteNumber("intermediate_size", Size($"{tower}.encoder.layers.0.mlp.fc1.weight", 0));
        json.WriteString("hidden_act", "quick_gelu");
        json.WriteNumber("layer_norm_eps", 1e-5);
    }

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
