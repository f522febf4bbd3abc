using System.Net;
using ClipSeg.Examples.Client;
using ClipSeg.Examples.InProcess;
using ClipSeg.Imaging;
using ClipSeg.Tests.Cli;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;

namespace ClipSeg.Tests.Server;

/// <summary>The programs in examples/ that ask the service, and that do without it.</summary>
public sealed class ExampleTests
{
    [Fact]
    public async Task The_client_reads_a_picture_asks_for_masks_and_tells_what_is_wrong()
    {
        using ServerRun server = new();
        using HttpClient http = server.Client();
        ClipSegClient client = new(http);
        using Segmenter segmenter = Segmenter.Load(CliRun.Mini);
        Image scene = Image.Load(CliRun.Scene);
        Mask sky = segmenter.Segment(scene, "sky").GuidedFilter(scene).Threshold(0.4f);

        Picture picture = await client.ReadAsync(ServerRun.Scene);
        Options options = new() { Threshold = 0.4f, Outputs = ["rle", "binary"] };
        Answer named = await client.SegmentAsync(picture.Id, ["sky"], options);
        Answer sent = await client.SegmentAsync(ServerRun.Scene, ["sky"], options);
        Assert.Equal((133, 97), (picture.Width, picture.Height));
        Assert.Equal(CocoRle.Of(sky).ToString(), named.Results[0].Rle!.Counts);
        Assert.Equal(named.Results[0].Binary, sent.Results[0].Binary);
        Assert.Equal(sky.Values, Mask.Decode(sent.Results[0].Binary).Values);

        byte[] cut = await client.CutOutAsync(ServerRun.Scene, ["sky"], new() { Threshold = 0.4f });
        Assert.Equal(scene.CutOut(sky.Feather(1)).EncodePng(), cut);
        Answer without = await client.SegmentAsync(picture.Id, ["sky"], new() { Negatives = ["sky"] });
        Assert.False(without.Results[0].Found);

        ClipSegException gone = await Assert.ThrowsAsync<ClipSegException>(() => client.SegmentAsync("x", ["sky"]));
        Assert.Equal((HttpStatusCode.NotFound, "There is no picture 'x', or no longer: send it again."),
            (gone.Status, gone.Message));
    }

    [Fact]
    public async Task The_client_comes_back_when_the_service_is_busy()
    {
        int asked = 0;
        using HttpClient http = new(new Busy(() => ++asked)) { BaseAddress = new("http://localhost") };
        Picture picture = await new ClipSegClient(http).ReadAsync([1]);
        Assert.Equal(("a", 3), (picture.Id, asked));
    }

    [Fact]
    public async Task The_application_with_a_model_of_its_own_cuts_out()
    {
        await using WebApplicationFactory<Turns> application = new WebApplicationFactory<Turns>()
            .WithWebHostBuilder(builder => builder.UseSetting("Model", CliRun.Mini));
        using HttpClient client = application.CreateClient();
        using HttpResponseMessage good =
            await client.PostAsync("/cutout?prompt=sky", new ByteArrayContent(ServerRun.Scene));
        using Segmenter segmenter = Segmenter.Load(CliRun.Mini);
        Image scene = Image.Load(CliRun.Scene);
        Assert.Equal(scene.CutOut(segmenter.Segment(scene, "sky")).EncodePng(),
            await good.Content.ReadAsByteArrayAsync());
        using HttpResponseMessage bad = await client.PostAsync("/cutout?prompt=sky", new StringContent("no picture"));
        Assert.Equal(HttpStatusCode.BadRequest, bad.StatusCode);
    }

    /// <summary>Busy twice.</summary>
    private sealed class Busy(Func<int> count) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancel)
        {
            HttpResponseMessage response = count() < 3
                ? new(HttpStatusCode.ServiceUnavailable) { Headers = { RetryAfter = new(TimeSpan.Zero) } }
                : new(HttpStatusCode.OK) { Content = new StringContent("""{"id":"a","width":1,"height":1}""") };
            if (response.IsSuccessStatusCode) response.Content.Headers.ContentType = new("application/json");
            return Task.FromResult(response);
        }
    }
}
