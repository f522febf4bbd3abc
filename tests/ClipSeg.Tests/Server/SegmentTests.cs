using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ClipSeg.Imaging;
using ClipSeg.Prompts;
using ClipSeg.Tests.Cli;

namespace ClipSeg.Tests.Server;

public sealed class SegmentTests : IDisposable
{
    private const string Path = "/v1/segment";

    private readonly ServerRun _server = new();
    private readonly HttpClient _client;

    public SegmentTests() => _client = _server.Client();

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    [Fact]
    public async Task A_form_and_json_get_what_the_library_finds()
    {
        using Segmenter segmenter = Segmenter.Load(CliRun.Mini);
        Image scene = Image.Load(CliRun.Scene);
        Mask[] masks = segmenter.Segment(segmenter.Encode(scene), ["a red circle", "sky"]);

        JsonElement form = await ServerRun.Post(_client, Path, ServerRun.Form("prompt=a red circle", "prompt=sky"));
        JsonElement json = await ServerRun.Post(_client, Path, JsonContent.Create(
            new { image = ServerRun.Scene, prompts = (string[])["a red circle", "sky"] }));

        Assert.Equal(form.GetRawText(), json.GetRawText());
        Assert.Equal("mini", form.GetProperty("model").GetString());
        Assert.Equal(133, form.GetProperty("image").GetProperty("width").GetInt32());
        Assert.Equal(0.5f, form.GetProperty("threshold").GetSingle());
        JsonElement[] results = [.. form.GetProperty("results").EnumerateArray()];
        Assert.Equal(["a red circle", "sky"], results.Select(r => r.GetProperty("prompt").GetString()!));
        for (int i = 0; i < masks.Length; i++)
        {
            Assert.Equal(Presence.Score(masks[i]), results[i].GetProperty("score").GetSingle());
            Assert.Equal(masks[i].Values.Max(), results[i].GetProperty("peak").GetSingle());
            CocoRle expected = CocoRle.Of(masks[i].GuidedFilter(scene));
            Assert.Equal(expected.ToString(), results[i].GetProperty("rle").GetProperty("counts").GetString());
            Assert.Equal(expected.Area, results[i].GetProperty("area").GetInt64());
            Assert.Equal(expected.Area > 0, results[i].GetProperty("found").GetBoolean());
        }
    }

    [Fact]
    public async Task Tools_and_the_threshold_shape_the_masks_and_boxes_lie_around_them()
    {
        using Segmenter segmenter = Segmenter.Load(CliRun.Mini);
        Image scene = Image.Load(CliRun.Scene);
        Mask soft = segmenter.Segment(scene, "sky").GuidedFilter(scene);
        float threshold = soft.Values.Order().ElementAt(soft.Values.Length * 9 / 10);
        Mask expected = soft.Threshold(threshold).FillHoles().KeepLargest().Grow(2);
        Component part = Assert.Single(expected.Components());

        JsonElement answer = await ServerRun.Post(_client, Path, ServerRun.Form("prompt=sky",
            FormattableString.Invariant($"threshold={threshold}"), "fillHoles=true", "keepLargest=true", "grow=2"));

        JsonElement result = answer.GetProperty("results")[0];
        Assert.Equal(CocoRle.Of(expected).ToString(), result.GetProperty("rle").GetProperty("counts").GetString());
        Assert.Equal([part.X, part.Y, part.Width, part.Height],
            result.GetProperty("box").EnumerateArray().Select(x => x.GetInt32()));
        Assert.Single(result.GetProperty("boxes").EnumerateArray());
    }

    [Theory]
    [InlineData("sky", "")]
    [InlineData("sky", "-t otsu", "threshold=otsu")]
    [InlineData("sky", "--invert -t 0.4", "threshold=0.4", "invert=true")]
    [InlineData("sky", "--guided 3 -t peak --drop-below 30 --fill-holes --keep-largest --grow 3 --shrink 1.5",
        "guided=3", "threshold=peak", "fillHoles=true", "keepLargest=true", "dropBelow=30", "grow=3", "shrink=1.5")]
    [InlineData("sky AND NOT grow(a red circle, 2)", "--guided 0 --feather 2", "guided=0", "feather=2")]
    public async Task The_same_request_gives_the_files_that_the_command_line_writes(
        string prompt, string options, params string[] fields)
    {
        using CliRun cli = new();
        Assert.Equal(0, cli.Run(["segment", CliRun.Scene, "-p", prompt, "-m", CliRun.Mini, "--save",
            "mask,binary,cutout,overlay", "--json", "--rle", "-o", cli.Folder.At("out"),
            .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)]));
        using JsonDocument line = JsonDocument.Parse(cli.Output);
        JsonElement expected = line.RootElement.GetProperty("prompts")[0];

