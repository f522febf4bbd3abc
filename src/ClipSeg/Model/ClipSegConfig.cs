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

    /// <summary>
    /// Of the vision tower: whether it is the transformer that learns from labelled pictures (Hugging Face's "vit"),
    /// as in the paper's baseline ViTSeg, and not CLIP's.
    /// </summary>
    public bool ImageOnly { get; init; }
}

/// <summary>Everything that <c>config.json</c> says about a CLIPSeg network (formats.md §3).</summary>
internal sealed record ClipSegConfig
{
    /// <summary>CLIP was trained with this activation; another in its place would give other masks.</summary>
    public const string QuickGelu = "quick_gelu";

    /// <summary>
    /// The largest value accepted for any width or count: far above real models, far below an overflow.
    /// </summary>
    private const int Largest = 1 << 20;

    private const string Gelu = "gelu", ImageOnlyModel = "vit";
    private const string ClipDeconv = "clip-deconv";
    private const string FileName = "config.json";

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

    /// <summary>
    /// A key of our own: the score below which what was asked for is taken for absent, in [0, 1]; 0 where nobody has
    /// measured it.
    /// </summary>
    public float NotFoundBelow { get; init; }

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
        ConfigFile file = JsonText.Read(root, ModelJson.Default.ConfigFile, FileName);

        // An old file's "_dict" twin wins, as it does for Hugging Face; a still older one has no sections.
        TowerFile flat = JsonText.Read(root, ModelJson.Default.TowerFile, FileName);
        TowerFile vision = file.VisionConfigDict ?? file.VisionConfig ?? flat;
        TowerFile text = file.TextConfigDict ?? file.TextConfig ?? flat;
        ClipSegConfig config = new()
        {
            Vision = Encoder(vision, "vision_config", width: 768, mlp: 3072, heads: 12),
            PatchSize = vision.PatchSize ?? 32,
            ImageSize = vision.ImageSize ?? 224,
            Text = Encoder(text, "text_config", width: 512, mlp: 2048, heads: 8),
            VocabularySize = text.VocabSize ?? 49408,
            MaxTokens = text.MaxPositionEmbeddings ?? 77,
            EndToken = text.EosTokenId ?? 49407,
            EmbeddingWidth = file.ProjectionDim,
            ExtractLayers = file.ExtractLayers ?? [3, 6, 9],
            ReduceWidth = file.ReduceDim,
            DecoderType = file.DecoderType switch
            {
                null or "clipseg" => DecoderType.ClipSeg,
                ClipDeconv => DecoderType.ClipDeconv,
                string other => throw Bad("decoder_type", other, $"clipseg or {ClipDeconv}"),
            },
            Reduce2Width = file.Reduce2Dim ?? 64,
            DecoderHeads = file.DecoderNumAttentionHeads,
            DecoderMlpWidth = file.DecoderIntermediateSize,
            ConditionalLayer = file.ConditionalLayer,
            RefinedHead = file.UseComplexTransposedConvolution,
            NotFoundBelow = file.NotFoundBelow ?? 0,
        };
        config.Validate();
        return config;
    }

    /// <summary>What a <c>config.json</c> says that <see cref="Parse"/> and others read.</summary>
    public ConfigFile ToFile() => new(
        Architectures: ["CLIPSegForImageSegmentation"],
        ProjectionDim: EmbeddingWidth,
        ExtractLayers: [.. ExtractLayers],
        ReduceDim: ReduceWidth,
        DecoderType: DecoderType == DecoderType.ClipDeconv ? ClipDeconv : null,
        Reduce2Dim: DecoderType == DecoderType.ClipDeconv ? Reduce2Width : null,
        DecoderNumAttentionHeads: DecoderHeads,
        DecoderIntermediateSize: DecoderMlpWidth,
        ConditionalLayer: ConditionalLayer,
        UseComplexTransposedConvolution: RefinedHead,
        NotFoundBelow: NotFoundBelow > 0 ? NotFoundBelow : null,
        TextConfig: new("clipseg_text_model", Text.Width, Text.Layers, Text.Heads, Text.MlpWidth, QuickGelu,
            Text.LayerNormEps, VocabSize: VocabularySize, MaxPositionEmbeddings: MaxTokens, EosTokenId: EndToken),
        VisionConfig: new(Vision.ImageOnly ? ImageOnlyModel : "clipseg_vision_model", Vision.Width, Vision.Layers,
            Vision.Heads, Vision.MlpWidth, Vision.ImageOnly ? Gelu : QuickGelu, Vision.LayerNormEps,
            PatchSize: PatchSize, ImageSize: ImageSize, NumChannels: 3));

    /// <summary>Checks each value, and what one alone cannot tell.</summary>
    /// <exception cref="CheckpointException">A value cannot be, or values contradict each other.</exception>
    public void Validate()
    {
        CheckEncoder("vision_config", Vision);
        CheckEncoder("text_config", Text);
        CheckCounts([("vision_config.patch_size", PatchSize), ("vision_config.image_size", ImageSize),
            ("text_config.vocab_size", VocabularySize), ("text_config.max_position_embeddings", MaxTokens),
            ("projection_dim", EmbeddingWidth), ("reduce_dim", ReduceWidth), ("reduce2_dim", Reduce2Width),
            ("decoder_num_attention_heads", DecoderHeads), ("decoder_intermediate_size", DecoderMlpWidth)]);
        CheckCounts([("text_config.eos_token_id", EndToken), ("conditional_layer", ConditionalLayer)], least: 0);
        CheckHeads("vision_config", Vision.Width, Vision.Heads);
        CheckHeads("text_config", Text.Width, Text.Heads);
        if (DecoderType == DecoderType.ClipSeg) CheckHeads("decoder", ReduceWidth, DecoderHeads);
        if (NotFoundBelow is not (>= 0 and <= 1))
            throw Bad("not_found_below", $"{NotFoundBelow}", "a score in [0, 1]");
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

    private static void CheckEncoder(string where, EncoderConfig encoder)
    {
        CheckCounts([($"{where}.hidden_size", encoder.Width), ($"{where}.num_hidden_layers", encoder.Layers),
            ($"{where}.num_attention_heads", encoder.Heads), ($"{where}.intermediate_size", encoder.MlpWidth)]);
        if (encoder.LayerNormEps is not (>= 0 and < 1))
            throw Bad($"{where}.layer_norm_eps", $"{encoder.LayerNormEps}", "a number in [0, 1)");
    }

    private static void CheckCounts(ReadOnlySpan<(string Name, int Value)> counts, int least = 1)
    {
        foreach ((string name, int value) in counts)
        {
            if (value < least || value > Largest) throw Bad(name, $"{value}", $"a whole number in {least}..{Largest}");
        }
    }

    private static EncoderConfig Encoder(TowerFile file, string name, int width, int mlp, int heads)
    {
        bool imageOnly = name == "vision_config" && file.ModelType == ImageOnlyModel;
        string activation = imageOnly ? Gelu : QuickGelu;
        if (file.HiddenAct != activation)
            throw Bad($"{name}.hidden_act", file.HiddenAct, $"{activation}, the only activation that this network has");
        return new()
        {
            Width = file.HiddenSize ?? width,
            Layers = file.NumHiddenLayers ?? 12,
            Heads = file.NumAttentionHeads ?? heads,
            MlpWidth = file.IntermediateSize ?? mlp,
            LayerNormEps = file.LayerNormEps,
            ImageOnly = imageOnly,
        };
    }

    private static CheckpointException Bad(string name, string found, string expected)
        => new($"{FileName}: '{name}' is {found}, expected {expected}.");
}
