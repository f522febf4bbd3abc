using ClipSeg.Formats;

namespace ClipSeg.Checkpoints;

/// <summary>Brings the authors' decoder and OpenAI's CLIP under Hugging Face's names.</summary>
/// <remarks>Spec: formats.md §4 and §5.</remarks>
internal static class KeyMap
{
    private const string TextLayers = "clip.text_model.encoder.layers.";
    private const string VisionLayers = "clip.vision_model.encoder.layers.";
    private const string DecoderLayers = "decoder.layers.";
    private const string ClipRoot = "clip_model.";
    private const string Reduce2 = "reduce2.0.weight";

    // Scalars of TorchScript archives, and the second copy of the vision tower.
    private static readonly string[] _dropped = ["input_resolution", "context_length", "vocab_size", "model."];

    // A projection that CLIPSeg's decoder does not use; CLIP-Deconv, which has a reduce2 as well, does.
    private static readonly string[] _unusedByClipSeg = ["reduce.", "decoder.reduce."];

    // Beginnings of names (whole names where they end without a dot); the first match counts.
    private static readonly (string From, string To)[] _official =
    [
        ("token_embedding.weight", "clip.text_model.embeddings.token_embedding.weight"),
        ("positional_embedding", "clip.text_model.embeddings.position_embedding.weight"),
        ("transformer.resblocks.", TextLayers),
        ("ln_final.", "clip.text_model.final_layer_norm."),
        ("visual.class_embedding", "clip.vision_model.embeddings.class_embedding"),
        ("visual.positional_embedding", "clip.vision_model.embeddings.position_embedding.weight"),
        ("visual.conv1.weight", "clip.vision_model.embeddings.patch_embedding.weight"),
        ("visual.ln_pre.", "clip.vision_model.pre_layrnorm."),      // sic
        ("visual.ln_post.", "clip.vision_model.post_layernorm."),
        ("visual.transformer.resblocks.", VisionLayers),
        ("film_mul.", "decoder.film_mul."),
        ("film_add.", "decoder.film_add."),
        ("reduces.", "decoder.reduces."),
        ("reduce.", "decoder.reduce."),
        ("reduce2.", "decoder.reduce2."),
        ("blocks.", DecoderLayers),
        ("trans_conv.", "decoder.transposed_convolution."),
    ];

    private static readonly (string From, string To)[] _transposed =
    [
        ("text_projection", "clip.text_projection.weight"),
        ("visual.proj", "clip.visual_projection.weight"),
    ];

    // Hugging Face's names as an early script and saves of the bare CLIPSegModel have them.
    private static readonly (string From, string To)[] _variants =
    [
        ("clipseg.", "clip."),
        ("text_model.", "clip.text_model."),
        ("vision_model.", "clip.vision_model."),
        ("visual_projection.", "clip.visual_projection."),
        ("text_projection.", "clip.text_projection."),
        ("logit_scale", "clip.logit_scale"),
    ];

    private static readonly (string From, string To)[] _inLayers =
    [
        ("ln_1.", "layer_norm1."),
        ("ln_2.", "layer_norm2."),
        ("norm1.", "layer_norm1."),
        ("norm2.", "layer_norm2."),
        ("mlp.c_fc.", "mlp.fc1."),
        ("mlp.c_proj.", "mlp.fc2."),
        ("linear1.", "mlp.fc1."),
        ("linear2.", "mlp.fc2."),
        ("attn.", "self_attn."),
    ];

    /// <summary>Whether these are the names of the authors' or OpenAI's files.</summary>
    public static bool IsOfficial(IEnumerable<string> names)
    {
        string[] all = [.. names];
        WrappedNames wrapped = WrappedNames.Of(all);
        return all.Select(name => WithoutRoot(wrapped.Unwrap(name, out _)))
            .Any(name => name is not null && (Replace(name, _official) ?? Replace(name, _transposed)) is not null);
    }

