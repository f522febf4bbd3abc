using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ClipSeg.Imaging;
using ClipSeg.Prompts;
using ClipSeg.Server;
using ClipSeg.Tests.Checkpoints;
using ClipSeg.Tests.Cli;

namespace ClipSeg.Tests.Server;

/// <summary>Requests as other programs' clients send them, and the answers that those expect.</summary>
public sealed class AdapterTests : IDisposable
{
    private const string Config = """
        <View><Image name=\"image\" value=\"$image\"/><TextArea name=\"prompt\" toName=\"image\"/>
        <BrushLabels name=\"label2\" toName=\"image\"><Label value=\"sky\"/><Label value=\"sea\"/></BrushLabels></View>
        """;

    private static readonly string _picture = Convert.ToBase64String(ServerRun.Scene);

    private readonly Segmenter _segmenter = Segmenter.Load(CliRun.Mini);

    public void Dispose() => _segmenter.Dispose();

    [Fact]
    public async Task Label_studio_is_told_that_the_backend_lives_and_which_model_it_is()
    {
        using ServerRun server = new();
        using HttpClient client = server.Client();
        Assert.Equal("""{"status":"UP","model_class":"ClipSeg"}""", await client.GetStringAsync("/health"));
        JsonElement setup = await ServerRun.Post(client, "/setup", Json(
            """{"project":"12.1700000000","schema":"<View/>","hostname":"http://ls:8080","access_token":"t"}"""));
        Assert.Equal("""{"model_version":"mini"}""", setup.GetRawText());
        using HttpResponseMessage known = await client.PostAsync(
            "/webhook", Json("""{"action":"ANNOTATION_CREATED","project":{"id":12}}"""));
        Assert.Equal(HttpStatusCode.Created, known.StatusCode);
        Assert.Equal("""{"result":null,"status":"ok"}""", await known.Content.ReadAsStringAsync());
        using HttpResponseMessage unknown = await client.PostAsync(
            "/webhook", Json("""{"action":"PROJECT_UPDATED"}"""));
        Assert.Equal(HttpStatusCode.OK, unknown.StatusCode);
    }

    [Theory]
    [InlineData("null", "sky,sea", "sky,sea")]
    [InlineData("""["a cup"]""", "a cup", "sky")]
    [InlineData("\"Sea\"", "Sea", "sea")]
    public async Task Label_studio_gets_brushes_of_its_labels_or_of_what_was_typed(
        string typed, string prompts, string labels)
    {
        string context = typed == "null" ? typed : $$$"""
            {"result":[{"type":"textarea","value":{"text":{{{typed}}}},"from_name":"prompt","to_name":"image"}]}
            """;
        using HttpStub labelStudio = new(request =>
            request.Path.StartsWith("/storage-data/") ? new(404, []) : new(200, ServerRun.Scene));
        using ServerRun server = new(new() { LabelStudio = new(labelStudio.Address), LabelStudioToken = "key" });
        using HttpClient client = server.Client();
        JsonElement answer = await ServerRun.Post(client, "/predict", Json($$$"""
            {"tasks":[{"id":7,"data":{"image":"/data/upload/3/a b.jpg"}}],
            "model_version":"mini","project":"12.1700000000","label_config":"{{{Config.ReplaceLineEndings(" ")}}}",
            "params":{"login":null,"password":null,"context":{{{context}}}}}
            """));

        Assert.Equal(["/storage-data/uploaded/?filepath=upload/3/a%20b.jpg", "/data/upload/3/a%20b.jpg"],
            labelStudio.Requests.Select(request => request.Path));
        Assert.All(labelStudio.Requests, request => Assert.Equal("Token key", request.Headers["Authorization"]));
        JsonElement prediction = Assert.Single(answer.GetProperty("results").EnumerateArray());
        Assert.Equal("mini", prediction.GetProperty("model_version").GetString());
        JsonElement[] found = [.. prediction.GetProperty("result").EnumerateArray()];
        Image scene = Image.Load(CliRun.Scene);
        Mask[] masks = _segmenter.Segment(_segmenter.Encode(scene), prompts.Split(','));
        string[] names = labels.Split(',');
        int[] present = [.. Enumerable.Range(0, masks.Length)
            .Where(i => masks[i].GuidedFilter(scene).Values.Max() > 0.5f)];
        Assert.NotEmpty(present);
        Assert.Equal(present.Length, found.Length);
        foreach ((int i, JsonElement result) in present.Zip(found))
        {
            Assert.Matches("^[0-9a-f]{8}$", result.GetProperty("id").GetString());
            string shape = result.GetRawText();
            Assert.Contains("""
                "from_name":"label2","to_name":"image","type":"brushlabels","original_width":133,"original_height":97,
                """, shape);
            Assert.Contains("\"image_rotation\":0,\"score\":", shape);
            Assert.Contains("\"readonly\":false,\"value\":{\"format\":\"rle\",\"rle\":[0,0,", shape);
            Assert.Equal(names[i], result.GetProperty("value").GetProperty("brushlabels")[0].GetString());
            Assert.Equal(BrushRle.Of(masks[i].GuidedFilter(scene).Threshold(0.5f)).Select(b => (int)b),
                result.GetProperty("value").GetProperty("rle").EnumerateArray().Select(b => b.GetInt32()));
            Assert.Equal(Presence.Score(masks[i]), result.GetProperty("score").GetSingle());
        }
    }

