using System.Text.Json.Serialization;

namespace ClipSeg.Model;

/// <summary>The keys of a <c>config.json</c> (formats.md §3).</summary>
internal sealed record ConfigFile(
    string? ModelType = "clipseg", string[]? Architectures = null, int ProjectionDim = 512,
    int[]? ExtractLayers = null, int ReduceDim = 64, string? DecoderType = null, int? Reduce2Dim = null,
    int DecoderNumAttentionHeads = 4, float DecoderAttentionDropout = 0, int DecoderIntermediateSize = 2048,
    int ConditionalLayer = 0, bool UseComplexTransposedConvolution = false, float? NotFoundBelow = null,
    TowerFile? TextConfig = null, TowerFile? VisionConfig = null,
    TowerFile? TextConfigDict = null, TowerFile? VisionConfigDict = null);

/// <summary>The keys of a tower's section of it.</summary>
internal sealed record TowerFile(
    string? ModelType = null, int? HiddenSize = null, int? NumHiddenLayers = null, int? NumAttentionHeads = null,
    int? IntermediateSize = null, string HiddenAct = ClipSegConfig.QuickGelu, float LayerNormEps = 1e-5f,
    int? VocabSize = null, int? MaxPositionEmbeddings = null, int? EosTokenId = null,
    int? PatchSize = null, int? ImageSize = null, int? NumChannels = null);

/// <summary>What is written as a <c>preprocessor_config.json</c>.</summary>
internal sealed record PreprocessorFile(
    string ImageProcessorType, string ProcessorClass, bool DoResize, PictureSize Size, int Resample, bool DoRescale,
    float RescaleFactor, bool DoNormalize, IReadOnlyList<float> ImageMean, IReadOnlyList<float> ImageStd);

internal sealed record PictureSize(int Height, int Width);

/// <summary>The JSON of a model's folder.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(ConfigFile))]
[JsonSerializable(typeof(PreprocessorFile))]
internal sealed partial class ModelJson : JsonSerializerContext;
