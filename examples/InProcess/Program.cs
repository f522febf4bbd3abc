// A web application of yours that cuts things out of pictures, with the model in its own process.
//
//     dotnet run --project examples/InProcess -- --Model models/clipseg-emoji
//     curl --data-binary @examples/garden.jpg "http://localhost:5000/cutout?prompt=blueberries" -o blueberries.png

using ClipSeg;
using ClipSeg.Examples.InProcess;
using ClipSeg.Imaging;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = 20 << 20);

// One segmenter for the life of the program: it serves any number of requests at once. Disposed with the application.
builder.Services.AddSingleton(services =>
    Segmenter.Load(services.GetRequiredService<IConfiguration>()["Model"] ?? "models/clipseg-emoji"));
builder.Services.AddSingleton<Turns>();
WebApplication app = builder.Build();

app.MapPost("/cutout", async (HttpRequest request, string prompt, Segmenter segmenter, Turns turns,
    CancellationToken gone) =>
{
    using MemoryStream body = new();
    await request.Body.CopyToAsync(body, gone);
    try
    {
        byte[] png = await turns.Take(() =>
        {
            Image picture = Image.Decode(body.ToArray(), "picture");
            return picture.CutOut(segmenter.Segment(picture, prompt, gone)).EncodePng();
        }, gone);
        return Results.Bytes(png, "image/png");
    }
    catch (ImageFormatException e)
    {
        return Results.Problem(e.Message, statusCode: StatusCodes.Status400BadRequest);
    }
});

app.Run();
