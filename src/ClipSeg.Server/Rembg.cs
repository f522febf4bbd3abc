using System.Globalization;
using System.Net.Mime;
using ClipSeg.Imaging;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ClipSeg.Server;

/// <summary>Answers <c>POST /api/remove</c> as rembg's server does, with one field more: what is to stay.</summary>
internal sealed class Rembg(ServerOptions options, Segmentation segmentation, Turns turns)
{
    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/api/remove", (Delegate)Remove)
        .Accepts<IFormFile>(MediaTypeNames.Multipart.FormData)
        .Produces(StatusCodes.Status200OK, contentType: MediaTypeNames.Image.Png)
        .WithSummary("As rembg's server: everything but what prompt names goes.");

    private async Task<IResult> Remove(HttpContext context)
    {
        CancellationToken gone = context.RequestAborted;
        if (!context.Request.HasFormContentType)
            throw new RequestException("Expected a form with a file.", StatusCodes.Status415UnsupportedMediaType);
        IFormCollection form = await RequestReader.Form(context.Request, options.MaxBodyBytes, gone);
        IFormFile file = form.Files.GetFile("file") ?? throw new RequestException("The form has no 'file'.");
        Rgb? background = Background(form["bgc"]);
        SegmentRequest request = new()
        {
            Image = await RequestReader.Bytes(file, gone),
            Prompts = form["prompt"].Count > 0 ? [.. form["prompt"]!] : options.Labels,
        };
        segmentation.Check(request);
        bool onlyMask = IsTrue(form["om"]);
        byte[] png = await turns.Run(() =>
        {
            Segmented work = segmentation.Run(request, gone);
            if (onlyMask) return Answers.Draw(work, Output.Binary);
            if (background is null) return Answers.Draw(work, Output.Cutout);
            return Answers.CutOut(work).On(background.Value).EncodePng();
        }, gone);
        return Results.Bytes(png, MediaTypeNames.Image.Png);
    }

    private static bool IsTrue(string? value) => value is "true" or "True" or "1" or "on";

    /// <summary>rembg's "r,g,b,a"; none where it is transparent.</summary>
    private static Rgb? Background(string? colour)
    {
        if (string.IsNullOrEmpty(colour)) return null;
        string[] parts = colour.Split(',', StringSplitOptions.TrimEntries);
        byte[] values = new byte[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (parts.Length != 4
                || !byte.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out values[i]))
                throw new RequestException("bgc is no colour, expected red,green,blue,alpha, each 0 to 255.");
        }
        return values[3] == 0 ? null : new(values[0], values[1], values[2]);
    }
}
