using System.Net;
using ClipSeg.Checkpoints;
using ClipSeg.Imaging;
using ClipSeg.Numerics;
using ClipSeg.Prompts;
using ClipSeg.Tests.Checkpoints;
using ClipSeg.Tests.Cli;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ClipSeg.Tests;

/// <summary>The examples of docs/csharp.md are the text of this file, which compiles and runs.</summary>
public sealed class CSharpGuideTests : IDisposable
{
    private readonly string _model = CliRun.Mini;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_examples_of_the_guide_are_the_code_of_this_file()
        => ReadmeTests.AssertFencesAreIn(nameof(CSharpGuideTests), "docs", "csharp.md");

    [Fact]
    public void The_examples_on_pictures_and_prompts_run()
    {
        Mask mugOnly = new(133, 97);
        mugOnly.Values.AsSpan(50 * 133, 10 * 133).Fill(1);
        mugOnly.Save(_folder.At("mask.png"));
        (string model, string photo, string folder) = (_model, CliRun.Scene, _folder.Path);
        (string mug, string mugMask) = (CliRun.Scene, _folder.At("mask.png"));

        using Segmenter segmenter = Segmenter.Load(model);              // a folder, a file, or a name that was pulled
        Image picture = Image.Load(photo);                              // PNG, JPEG, WebP, GIF, BMP, ICO; upright

        Mask mask = segmenter.Segment(picture, "a red circle");         // a probability for every pixel
        float atTheCorner = mask[0, 0];                                 // 0 to 1
        mask.Save(Path.Combine(folder, "soft.png"));                    // black is 0, white is 1
        mask.Threshold(0.5f).Save(Path.Combine(folder, "hard.png"));
        mask.Overlay(picture).Save(Path.Combine(folder, "overlay.jpg"));

        Assert.Equal(mask.Values[0], atTheCorner);
        Assert.Equal(133, Image.Load(_folder.At("overlay.jpg")).Width);
        Assert.Equal(Mask.Load(_folder.At("hard.png")).Values, mask.Threshold(0.5f).Values);

        EncodedImage encoded = segmenter.Encode(picture);
        Mask[] masks = segmenter.Segment(encoded, ["a circle", "a triangle", "the sky"]);

        EncodedImage fine = segmenter.Encode(picture, fine: true);
        Mask[] finer = segmenter.Segment(fine, ["a circle", "a triangle"]);

        Assert.Equal(picture.Width, finer[1].Width);

        Mask[][] many = segmenter.Segment([picture, Image.Load(mug)], ["a circle", "a triangle"]);

        Assert.Equal(finer.Length, many[1].Length);

        Prompt words = segmenter.Prompt("mug", "a photo of a {}.");                 // in words, in a sentence
        Prompt shown = segmenter.Prompt(Image.Load(mug), Mask.Load(mugMask));       // shown: a picture, and where
        Prompt both = Prompt.Mix(shown, words, 0.5f);                               // half picture, half words
        both.Save(Path.Combine(folder, "mug.safetensors"));                         // for later

        Prompt loaded = Prompt.Load(Path.Combine(folder, "mug.safetensors"));
        Mask mugs = segmenter.Segment(encoded, [loaded])[0];

        Assert.Equal(4, masks.Append(mugs).Count(m => m.Width == picture.Width));
        Assert.False(words.Truncated);

        PromptExpression face = PromptExpression.Parse("face AND NOT (hair OR hat)");
        Mask bare = segmenter.Segment(encoded, [face])[0];

        Mask[] phrases = segmenter.Segment(encoded, face.Phrases);                  // face, hair, hat: the same by hand
        Mask same = face.Combine(phrases);

        try
        {
            PromptExpression.Parse("face AND");
        }
        catch (PromptSyntaxException e)
        {
            Console.Error.WriteLine($"{e.Message}\n{e.Pointer}");       // the text, and a caret under the place
        }

        Assert.Equal(bare.Values, same.Values);

        Mask sure = mask.Threshold(mask.OtsuThreshold());                       // or 0.5f; or ThresholdByPeak(0.5f)
        Mask clean = sure.FillHoles().DropBelow(area: 20).Grow(2);              // in pixels; corners are round
        Mask soft = clean.Feather(3);                                           // 0.5 stays on the outline
        Mask followed = mask.GuidedFilter(picture);                             // edges move to those of the picture

        IReadOnlyList<Component> things = clean.Components();                   // connected parts: box and area
        Mask largest = clean.KeepLargest();
        IReadOnlyList<MaskPolygon> polygons = clean.Polygons(tolerance: 1);     // outlines and holes, simplified
        string counts = CocoRle.Of(clean).ToString();                           // COCO's compressed run lengths
        Mask back = CocoRle.Parse(counts, clean.Width, clean.Height).ToMask();

        byte[] labels = Mask.Labels(masks);                                     // which prompt where; 0 is none
        Mask[] rather = Mask.Contrast(masks);                                   // this prompt rather than the others

        Image onWhite = picture.CutOut(clean).On(new Rgb(255, 255, 255));       // transparent without On
        Image sharpOnly = picture.CutOut(clean).Over(picture.Blur(8));          // the rest out of focus
        Assert.Equal((picture.Width, picture.Width), (onWhite.Width, sharpOnly.Width));

        Assert.Equal(clean.Values, back.Values);
        Assert.Equal(things.Count, polygons.Count);
        Assert.All([soft, followed, largest], m => Assert.Equal(picture.Width, m.Width));
        Assert.Equal(labels.Length, rather[0].Values.Length);

        using Segmenter fast = Segmenter.Load(model, new()
        {
            Precision = Precision.Int8,             // rounds what products multiply; Float32 is exact
            Threads = 1,                            // all processors by default
            Size = 64,                              // pixels a side that pictures are read at; by default the model's
        });

        Assert.Equal(picture.Height, fast.Segment(picture, "a circle").Height);
        fast.Trim();

        using CancellationTokenSource late = new(TimeSpan.FromSeconds(30));
        EncodedImage inTime = segmenter.Encode(picture, late.Token);
        Mask[] found = segmenter.Segment(inTime, ["a circle"], late.Token);

        Assert.Equal(segmenter.Segment(encoded, ["a circle"])[0].Values, found[0].Values);
        late.Cancel();
        Assert.Throws<OperationCanceledException>(() => segmenter.Encode(picture, late.Token));
    }

