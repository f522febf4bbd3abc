using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ClipSeg.Training.Reports;

/// <summary>What a model scored on a task: all of it, for tables, files and reports.</summary>
internal sealed record TaskResult
{
    /// <summary>The command's word for it: "referring".</summary>
    public required string Task { get; init; }

    /// <summary>What was measured on, for people to read: "PhraseCut, test" or "scenes".</summary>
    public required string Data { get; init; }

    /// <summary>As it was named.</summary>
    public required string Model { get; init; }

    /// <summary>Everything that numbers depend on beside data and model: seeds, thresholds, the protocol.</summary>
    public required SortedDictionary<string, string> Settings { get; init; }

    /// <summary>Pictures, or episodes of one-shot segmentation.</summary>
    public required int Units { get; init; }

    /// <summary>Questions that were answered; a picture may have several.</summary>
    public required int Samples { get; init; }

    /// <summary>Questions whose files could not be read.</summary>
    public required int Skipped { get; init; }

    /// <summary>The scores by key, the most important first.</summary>
    public required OrderedDictionary<string, Figure> Figures { get; init; }

    /// <summary>What others have published on such data.</summary>
    public IReadOnlyList<PublishedRow> Published { get; init; } = [];

    /// <summary>The scores of parts: kinds of phrases, sizes of objects, folds, classes.</summary>
    public IReadOnlyList<TaskPart> Parts { get; init; } = [];

    /// <summary>Scores over thresholds; null where there is no threshold.</summary>
    public TaskCurves? Curves { get; init; }

    /// <summary>Some of the questions: the best, the worst, and some at random.</summary>
    public IReadOnlyList<TaskExample> Examples { get; init; } = [];
}

/// <summary>A score.</summary>
/// <param name="Name">For people to read.</param>
/// <param name="Score">In [0, 1], unless the name says otherwise; null if there was nothing to score.</param>
/// <param name="Low">Where the 95 % interval over pictures begins, if there is one.</param>
/// <param name="High">Where it ends.</param>
/// <param name="Spread">The standard deviation over seeds, if there were several.</param>
internal sealed record Figure(
    string Name, double? Score, double? Low = null, double? High = null, double? Spread = null);

/// <summary>A row of a published table.</summary>
/// <param name="Method">Such as "CLIPSeg (PC+)".</param>
/// <param name="Source">Such as "Table 3".</param>
/// <param name="Scores">By the key of the <see cref="Figure"/> that they compare with; in [0, 1] as that is.</param>
internal sealed record PublishedRow(string Method, string Source, SortedDictionary<string, double> Scores);

/// <summary>The scores of a part.</summary>
/// <param name="By">What the parts differ in: "kind", "size", "fold", "class".</param>
/// <param name="Name">Which part it is.</param>
/// <param name="Samples">Questions in it.</param>
/// <param name="Scores">By key; null where there was nothing to score.</param>
internal sealed record TaskPart(string By, string Name, int Samples, OrderedDictionary<string, double?> Scores);

/// <summary>Scores at each threshold; null where there was nothing to score.</summary>
internal sealed record TaskCurves(
    IReadOnlyList<double> Thresholds, IReadOnlyList<double?> CumulativeIou, IReadOnlyList<double?> MeanIou,
    IReadOnlyList<double?> Precision, IReadOnlyList<double?> Recall);

/// <summary>A question to show.</summary>
/// <param name="Choice">"best", "worst" or "random".</param>
/// <param name="Unit">The picture or episode, by number.</param>
/// <param name="Sample">Which of its questions.</param>
/// <param name="Phrase">What was asked for.</param>
/// <param name="Score">What ranks it: an IoU, or what the task says.</param>
internal sealed record TaskExample(string Choice, int Unit, int Sample, string Phrase, double Score);

/// <summary>The JSON of results. Text of any script stays readable.</summary>
[JsonSerializable(typeof(TaskResult))]
internal sealed partial class TaskJson : JsonSerializerContext
{
    public static TaskJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        WriteIndented = true,
        NewLine = "\n",
    });
}