        JsonElement answer = await ServerRun.Post(_client, Path, ServerRun.Form(
            [$"prompt={prompt}", "outputs=mask,binary,cutout,overlay,rle", .. fields]));

        JsonElement result = answer.GetProperty("results")[0];
        Assert.Equal(Written("mask"), result.GetProperty("mask").GetBytesFromBase64());
        Assert.Equal(Written("binary"), result.GetProperty("binary").GetBytesFromBase64());
        Assert.Equal(Written("cutOut"), answer.GetProperty("cutout").GetBytesFromBase64());
        string overlay = line.RootElement.GetProperty("overlay").GetString()!;
        Assert.Equal(File.ReadAllBytes(overlay), answer.GetProperty("overlay").GetBytesFromBase64());
        Assert.Equal(expected.GetProperty("rle").GetString(),
            result.GetProperty("rle").GetProperty("counts").GetString());
        foreach (string same in (string[])["score", "peak", "found"])
            Assert.Equal(expected.GetProperty(same).GetRawText(), result.GetProperty(same).GetRawText());
        Assert.Equal(Threshold(line.RootElement, expected), Threshold(answer, result));

        byte[] Written(string kind) => File.ReadAllBytes(expected.GetProperty(kind).GetString()!);

        static float Threshold(JsonElement all, JsonElement own)
            => (all.TryGetProperty("threshold", out JsonElement t) ? t : own.GetProperty("threshold")).GetSingle();
    }

    [Fact]
    public async Task Tools_in_json_are_those_of_a_form_and_parts_are_connected_things()
    {
        JsonElement form = await ServerRun.Post(_client, Path, ServerRun.Form("prompt=sky", "threshold=peak",
            "guided=0", "fillHoles=true", "dropBelow=4", "outputs=parts,rle"));
        JsonElement json = await ServerRun.Post(_client, Path, JsonContent.Create(new
        {
            image = ServerRun.Scene,
            prompts = (string[])["sky"],
            threshold = "peak",
            tools = new { guided = 0, fillHoles = true, dropBelow = 4 },
            outputs = (string[])["parts", "rle"],
        }));

        Assert.Equal(form.GetRawText(), json.GetRawText());
        JsonElement result = form.GetProperty("results")[0];
        CocoRle all = Runs(result);
        Mask together = new(133, 97);
        JsonElement[] parts = [.. result.GetProperty("parts").EnumerateArray()];
        Assert.Equal(all.ToMask().Components().Count, parts.Length);
        foreach (JsonElement part in parts)
        {
            Runs(part).Fill(together);
            Assert.Equal(Runs(part).Area, part.GetProperty("area").GetInt64());
        }
        Assert.Equal(all.ToMask().Values, together.Values);

        static CocoRle Runs(JsonElement of)
            => CocoRle.Parse(of.GetProperty("rle").GetProperty("counts").GetString()!, 133, 97);
    }

    [Theory]
    [InlineData("overlay", 3)]
    [InlineData("mask", 1)]
    [InlineData("binary", 1)]
    [InlineData("cutout", 4)]
    public async Task A_client_that_would_rather_have_a_picture_gets_one(string output, int channels)
    {
        using HttpRequestMessage request = ServerRun.Accepting(
            "image/png", Path, ServerRun.Form("prompt=sky", $"outputs={output}"));
        using HttpResponseMessage response = await _client.SendAsync(request);
        byte[] png = await response.Content.ReadAsByteArrayAsync();
        Assert.Equal("image/png", response.Content.Headers.ContentType?.MediaType);

        using Segmenter segmenter = Segmenter.Load(CliRun.Mini);
        Image picture = Image.Load(CliRun.Scene);
        Mask soft = segmenter.Segment(picture, "sky").GuidedFilter(picture);
        byte[] expected = output switch
        {
            "overlay" => Overlay.Draw(picture, [soft], ["sky"]).EncodePng(),
            "mask" => soft.EncodePng(),
            "binary" => soft.Threshold(0.5f).EncodePng(),
            _ => picture.CutOut(soft.Threshold(0.5f).Feather(1)).EncodePng(),
        };
        Assert.Equal(expected, png);
        Assert.Equal(channels switch { 1 => 0, 3 => 2, _ => 6 }, png[25]);      // PNG's colour type
    }

    [Fact]
    public async Task A_support_picture_is_a_prompt_alone_or_blended_with_words()
    {
        Mask where = new(133, 97);
        where.Values.AsSpan(50 * 133, 10 * 133).Fill(1);
        using Segmenter segmenter = Segmenter.Load(CliRun.Mini);
        Image scene = Image.Load(CliRun.Scene);
        Prompt shown = segmenter.Prompt(scene, where), blend = Prompt.Mix(shown, segmenter.Prompt("sky"), 0.25f);

        Assert.Equal(Counts(shown), await Asked());
        Assert.Equal(Counts(blend), await Asked("prompt=sky", "mix=0.25"));

        string Counts(Prompt prompt) => CocoRle.Of(segmenter.Segment(scene, prompt).GuidedFilter(scene)).ToString();

        async Task<string?> Asked(params string[] fields)
        {
            MultipartFormDataContent form = ServerRun.Form(fields);
            form.Add(new ByteArrayContent(ServerRun.Scene), "support", "a.png");
            form.Add(new ByteArrayContent(where.EncodePng()), "supportMask", "b.png");
            JsonElement answer = await ServerRun.Post(_client, Path, form);
            return answer.GetProperty("results")[0].GetProperty("rle").GetProperty("counts").GetString();
        }
    }

    [Fact]
    public async Task Prompts_combine_and_negatives_are_taken_from_all()
    {
        using Segmenter segmenter = Segmenter.Load(CliRun.Mini);
        Image scene = Image.Load(CliRun.Scene);
        Mask[] masks = segmenter.Segment(segmenter.Encode(scene), ["a", "b", "c"]);
        Mask both = new(133, 97), without = new(133, 97);
        for (int i = 0; i < both.Values.Length; i++)
        {
            both.Values[i] = Math.Min(Math.Max(masks[0].Values[i], masks[1].Values[i]), 1 - masks[2].Values[i]);
            without.Values[i] = Math.Min(masks[1].Values[i], 1 - masks[2].Values[i]);
        }

        JsonElement answer = await ServerRun.Post(_client, Path, ServerRun.Form(
            "prompt=a OR b", "prompt=b", "negative=c", "threshold=0.4", "outputs=polygons"));

        JsonElement[] results = [.. answer.GetProperty("results").EnumerateArray()];
        Assert.Equal(both.Values.Max(), results[0].GetProperty("peak").GetSingle());
        Assert.Equal(without.Values.Max(), results[1].GetProperty("peak").GetSingle());
        Assert.Equal("a OR b", results[0].GetProperty("prompt").GetString());
        IReadOnlyList<MaskPolygon> outlines = both.GuidedFilter(scene).Threshold(0.4f).Polygons();
        Assert.Equal(outlines.SelectMany(o => o.Outline).SelectMany(c => (float[])[c.X, c.Y]),
            results[0].GetProperty("polygons").EnumerateArray()
                .SelectMany(part => part[0].EnumerateArray().Select(x => x.GetSingle())));
    }

    [Fact]
    public async Task A_picture_that_was_read_is_named_by_its_id()
    {
        using HttpResponseMessage read = await _client.PostAsync("/v1/images", new ByteArrayContent(ServerRun.Scene));
        JsonElement picture = await read.Content.ReadFromJsonAsync<JsonElement>();
        JsonElement form = await ServerRun.Post(_client, "/v1/images", ServerRun.Form());
        Assert.Equal(picture.GetRawText(), form.GetRawText());
        Assert.Equal((133, 97), (form.GetProperty("width").GetInt32(), form.GetProperty("height").GetInt32()));

        string id = form.GetProperty("id").GetString()!;
        JsonElement sent = await ServerRun.Post(_client, Path, ServerRun.Form("prompt=sky", "outputs=cutout"));
        JsonElement named = await ServerRun.Post(
            _client, Path, ServerRun.FormOf(null, "prompt=sky", "outputs=cutout", $"imageId={id}"));
        Assert.Equal(sent.GetRawText(), named.GetRawText());
        await ServerRun.Post(_client, "/v1/images", new ByteArrayContent([1, 2, 3]), 400);
    }

    [Fact]
    public async Task A_picture_is_read_at_the_size_that_is_asked_for()
    {
        using Segmenter large = Segmenter.Load(CliRun.Mini, new() { Size = 64 });
        JsonElement answer = await ServerRun.Post(_client, Path, ServerRun.Form("prompt=sky", "size=64"));
        Assert.Equal(large.Segment(Image.Load(CliRun.Scene), "sky").Values.Max(),
            answer.GetProperty("results")[0].GetProperty("peak").GetSingle());
    }

    [Fact]
    public async Task A_large_picture_is_read_in_tiles_where_that_is_asked_for()
    {
        using Segmenter segmenter = Segmenter.Load(CliRun.Mini);
        Image scene = Image.Load(CliRun.Scene);
        Mask fine = segmenter.Segment(segmenter.Encode(scene, fine: true), ["sky"])[0];
        Assert.NotEqual(fine.Values, segmenter.Segment(scene, "sky").Values);
        for (int i = 0; i < 2; i++)
        {
            JsonElement answer = await ServerRun.Post(
                _client, Path, ServerRun.Form("prompt=sky", "fine=true", "outputs=mask"));
            Assert.Equal(fine.GuidedFilter(scene).EncodePng(),
                answer.GetProperty("results")[0].GetProperty("mask").GetBytesFromBase64());
        }
    }

    [Theory]
    [InlineData("Expected a picture", 400, false, "prompt=a")]
    [InlineData("No prompt", 400, true)]
    [InlineData("A prompt is empty", 400, true, "prompt= ")]
    [InlineData("There is no model 'x'; there are mini.", 404, true, "prompt=a", "model=x")]
    [InlineData("There is no picture 'sha256-00'", 404, false, "prompt=a", "imageId=sha256-00")]
    [InlineData("There is no field 'colour'; there are model,", 400, true, "prompt=a", "colour=red")]
    [InlineData("A prompt cannot be read at its character 7: ", 400, true, "prompt=a AND ")]
    [InlineData("There are negatives, but no prompts", 400, true, "negative=a")]
    [InlineData("There is no output 'x'; there are none, rle,", 400, true, "prompt=a", "outputs=x")]
    [InlineData("threshold is 'NaN', expected a number in 0..1, otsu or peak", 400, true, "prompt=a", "threshold=NaN")]
    [InlineData("threshold is '0,5', expected a number", 400, true, "prompt=a", "threshold=0,5")]
    [InlineData("size is 100000, expected at most 512", 400, true, "prompt=a", "size=100000")]
    [InlineData("is not a multiple of the model's patch size", 400, true, "prompt=a", "size=49")]
    [InlineData("mix needs a prompt and a support", 400, true, "prompt=a", "mix=0.5")]
    [InlineData("grow is 5000, expected 0 to 1000", 400, true, "prompt=a", "grow=5000")]
    [InlineData("guided is -1, expected 0 to 1000", 400, true, "prompt=a", "guided=-1")]
    [InlineData("keepLargest is 'yes', expected true or false", 400, true, "prompt=a", "keepLargest=yes")]
    public async Task What_is_wrong_with_a_request_is_said_in_a_problem(
        string expected, int status, bool picture, params string[] fields)
    {
        JsonElement problem = await ServerRun.Post(
            _client, Path, ServerRun.FormOf(picture ? ServerRun.Scene : null, fields), status);
        Assert.Contains(expected, problem.GetProperty("detail").GetString());
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        Assert.NotEmpty(problem.GetProperty("title").GetString()!);
        Assert.Equal(Path, problem.GetProperty("instance").GetString());
        Assert.NotEmpty(problem.GetProperty("requestId").GetString()!);
    }

    [Theory]
    [InlineData("{", "not the JSON")]
    [InlineData("null", "The body is null")]
    [InlineData("""{"image":"%%%","prompts":["a"]}""", "not the JSON")]
    [InlineData("""{"image":"AAAA","prompts":["a"],"colour":1}""", "colour")]
    [InlineData("""{"image":"AAAA","prompts":[null]}""", "A prompt is empty")]
    [InlineData("""{"image":"AAAA","prompts":null}""", "prompts")]
    [InlineData("""{"image":"AAAA","prompts":["a"]}""", "image: not a picture in a supported format")]
    [InlineData("""{"image":"AAAA","prompts":["a"],"outputs":[7]}""", "not the JSON")]
    [InlineData("""{"image":"AAAA","prompts":["a"],"threshold":2}""", "threshold is to be a number in 0..1, otsu or")]
    [InlineData("""{"image":"AAAA","prompts":["a"],"tools":{"threshold":0.5}}""", "threshold")]
    [InlineData("""{"image":"AAAA","prompts":["a"],"tools":{"shapes":true}}""", "shapes")]
    public async Task Json_that_is_wrong_is_a_problem(string body, string expected)
    {
        JsonElement problem = await ServerRun.Post(
            _client, Path, new StringContent(body, null, "application/json"), 400);
        Assert.Contains(expected, problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Other_contents_paths_and_methods_are_problems()
    {
        await ServerRun.Post(_client, Path, new StringContent("a", null, "text/plain"), 415);
        await ServerRun.Post(_client, "/nowhere", new StringContent("a"), 404);
        using HttpResponseMessage get = await _client.GetAsync(Path);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, get.StatusCode);
        Assert.Contains("does not take GET", await get.Content.ReadAsStringAsync());
        using HttpRequestMessage request = ServerRun.Accepting("text/html", Path, ServerRun.Form("prompt=a"));
        using HttpResponseMessage unacceptable = await _client.SendAsync(request);
        Assert.Equal(HttpStatusCode.NotAcceptable, unacceptable.StatusCode);
    }

    [Fact]
    public async Task Models_are_listed()
    {
        JsonElement answer = await _client.GetFromJsonAsync<JsonElement>("/v1/models");
        Assert.Equal("""{"models":[{"name":"mini","size":48,"patchSize":8,"notFoundBelow":0}]}""", answer.GetRawText());
    }
}
