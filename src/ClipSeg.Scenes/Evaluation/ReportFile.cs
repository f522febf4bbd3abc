using System.Text.Json.Serialization;

namespace ClipSeg.Scenes.Evaluation;

/// <summary>A <see cref="SceneReport"/> as JSON. What could not be measured is null.</summary>
internal sealed record ReportFile(
    int Scenes, int ValidationScenes, int PhrasesPerScene, int Seed, int Size, bool Photos, double Threshold,
    OrderedDictionary<string, double?> Validation, OrderedDictionary<string, FigureFile> Figures,
    IReadOnlyList<CellFile> Cells, IReadOnlyList<PartFile> Parts, IReadOnlyList<BlendPoint> Blend,
    IReadOnlyList<RetrievalScore> Retrieval);

/// <summary>A <see cref="Figure"/> under its key.</summary>
internal sealed record FigureFile(double? Value, double? Mean);

/// <summary>A <see cref="SceneCell"/> and its <see cref="SegmentationScore"/>, side by side.</summary>
internal sealed record CellFile(
    string Prompt, string Part, string Kind, string Exposure, int Samples, double ForegroundIou, double MeanSampleIou);

/// <summary>The score of things of a size, or of a group of concepts.</summary>
internal sealed record PartFile(string By, string Name, SegmentationScore Score);

/// <summary>The JSON of a report.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(ReportFile))]
internal sealed partial class ReportJson : JsonSerializerContext;
