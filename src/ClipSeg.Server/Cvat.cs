using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using ClipSeg.Imaging;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using static ClipSeg.Server.RequestException;

namespace ClipSeg.Server;

/// <summary>Answers as the dashboard of Nuclio does, where CVAT looks for automatic annotators.</summary>
/// <remarks>CVAT sends no prompts: they are the labels that the service was started with.</remarks>
internal sealed class Cvat(
    ServerOptions options, IReadOnlyList<ServedModel> models, Segmentation segmentation, Turns turns)
{
    private const string Name = "clipseg", NameHeader = "x-nuclio-function-name";

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/functions", () => Results.Json(options.Labels.Count == 0
            ? []
            : new Dictionary<string, CvatFunction> { [Name] = Function() },
            AdapterJson.Lenient.DictionaryStringCvatFunction))
            .WithSummary("As Nuclio's dashboard, for CVAT: this service as its one function.");
        routes.MapGet($"/api/functions/{Name}", () => Results.Json(Function(), AdapterJson.Lenient.CvatFunction))
            .WithSummary("As Nuclio's dashboard, for CVAT: the function.");
        routes.MapPost("/api/function_invocations", (Delegate)Invoke)
            .Accepts<CvatInvocation>("application/json").Produces<CvatShape[]>()
            .WithSummary("As Nuclio's dashboard, for CVAT: masks of the labels that the service was started with.");
    }

    private CvatFunction Function() => new(
        new(Name, new("CLIPSeg", "detector", models[0].Name, "1",
            JsonSerializer.Serialize([.. options.Labels.Select((label, i) => new CvatLabel(i, label))],
                AdapterJson.Lenient.CvatLabelArray))),
        new("Finds what labels name."), new("ready", options.Port));

    private async Task<IResult> Invoke(HttpContext context)
    {
        CancellationToken gone = context.RequestAborted;
        if (context.Request.Headers[NameHeader] is [{ } name] && name != Name)
        {
            throw new RequestException(
                $"There is no function '{Shown(name)}'; there is {Name}.", StatusCodes.Status404NotFound);
        }
        CvatInvocation asked = await JsonSerializer.DeserializeAsync(
            context.Request.Body, AdapterJson.Lenient.CvatInvocation, gone)
            ?? throw new RequestException("The body is null, expected an object.");
        SegmentRequest request = new()
        {
            Image = asked.Image,
            Prompts = options.Labels,
            Threshold = Segmentation.ThresholdAt(asked.Threshold, "threshold"),
        };
        segmentation.Check(request);
        CvatShape[] shapes = await turns.Run(() => segmentation.Run(request, gone).Found.Where(found => found.IsThere)
            .Select(Shape).ToArray(), gone);
        return Results.Json(shapes, AdapterJson.Lenient.CvatShapeArray);
    }

    /// <summary>The mask of a label that was found within its box, and the box's corners, which belong to
    /// it.</summary>
    private static CvatShape Shape(Found found)
    {
        Component all = Component.Around(found.Mask.Parts());
        (int right, int bottom) = (all.X + all.Width - 1, all.Y + all.Height - 1);
        Mask binary = found.Mask.Binary;
        List<int> mask = new(all.Width * all.Height + 4);
        for (int y = all.Y; y <= bottom; y++)
            for (int x = all.X; x <= right; x++) mask.Add(binary[x, y] > 0.5f ? 1 : 0);
        mask.AddRange([all.X, all.Y, right, bottom]);
        MaskPolygon largest = binary.Polygons().MaxBy(polygon => polygon.Area)!;
        return new(found.Score.ToString("0.00", CultureInfo.InvariantCulture), found.Prompt, "mask",
            [.. largest.Outline.SelectMany(corner => (float[])[corner.X, corner.Y])], mask);
    }
}

/// <summary>A function as Nuclio describes it.</summary>
internal sealed record CvatFunction(CvatMetadata Metadata, CvatSpec Spec, CvatStatus Status);

internal sealed record CvatMetadata(string Name, CvatAnnotations Annotations);

/// <param name="Spec">The labels, as a text of JSON.</param>
internal sealed record CvatAnnotations(string Name, string Type, string Framework, string Version, string Spec);

internal sealed record CvatSpec(string Description);

internal sealed record CvatStatus(string State, [property: JsonPropertyName("httpPort")] int HttpPort);

internal sealed record CvatLabel(int Id, string Name);

/// <param name="Image">A picture's file in base64.</param>
internal sealed record CvatInvocation(byte[] Image, float? Threshold);

/// <param name="Points">A polygon, for who would rather have that.</param>
/// <param name="Mask">0 and 1 within the box, row by row, then the box: left, top, right, bottom, inclusive.</param>
internal sealed record CvatShape(
    string Confidence, string Label, string Type, IReadOnlyList<float> Points, IReadOnlyList<int> Mask);
