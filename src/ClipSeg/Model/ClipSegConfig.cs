using System.Text.Json;
using ClipSeg.Formats;

namespace ClipSeg.Model;

/// <summary>The sizes of one CLIP tower.</summary>
internal sealed record EncoderConfig
{
    public required int Width { get; init; }

    public required int Layers { get; init; }

    public required int Heads { get; init; }

    public required int MlpWidth { get; init; }

    public float LayerNormEps { get; init; } = 1e-5f;
}

/// <summary>Everything that <c>config.json</c> says about a CLIPSeg network (formats.md §3).</summary>
internal sealed record ClipSegConfig
{
    /// <summary>
    /// The largest value accepted for any width or count: far above real models, far below an overflow.
    /// </summary>
    private const int Largest = 1 << 20;

    private const string ClipDeconv = "clip-deconv";
    private const string QuickGelu = "quick_gelu";

    public required EncoderConfig Vision { get; init; }

    /// <summary>P: the side of a patch, in pixels.</summary>
    public required int PatchSize { get; init; }

    /// <summary>The side, in pixels, that the position table was made for.</summary>
    public required int ImageSize { get; init; }

    public required EncoderConfig Text { get; init; }

    public required int VocabularySize { get; init; }

    /// <summary>The longest token sequence, start and end included.</summary>
    public required int MaxTokens { get; init; }

    /// <summary>The end token; 2 stands for "the largest id", as old files mean it.</summary>
    public int EndToken { get; init; } = 49407;

    /// <summary>E: the width of the joint embedding, and of the conditional.</summary>
    public required int EmbeddingWidth { get; init; }

    /// <summary>S: the vision blocks (0-based) whose outputs the decoder reads, shallow first.</summary>
    public required IReadOnlyList<int> ExtractLayers { get; init; }

    /// <summary>R: the decoder's width, the paper's D.</summary>
    public required int ReduceWidth { get; init; }

    /// <summary>A key of our own; files without it have CLIPSeg's decoder.</summary>
    public DecoderType DecoderType { get; init; }

    /// <summary>The width between the two layers of <see cref="DeconvDecoder"/>'s <c>reduce2</c>.</summary>
    public int Reduce2Width { get; init; } = 64;

    public int DecoderHeads { get; init; } = 4;

    public int DecoderMlpWidth { get; init; } = 2048;

    /// <summary>The decoder block before which FiLM acts; 0 is the first, on the deepest activation.</summary>
    public int ConditionalLayer { get; init; }

    /// <summary>The "refined" head: a 3x3 convolution and two transposed ones in place of one.</summary>
    public bool RefinedHead { get; init; }

    /// <summary>The side of the grid that the position table was made for.</summary>
    public int Grid => ImageSize / PatchSize;

    /// <summary>ViT-B/16 with the decoder of rd64: what the authors released.</summary>
    public static ClipSegConfig Rd64 { get; } = new()
    {
        Vision = new() { Width = 768, Layers = 12, Heads = 12, MlpWidth = 3072 },
        PatchSize = 16,
        ImageSize = 224,
        Text = new() { Width = 512, Layers = 12, Heads = 8, MlpWidth = 2048 },
        VocabularySize = 49408,
        MaxTokens = 77,
        EmbeddingWidth = 512,
        ExtractLayers = [3, 6, 9],
        ReduceWidth = 64,
    };