    [Fact]
    public async Task The_example_of_the_hub_runs()
    {
        using HttpStub stub = new(ModelCommandTests.Answer);
        Hub hub = new(new() { CacheFolder = _folder.At("hub"), Endpoint = stub.Address });
        string name = "org/mini";

        Progress<HubProgress> progress = new(p => Console.WriteLine($"{p.File}: {p.Received:N0} of {p.Size:N0} bytes"));
        string pulled = await hub.Pull(name, progress: progress);
        using Segmenter fromTheHub = Segmenter.Load(pulled);            // or by its name, in any program

        Assert.Equal(48, fromTheHub.Preprocessing.Width);
    }

    [Fact]
    public async Task The_example_of_a_service_runs()
    {
        using Segmenter segmenter = Segmenter.Load(_model);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        await using WebApplication app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");

        SemaphoreSlim turns = new(2);
        app.MapPost("/segment", async (HttpRequest request, string prompt, CancellationToken gone) =>
        {
            await turns.WaitAsync(gone);
            try
            {
                using MemoryStream body = new();
                await request.Body.CopyToAsync(body, gone);
                Image picture = Image.Decode(body.ToArray(), "upload");
                Mask mask = segmenter.Segment(picture, prompt, gone);
                return Results.Bytes(mask.EncodePng(), "image/png");
            }
            catch (ImageFormatException e)
            {
                return Results.BadRequest(e.Message);       // names the format and what to do
            }
            finally
            {
                turns.Release();
            }
        });

        await app.StartAsync();
        using HttpClient client = new() { BaseAddress = new(app.Urls.Single()) };
        using HttpResponseMessage good = await client.PostAsync(
            "/segment?prompt=a%20circle", new ByteArrayContent(await File.ReadAllBytesAsync(CliRun.Scene)));
        Mask expected = segmenter.Segment(Image.Load(CliRun.Scene), "a circle");
        Mask answered = Mask.Decode(await good.Content.ReadAsByteArrayAsync());
        Close.All(expected.Values, answered.Values, 0.6f / 255);
        using HttpResponseMessage bad = await client.PostAsync("/segment?prompt=x", new StringContent("no picture"));
        Assert.Equal(HttpStatusCode.BadRequest, bad.StatusCode);
        Assert.Contains("upload: not a picture", await bad.Content.ReadAsStringAsync());
    }

    [Fact]
    public void The_example_of_errors_runs()
    {
        string noPicture = _folder.Write("notes.txt", "no picture"u8.ToArray());

        try
        {
            Image.Load(noPicture);
        }
        catch (ImageFormatException e)
        {
            Console.Error.WriteLine(e.Message);     // "notes.txt: not a picture in a supported format (PNG, ..."
        }
    }
}
