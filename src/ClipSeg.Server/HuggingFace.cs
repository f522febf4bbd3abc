using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ClipSeg.Server;

/// <summary>Answers <c>POST /</c> as Hugging Face's image-segmentation endpoints do.</summary>
/// <remarks>Their task has no prompts; <c>candidate_labels</c> is what their zero-shot tasks call them.</remarks>
internal sealed class HuggingFace(ServerOptions options, Segmentation segmentation, Turns turns)
{
    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/", (Delegate)Segment)
        .Accepts<HuggingFaceRequest>("application/json", "image/*").Produces<HuggingFaceSegment[]>()
        .WithSummary("As Hugging Face's image-segmentation answers.");

    private async Task<IResult> Segment(HttpContext context)
    {
        CancellationToken gone = context.RequestAborted;
        HuggingFaceRequest asked = context.Request.HasJsonContentType()
            ? await JsonSerializer.DeserializeAsync(
                context.Request.Body, AdapterJson.Lenient.HuggingFaceRequest, gone)
                ?? throw new RequestException("The body is null, expected an object.")
            : new(await RequestReader.Picture(context.Request, options.MaxBodyBytes, gone), null);
        HuggingFaceParameters parameters = asked.Parameters ?? new(null, null, null);
        SegmentRequest request = new()
        {
            Image = asked.Inputs,
            Prompts = parameters.CandidateLabels ?? options.Labels,
            Threshold = Segmentation.ThresholdAt(parameters.MaskThreshold, "mask_threshold"),
        };
        segmentation.Check(request);
        HuggingFaceSegment[] answer = await turns.Run(() => segmentation.Run(request, gone).Found
            .Where(found => found.Score >= (parameters.Threshold ?? 0))
            .Select(found => new HuggingFaceSegment(found.Prompt, found.Score, found.Mask.Binary.EncodePng()))
            .ToArray(), gone);
        return Results.Json(answer, AdapterJson.Lenient.HuggingFaceSegmentArray);
    }
}

/// <summary>A picture's file in base64, and how to look at it.</summary>
internal sealed record HuggingFaceRequest(byte[] Inputs, HuggingFaceParameters? Parameters);

/// <param name="CandidateLabels">What to find; by default the labels that the service was started with.</param>
/// <param name="MaskThreshold">The probability above which a pixel counts.</param>
/// <param name="Threshold">The score below which a label is left out.</param>
internal sealed record HuggingFaceParameters(
    IReadOnlyList<string>? CandidateLabels, float? MaskThreshold, float? Threshold);

/// <param name="Mask">A black and white PNG.</param>
internal sealed record HuggingFaceSegment(string Label, float Score, byte[] Mask);