    /// <summary>Reads the root of a <c>config.json</c>; what it leaves out has Hugging Face's defaults.</summary>
    /// <exception cref="CheckpointException">A value has the wrong kind or cannot be.</exception>
    public static ClipSegConfig Parse(JsonElement root)
    {
        JsonElement vision = Section(root, "vision_config"), text = Section(root, "text_config");
        CheckActivation(vision, "vision_config.hidden_act");
        CheckActivation(text, "text_config.hidden_act");
        ClipSegConfig config = new()
        {
            Vision = Encoder(vision, "vision_config", width: 768, mlp: 3072, heads: 12),
            PatchSize = Int(vision, "vision_config.patch_size", 32),
            ImageSize = Int(vision, "vision_config.image_size", 224),
            Text = Encoder(text, "text_config", width: 512, mlp: 2048, heads: 8),
            VocabularySize = Int(text, "text_config.vocab_size", 49408),
            MaxTokens = Int(text, "text_config.max_position_embeddings", 77),
            EndToken = Int(text, "text_config.eos_token_id", 49407, least: 0),
            EmbeddingWidth = Int(root, "projection_dim", 512),
            ExtractLayers = Layers(root),
            ReduceWidth = Int(root, "reduce_dim", 64),
            DecoderType = TypeOfDecoder(root),
            Reduce2Width = Int(root, "reduce2_dim", 64),
            DecoderHeads = Int(root, "decoder_num_attention_heads", 4),
            DecoderMlpWidth = Int(root, "decoder_intermediate_size", 2048),
            ConditionalLayer = Int(root, "conditional_layer", 0, least: 0),
            RefinedHead = root.TryGetProperty("use_complex_transposed_convolution", out JsonElement refined)
                && refined.ValueKind == JsonValueKind.True,
        };
        config.Validate();
        return config;
    }

    /// <summary>
    /// Writes it as the root object of a <c>config.json</c> that <see cref="Parse"/> and others read.
    /// </summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("model_type", "clipseg");
        json.WriteStartArray("architectures");
        json.WriteStringValue("CLIPSegForImageSegmentation");
        json.WriteEndArray();
        json.WriteNumber("projection_dim", EmbeddingWidth);
        json.WriteStartArray("extract_layers");
        foreach (int layer in ExtractLayers) json.WriteNumberValue(layer);
        json.WriteEndArray();
        json.WriteNumber("reduce_dim", ReduceWidth);
        if (DecoderType == DecoderType.ClipDeconv)
        {
            json.WriteString("decoder_type", ClipDeconv);
            json.WriteNumber("reduce2_dim", Reduce2Width);
        }
        json.WriteNumber("decoder_num_attention_heads", DecoderHeads);
        json.WriteNumber("decoder_attention_dropout", 0.0);
        json.WriteNumber("decoder_intermediate_size", DecoderMlpWidth);
        json.WriteNumber("conditional_layer", ConditionalLayer);
        json.WriteBoolean("use_complex_transposed_convolution", RefinedHead);
        json.WriteStartObject("text_config");
        json.WriteString("model_type", "clipseg_text_model");
        WriteEncoder(json, Text);
        json.WriteNumber("vocab_size", VocabularySize);
        json.WriteNumber("max_position_embeddings", MaxTokens);
        json.WriteNumber("eos_token_id", EndToken);
        json.WriteEndObject();
        json.WriteStartObject("vision_config");
        json.WriteString("model_type", "clipseg_vision_model");
        WriteEncoder(json, Vision);
        json.WriteNumber("patch_size", PatchSize);
        json.WriteNumber("image_size", ImageSize);
        json.WriteNumber("num_channels", 3);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>Checks what one value alone cannot tell.</summary>
    /// <exception cref="CheckpointException">The values contradict each other.</exception>
    public void Validate()
    {
        CheckHeads("vision_config", Vision.Width, Vision.Heads);
        CheckHeads("text_config", Text.Width, Text.Heads);
        if (DecoderType == DecoderType.ClipSeg) CheckHeads("decoder", ReduceWidth, DecoderHeads);
        if (ImageSize % PatchSize != 0)
            throw Bad("vision_config.image_size", $"{ImageSize}", $"a multiple of patch_size {PatchSize}");
        if (ExtractLayers.Count == 0) throw Bad("extract_layers", "[]", "at least one block");
        if (DecoderType == DecoderType.ClipDeconv && ExtractLayers.Count != 1)
            throw Bad("extract_layers", $"[{string.Join(", ", ExtractLayers)}]", "one block, for CLIP-Deconv");
        foreach (int layer in ExtractLayers)
        {
            if (layer < 0 || layer >= Vision.Layers)
                throw Bad(
                    "extract_layers", $"[{string.Join(", ", ExtractLayers)}]", $"blocks in 0..{Vision.Layers - 1}");
        }
        if (ConditionalLayer >= ExtractLayers.Count)
            throw Bad(
                "conditional_layer", $"{ConditionalLayer}", $"less than the {ExtractLayers.Count} extract_layers");
        if (RefinedHead && (PatchSize % 4 != 0 || ReduceWidth % 2 != 0))
            throw Bad(
                "use_complex_transposed_convolution", "true", "a patch_size of a multiple of 4 and an even reduce_dim");
    }

