using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ClipSeg.Server;

/// <summary>Answers as a machine learning backend of Label Studio: brush masks of what an annotator types, or of the
/// project's labels.</summary>
internal sealed class LabelStudio(
    IReadOnlyList<ServedModel> models, Segmentation segmentation, Turns turns, RemotePictures pictures)
{
    private static readonly string[] _events =
        ["ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATION_DELETED", "START_TRAINING"];

    public void MapHealth(IEndpointRouteBuilder routes) => routes.MapGet("/health",
        () => Results.Json(new("UP", "ClipSeg"), AdapterJson.Lenient.LabelStudioHealth))
        .WithSummary("As a backend of Label Studio: that it lives.");

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/setup", () => Results.Json(new(models[0].Name), AdapterJson.Lenient.LabelStudioSetup))
            .WithSummary("As a backend of Label Studio: which model it is.");
        routes.MapPost("/predict", (Delegate)Predict)
            .Accepts<LabelStudioPredict>("application/json").Produces<LabelStudioResults>()
            .WithSummary("As a backend of Label Studio: brush masks for tasks.");
        routes.MapPost("/webhook", (Delegate)Webhook)
            .WithSummary("As a backend of Label Studio: what happened, of which nothing is learned.");
    }

    private static async Task<IResult> Webhook(HttpContext context)
    {
        LabelStudioEvent happened = await Read(context, AdapterJson.Lenient.LabelStudioEvent);
        return Results.Json(new(null, "ok"), AdapterJson.Lenient.LabelStudioDone,
            statusCode: _events.Contains(happened.Action) ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    private async Task<IResult> Predict(HttpContext context)
    {
        CancellationToken gone = context.RequestAborted;
        LabelStudioPredict asked = await Read(context, AdapterJson.Lenient.LabelStudioPredict);
        LabelConfig config = LabelConfig.Parse(asked.LabelConfig);
        string? typed = asked.Params?.Context?.Result?.FirstOrDefault(r => r.Type == "textarea")?.Value.Words();
        List<LabelStudioPrediction> results = [];
        foreach (LabelStudioTask task in asked.Tasks)
        {
            if (!task.Data.TryGetValue(config.DataKey, out JsonElement address)
                || address.ValueKind != JsonValueKind.String)
                throw new RequestException($"Task {task.Id} has no picture in '{config.DataKey}'.");
            SegmentRequest request = new()
            {
                Image = await pictures.Fetch(address.GetString()!, task.Id, gone),
                Prompts = typed is null ? config.Labels : [typed],
            };
            segmentation.Check(request);
            results.Add(await turns.Run(() => Describe(segmentation.Run(request, gone), config), gone));
        }
        return Results.Json(new(results), AdapterJson.Lenient.LabelStudioResults);
    }

    private static LabelStudioPrediction Describe(Segmented work, LabelConfig config)
    {
        List<LabelStudioResult> results = [];
        foreach (Found found in work.Found.Where(f => f.IsThere))
        {
            // What was typed is painted with the label of that name, or else the first.
            string label = config.Labels.FirstOrDefault(
                l => string.Equals(l, found.Prompt, StringComparison.OrdinalIgnoreCase), config.Labels[0]);
            results.Add(new(Guid.NewGuid().ToString("n")[..8], config.Brush, config.Image, "brushlabels",
                work.Picture.Width, work.Picture.Height, 0, found.Score, false,
                new("rle", Array.ConvertAll(BrushRle.Of(found.Mask.Binary), value => (int)value), [label])));
        }
        return new(results, results.Count > 0 ? results.Max(r => r.Score) : 0, work.Model);
    }

    private static async Task<T> Read<T>(HttpContext context, JsonTypeInfo<T> type)
        => await JsonSerializer.DeserializeAsync(context.Request.Body, type, context.RequestAborted)
            ?? throw new RequestException("The body is null, expected an object.");
}

internal sealed record LabelStudioHealth(string Status, string ModelClass);

internal sealed record LabelStudioSetup(string ModelVersion);

internal sealed record LabelStudioEvent(string? Action);

internal sealed record LabelStudioDone(string? Result, string Status);

/// <param name="LabelConfig">The project's labelling interface, XML.</param>
internal sealed record LabelStudioPredict(
    IReadOnlyList<LabelStudioTask> Tasks, string LabelConfig, LabelStudioParams? Params);

/// <param name="Data">The picture's address under the name that the interface says, and others.</param>
internal sealed record LabelStudioTask(int Id, Dictionary<string, JsonElement> Data);

/// <param name="Context">What an annotator did just now; null where tasks are worked off.</param>
internal sealed record LabelStudioParams(LabelStudioContext? Context);

internal sealed record LabelStudioContext(IReadOnlyList<LabelStudioGiven>? Result);

internal sealed record LabelStudioGiven(string? Type, LabelStudioValue Value);

/// <param name="Text">One or several lines.</param>
internal sealed record LabelStudioValue(JsonElement Text)
{
    /// <summary>The first line; null if there is none.</summary>
    public string? Words()
    {
        JsonElement first = Text.ValueKind == JsonValueKind.Array && Text.GetArrayLength() > 0 ? Text[0] : Text;
        return first.ValueKind == JsonValueKind.String ? first.GetString() : null;
    }
}

internal sealed record LabelStudioResults(IReadOnlyList<LabelStudioPrediction> Results);

internal sealed record LabelStudioPrediction(IReadOnlyList<LabelStudioResult> Result, float Score, string ModelVersion);

internal sealed record LabelStudioResult(string Id, string FromName, string ToName, string Type, int OriginalWidth,
    int OriginalHeight, int ImageRotation, float Score, [property: JsonPropertyName("readonly")] bool ReadOnly,
    LabelStudioBrush Value);

/// <param name="Rle">Bytes, as numbers.</param>
internal sealed record LabelStudioBrush(
    string Format, IReadOnlyList<int> Rle,
    [property: JsonPropertyName("brushlabels")] IReadOnlyList<string> BrushLabels);