    [Theory]
    [InlineData("http://169.254.169.254/latest/meta-data", "Pictures are not fetched from '169.254.169.254'", 403)]
    [InlineData("file:///etc/passwd", "of no kind that is read", 400)]
    [InlineData("../../etc/passwd", "is no address of a picture", 400)]
    [InlineData("OTHER/a.jpg", "Pictures are not fetched from", 403)]
    [InlineData("LISTED/a.jpg", "is an address of a private network", 403)]
    [InlineData("HERE/to-other", "Pictures are not fetched from", 403)]
    [InlineData("HERE/round", "without an end", 400)]
    [InlineData("HERE/long", "larger than 50 MiB", 413)]
    [InlineData("HERE/missing", "There is no picture at", 400)]
    public async Task Label_studios_pictures_come_from_where_they_may_alone(string address, string expected, int status)
    {
        using HttpStub other = new(_ => new(200, ServerRun.Scene));
        using HttpStub here = new(request => request.Path switch
        {
            "/to-other" => new(302, [], ("Location", $"{other.Address}/a.jpg")),
            "/round" => new(302, [], ("Location", "/round")),
            "/long" => new(200, new byte[(50 << 20) + 1]),
            _ => new(404, []),
        });
        // A name, not an address, of this machine: it may be listed, and is private all the same.
        string listed = other.Address.Replace("127.0.0.1", "localhost");
        using ServerRun server = new(new() { LabelStudio = new(here.Address), PictureOrigins = [new(listed)] });
        using HttpClient client = server.Client();
        string image = address.Replace("HERE", here.Address.TrimEnd('/')).Replace("LISTED", listed.TrimEnd('/'))
            .Replace("OTHER", other.Address.TrimEnd('/'));
        JsonElement problem = await ServerRun.Post(client, "/predict", Json($$$"""
            {"tasks":[{"id":7,"data":{"image":"{{{image}}}"}}],"label_config":"{{{Config.ReplaceLineEndings(" ")}}}"}
            """), status);
        Assert.Contains(expected, problem.GetProperty("detail").GetString());
        Assert.Empty(other.Requests);
    }

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("10.1.2.3", true)]
    [InlineData("172.31.255.255", true)]
    [InlineData("172.32.0.1", false)]
    [InlineData("192.168.0.1", true)]
    [InlineData("169.254.169.254", true)]
    [InlineData("100.64.0.1", true)]
    [InlineData("0.0.0.0", true)]
    [InlineData("224.0.0.1", true)]
    [InlineData("255.255.255.255", true)]
    [InlineData("8.8.8.8", false)]
    [InlineData("::1", true)]
    [InlineData("::", true)]
    [InlineData("fd00::1", true)]
    [InlineData("fe80::1", true)]
    [InlineData("ff02::1", true)]
    [InlineData("::ffff:10.0.0.1", true)]
    [InlineData("64:ff9b::7f00:1", true)]
    [InlineData("2002:7f00:1::", true)]
    [InlineData("2606:4700::1", false)]
    public void An_address_is_private_or_not(string address, bool expected)
        => Assert.Equal(expected, RemotePictures.IsPrivate(IPAddress.Parse(address)));

    [Theory]
    [InlineData("<View>", "is no XML")]
    [InlineData("<!DOCTYPE a [<!ENTITY b 'c'>]><View>&b;</View>", "is no XML")]
    [InlineData("<View><Image name='image' value='$image'/></View>", "has no <BrushLabels")]
    [InlineData("<View><Image name='a' value='$a'/><BrushLabels name='b' toName='a'/></View>", "has no labels")]
    public void An_interface_that_cannot_be_worked_with_is_said_so(string xml, string expected)
        => Assert.Contains(expected, Assert.Throws<RequestException>(() => LabelConfig.Parse(xml)).Message);

    [Fact]
    public async Task Cvat_finds_a_function_and_its_labels_and_gets_masks_of_them()
    {
        using ServerRun server = new(new() { Labels = ["sky", "sea"] });
        using HttpClient client = server.Client();
        client.DefaultRequestHeaders.Add("x-nuclio-project-name", "cvat");
        JsonElement functions = await client.GetFromJsonAsync<JsonElement>("/api/functions");
        JsonElement function = functions.GetProperty("clipseg");
        Assert.Equal(function.GetRawText(), await client.GetStringAsync("/api/functions/clipseg"));
        Assert.Equal("""
            {"metadata":{"name":"clipseg","annotations":{"name":"CLIPSeg","type":"detector","framework":"mini",
            "version":"1","spec":"[{\"id\":0,\"name\":\"sky\"},{\"id\":1,\"name\":\"sea\"}]"}},
            "spec":{"description":"Finds what labels name."},"status":{"state":"ready","httpPort":0}}
            """.Replace("\n", ""), function.GetRawText().Replace("\\u0022", "\\\""));

        using HttpRequestMessage request = new(HttpMethod.Post, "/api/function_invocations")
        {
            Content = Json($$"""{"image":"{{_picture}}","threshold":0.4}"""),
        };
        request.Headers.Add("x-nuclio-function-name", "clipseg");
        request.Headers.Add("x-nuclio-path", "/");
        using HttpResponseMessage response = await client.SendAsync(request);
        JsonElement[] shapes = [.. (await response.Content.ReadFromJsonAsync<JsonElement>()).EnumerateArray()];
        Image scene = Image.Load(CliRun.Scene);
        Mask[] masks = [.. _segmenter.Segment(_segmenter.Encode(scene), ["sky", "sea"])
            .Select(mask => mask.GuidedFilter(scene))];
        Assert.Equal(masks.Count(m => m.Values.Max() > 0.4f), shapes.Length);
        Assert.NotEmpty(shapes);
        foreach (JsonElement shape in shapes)
        {
            Mask expected = masks[shape.GetProperty("label").GetString() == "sky" ? 0 : 1].Threshold(0.4f);
            Assert.Equal(("mask", JsonValueKind.String),
                (shape.GetProperty("type").GetString(), shape.GetProperty("confidence").ValueKind));
            int[] mask = [.. shape.GetProperty("mask").EnumerateArray().Select(v => v.GetInt32())];
            (int left, int top, int right, int bottom) = (mask[^4], mask[^3], mask[^2], mask[^1]);
            Mask painted = new(133, 97);
            for (int y = top, i = 0; y <= bottom; y++)
                for (int x = left; x <= right; x++, i++) painted[x, y] = mask[i];
            Assert.Equal(expected.Values, painted.Values);
            Assert.True(shape.GetProperty("points").GetArrayLength() >= 6);
        }
    }

    [Fact]
    public async Task Cvat_finds_nothing_where_there_are_no_labels_and_other_functions_are_not_here()
    {
        using ServerRun server = new();
        using HttpClient client = server.Client();
        Assert.Equal("{}", await client.GetStringAsync("/api/functions"));
        client.DefaultRequestHeaders.Add("x-nuclio-function-name", "yolo");
        await ServerRun.Post(client, "/api/function_invocations", Json($$"""{"image":"{{_picture}}"}"""), 404);
    }

    [Fact]
    public async Task Hugging_faces_clients_get_labels_scores_and_masks()
    {
        using ServerRun server = new(new() { Labels = ["sea"] });
        using HttpClient client = server.Client();
        JsonElement json = await ServerRun.Post(client, "/", Json($$$"""
            {"inputs":"{{{_picture}}}","parameters":{"candidate_labels":["sky","sea"],"mask_threshold":0.4,
            "threshold":0.0,"subtask":"semantic"}}
            """));
        Image scene = Image.Load(CliRun.Scene);
        Mask sky = _segmenter.Segment(scene, "sky");
        Assert.Equal(["sky", "sea"], json.EnumerateArray().Select(s => s.GetProperty("label").GetString()!));
        // One prompt alone, and two at once: sums in another order.
        Assert.Equal(Presence.Score(sky), json[0].GetProperty("score").GetSingle(), 1e-6f);
        Assert.Equal(sky.GuidedFilter(scene).Threshold(0.4f).EncodePng(),
            json[0].GetProperty("mask").GetBytesFromBase64());

        JsonElement raw = await ServerRun.Post(client, "/", new ByteArrayContent(ServerRun.Scene));
        Assert.Equal(["sea"], raw.EnumerateArray().Select(s => s.GetProperty("label").GetString()!));
        JsonElement none = await ServerRun.Post(client, "/", Json(
            $$$"""{"inputs":"{{{_picture}}}","parameters":{"threshold":0.999}}"""));
        Assert.Equal(0, none.GetArrayLength());
    }

    [Fact]
    public async Task Rembgs_clients_get_what_is_to_stay_or_its_mask()
    {
        using ServerRun server = new();
        using HttpClient client = server.Client();
        Image scene = Image.Load(CliRun.Scene);
        Mask mask = _segmenter.Segment(scene, "sky").GuidedFilter(scene).Threshold(0.5f);
        string[] defaults = ["model=u2net", "a=false", "af=240", "ab=10", "ae=10", "ppm=false", "extras="];

        Image cut = Image.Decode(await Removed([.. defaults, "prompt=sky", "om=false", "bgc="]));
        Assert.Equal(scene.CutOut(mask.Feather(1)).Alpha, cut.Alpha);
        Assert.Equal(mask.EncodePng(), await Removed([.. defaults, "prompt=sky", "om=true"]));
        Image onWhite = Image.Decode(await Removed([.. defaults, "prompt=sky", "bgc=255,255,255,255"]));
        Assert.Equal(scene.CutOut(mask.Feather(1)).On(new(255, 255, 255)).Pixels, onWhite.Pixels);

        JsonElement problem = await ServerRun.Post(client, "/api/remove", Form([.. defaults]), 400);
        Assert.Contains("No prompt", problem.GetProperty("detail").GetString());
        await ServerRun.Post(client, "/api/remove", Form(["prompt=a", "bgc=red"]), 400);
        using HttpResponseMessage byAddress = await client.GetAsync("/api/remove?url=http://127.0.0.1/a.png");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, byAddress.StatusCode);

        async Task<byte[]> Removed(string[] fields)
        {
            using HttpResponseMessage response = await client.PostAsync("/api/remove", Form(fields));
            Assert.Equal("image/png", response.Content.Headers.ContentType?.MediaType);
            return await response.Content.ReadAsByteArrayAsync();
        }

        static MultipartFormDataContent Form(string[] fields)
        {
            MultipartFormDataContent form = ServerRun.FormOf(null, fields);
            form.Add(new ByteArrayContent(ServerRun.Scene), "file", "a.png");
            return form;
        }
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");
}