    private static void CheckHeads(string where, int width, int heads)
    {
        if (width % heads != 0) throw Bad($"{where}: width", $"{width}", $"a multiple of its {heads} attention heads");
    }

    private static EncoderConfig Encoder(JsonElement section, string name, int width, int mlp, int heads) => new()
    {
        Width = Int(section, $"{name}.hidden_size", width),
        Layers = Int(section, $"{name}.num_hidden_layers", 12),
        Heads = Int(section, $"{name}.num_attention_heads", heads),
        MlpWidth = Int(section, $"{name}.intermediate_size", mlp),
        LayerNormEps = Float(section, $"{name}.layer_norm_eps", 1e-5f),
    };

    /// <summary>CLIP was trained with one activation; another in its place would give other masks.</summary>
    private static void CheckActivation(JsonElement section, string name)
    {
        if (section.TryGetProperty("hidden_act", out JsonElement value) && value.ToString() is not QuickGelu)
            throw Bad(name, value.ToString(), $"{QuickGelu}, the only activation that this network has");
    }

    private static void WriteEncoder(Utf8JsonWriter json, EncoderConfig encoder)
    {
        json.WriteNumber("hidden_size", encoder.Width);
        json.WriteNumber("num_hidden_layers", encoder.Layers);
        json.WriteNumber("num_attention_heads", encoder.Heads);
        json.WriteNumber("intermediate_size", encoder.MlpWidth);
        json.WriteString("hidden_act", QuickGelu);
        json.WriteNumber("layer_norm_eps", encoder.LayerNormEps);
    }

    /// <summary>A nested object; an old file's "_dict" twin wins, as it does for Hugging Face.</summary>
    private static JsonElement Section(JsonElement root, string name)
    {
        if (root.ValueKind != JsonValueKind.Object) throw Bad("config", root.ValueKind.ToString(), "an object");
        if (!root.TryGetProperty(name + "_dict", out JsonElement section) || section.ValueKind == JsonValueKind.Null)
        {
            if (!root.TryGetProperty(name, out section) || section.ValueKind == JsonValueKind.Null) return root;
        }
        return section.ValueKind == JsonValueKind.Object
            ? section
            : throw Bad(name, section.ValueKind.ToString(), "an object");
    }

    private static DecoderType TypeOfDecoder(JsonElement root)
    {
        if (!root.TryGetProperty("decoder_type", out JsonElement type)) return DecoderType.ClipSeg;
        return type.ToString() switch
        {
            "clipseg" => DecoderType.ClipSeg,
            ClipDeconv => DecoderType.ClipDeconv,
            string other => throw Bad("decoder_type", other, $"clipseg or {ClipDeconv}"),
        };
    }

    private static IReadOnlyList<int> Layers(JsonElement root)
    {
        if (!root.TryGetProperty("extract_layers", out JsonElement list)) return [3, 6, 9];
        if (list.ValueKind != JsonValueKind.Array) throw Bad("extract_layers", list.ToString(), "a list of blocks");
        List<int> layers = [];
        foreach (JsonElement item in list.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt32(out int layer))
                throw Bad("extract_layers", list.ToString(), "a list of blocks");
            layers.Add(layer);
        }
        return layers;
    }

    private static int Int(JsonElement section, string name, int otherwise, int least = 1)
    {
        if (!section.TryGetProperty(name[(name.LastIndexOf('.') + 1)..], out JsonElement value)) return otherwise;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int n) && n >= least && n <= Largest)
            return n;
        throw Bad(name, value.ToString(), $"a whole number in {least}..{Largest}");
    }

    private static float Float(JsonElement section, string name, float otherwise)
    {
        if (!section.TryGetProperty(name[(name.LastIndexOf('.') + 1)..], out JsonElement value)) return otherwise;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetSingle(out float x) && x is >= 0 and < 1) return x;
        throw Bad(name, value.ToString(), "a number in [0, 1)");
    }

    private static CheckpointException Bad(string name, string found, string expected)
        => new($"config.json: '{name}' is {found}, expected {expected}.");
}