    /// <summary>
    /// The tensors of the file at <paramref name="path"/> under Hugging Face's names. What is no weight, or stands
    /// beside the network, is left out; unknown names stay. Of a second copy, only what the first has not got counts.
    /// </summary>
    /// <exception cref="CheckpointException">Two tensors get one name, or a shape cannot be converted.</exception>
    public static Dictionary<string, StoredTensor> ToHuggingFace(
        IReadOnlyDictionary<string, StoredTensor> tensors, string path)
    {
        WrappedNames wrapped = WrappedNames.Of(tensors.Keys);
        Dictionary<string, StoredTensor> mapped = new(StringComparer.Ordinal);
        List<(string Name, StoredTensor Tensor)> others = [];
        bool deconv = tensors.Keys.Any(
            key => WithoutRoot(wrapped.Unwrap(key, out _)) is Reduce2 or "decoder." + Reduce2);
        string[] dropped = deconv ? _dropped : [.. _dropped, .. _unusedByClipSeg];
        foreach ((string key, StoredTensor tensor) in tensors)
        {
            if (WithoutRoot(wrapped.Unwrap(key, out bool other)) is not { } name) continue;
            if (name.EndsWith(".position_ids", StringComparison.Ordinal) || dropped.Any(d => Matches(name, d)))
                continue;
            if (other)
            {
                others.Add((name, tensor));
                continue;
            }
            foreach (StoredTensor result in Map(name, tensor, path))
            {
                if (!mapped.TryAdd(result.Name, result))
                    throw new CheckpointException(
                        $"File '{path}': tensor {BinaryFile.Quote(key)} is a second {BinaryFile.Quote(result.Name)}.");
            }
        }
        foreach (StoredTensor result in others.SelectMany(t => Map(t.Name, t.Tensor, path)))
            mapped.TryAdd(result.Name, result);
        return mapped;
    }

    private static IEnumerable<StoredTensor> Map(string name, StoredTensor tensor, string path)
    {
        if (Replace(name, _transposed) is { } transposed)
        {
            if (tensor.Shape.Length != 2) throw Misshapen(path, tensor, "two dimensions");
            return [tensor.Transposed(transposed)];
        }
        string mapped = Replace(name, _official) ?? Replace(name, _variants) ?? name;
        return InLayer(mapped, out int rest)
            ? MapInLayer(mapped[..rest], mapped[rest..], tensor, path)
            : [tensor.Renamed(mapped)];
    }

    /// <summary>Inside of a transformer block: other words, and one matrix for q, k and v.</summary>
    private static IEnumerable<StoredTensor> MapInLayer(
        string layer, string rest, StoredTensor tensor, string path)
    {
        rest = Replace(rest, _inLayers) ?? rest;
        string? part = rest switch
        {
            "self_attn.in_proj_weight" => "weight",
            "self_attn.in_proj_bias" => "bias",
            _ => null,
        };
        if (part is null) return [tensor.Renamed(layer + rest)];

        if (tensor.Shape.Length == 0 || tensor.Shape[0] == 0 || tensor.Shape[0] % 3 != 0)
            throw Misshapen(path, tensor, "rows for q, k and v");
        int rows = tensor.Shape[0] / 3;
        return
        [
            tensor.Rows($"{layer}self_attn.q_proj.{part}", 0, rows),
            tensor.Rows($"{layer}self_attn.k_proj.{part}", rows, rows),
            tensor.Rows($"{layer}self_attn.v_proj.{part}", 2 * rows, rows),
        ];
    }

    /// <summary>Whether a name belongs to layer N, and where what follows the N and its dot begins.</summary>
    private static bool InLayer(string name, out int rest)
    {
        foreach (string layers in (ReadOnlySpan<string>)[TextLayers, VisionLayers, DecoderLayers])
        {
            if (!name.StartsWith(layers, StringComparison.Ordinal)) continue;
            rest = name.IndexOf('.', layers.Length) + 1;
            return rest > 0;
        }
        rest = 0;
        return false;
    }

    private static string? Replace(string name, (string From, string To)[] table)
    {
        foreach ((string from, string to) in table)
        {
            if (Matches(name, from)) return to + name[from.Length..];
        }
        return null;
    }

    private static bool Matches(string name, string pattern)
        => pattern.EndsWith('.') ? name.StartsWith(pattern, StringComparison.Ordinal) : name == pattern;

    /// <summary>The authors have CLIP in a field of this name; without it, the names are OpenAI's.</summary>
    private static string? WithoutRoot(string? name)
        => name?.StartsWith(ClipRoot, StringComparison.Ordinal) == true ? name[ClipRoot.Length..] : name;

    private static CheckpointException Misshapen(string path, StoredTensor tensor, string expected) => new(
        $"File '{path}': tensor {BinaryFile.Quote(tensor.Name)} has shape "
        + $"[{string.Join(", ", tensor.Shape.ToArray())}], expected {expected}.");
}
