using System.Net.Mime;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ClipSeg.Server;

/// <summary>The service's own routes; those of other programs are adapters.</summary>
internal sealed class Endpoints(
    ServerOptions options, IReadOnlyList<ServedModel> models, Segmentation segmentation, Turns turns, bool hasJobs)
{
    public void Map(IEndpointRouteBuilder v1)
    {
        v1.MapGet("/models", Models).Produces<ModelsAnswer>().WithSummary("The models that requests may name.");
        v1.MapPost("/images", (Delegate)Read)
            .Accepts<byte[]>("image/*", MediaTypeNames.Multipart.FormData).Produces<PictureAnswer>()
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable)
            .WithSummary("Reads a picture, so that its prompts cost less.")
            .WithDescription("The body is the picture's file, or a form with it as image. The answer's id stands for "
                + "the picture in later requests, until it was not used for a while or others need its room.");
        v1.MapPost("/support", (Delegate)Support)
            .Accepts<SegmentRequest>(MediaTypeNames.Application.Json, MediaTypeNames.Multipart.FormData)
            .Produces(StatusCodes.Status200OK, contentType: MediaTypeNames.Image.Png)
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .WithSummary("Shows a support picture as the model sees it.")
            .WithDescription("Of the request, support, supportMask, model and size count.");
        v1.MapPost("/segment", (Delegate)Segment)
            .Accepts<SegmentRequest>(MediaTypeNames.Application.Json, MediaTypeNames.Multipart.FormData)
            .Produces<SegmentAnswer>().Produces(StatusCodes.Status200OK, contentType: MediaTypeNames.Image.Png)
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable)
            .WithSummary("Finds what prompts name or show, in a picture.")
            .WithDescription("JSON or a form comes in; JSON goes out, or, if the client would rather accept "
                + "image/png, the first of the outputs that is a picture, by default an overlay.");
    }

    /// <summary>Whose support is looked at, and shown as the model sees it.</summary>
    private async Task<IResult> Support(HttpContext context)
    {
        CancellationToken gone = context.RequestAborted;
        SegmentRequest request = await RequestReader.Read(context.Request, options.MaxBodyBytes, gone);
        byte[] png = await turns.Run(() => segmentation.Engineer(request).EncodePng(), gone);
        return Results.Bytes(png, MediaTypeNames.Image.Png);
    }

    private IResult Models() => Results.Json(
        new ModelsAnswer([.. models.Select(m => new ModelAnswer(m.Name, m.Size, m.PatchSize, m.NotFoundBelow))])
        { Jobs = hasJobs ? true : null },
        ServerJson.Strict.ModelsAnswer);

    private async Task<IResult> Read(HttpContext context, string? model = null)
    {
        CancellationToken gone = context.RequestAborted;
        byte[] file = await RequestReader.Picture(context.Request, options.MaxBodyBytes, gone);
        PictureAnswer answer = await turns.Run(() => segmentation.Read(file, model, gone), gone);
        return Results.Json(answer, ServerJson.Strict.PictureAnswer);
    }

    private async Task<IResult> Segment(HttpContext context)
    {
        CancellationToken gone = context.RequestAborted;
        bool picture = Answers.WantsPicture(context.Request);
        SegmentRequest request = await RequestReader.Read(context.Request, options.MaxBodyBytes, gone);
        segmentation.Check(request);
        if (!picture)
        {
            SegmentAnswer answer = await turns.Run(
                () => Answers.Describe(segmentation.Run(request, gone), request.Outputs, gone), gone);
            return Results.Json(answer, ServerJson.Strict.SegmentAnswer);
        }
        Output output = request.Outputs.FirstOrDefault(
            o => o is not (Output.None or Output.Rle or Output.Parts or Output.Polygons), Output.Overlay);
        byte[] png = await turns.Run(() => Answers.Draw(segmentation.Run(request, gone), output), gone);
        return Results.Bytes(png, MediaTypeNames.Image.Png);
    }
}
