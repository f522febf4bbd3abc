using System.Text.Json;
using System.Text.Json.Nodes;
using ClipSeg.Imaging;
using ClipSeg.Prompts;

namespace ClipSeg.Tests.Cli;

/// <summary>What <c>segment</c> writes when it is asked for something else than the usual.</summary>
public sealed class SaveTests : IDisposable
{
    private readonly CliRun _cli = new();
    private readonly Image _scene = Image.Load(CliRun.Scene);
    private readonly Mask _dog;

    public SaveTests()
    {
        using Segmenter segmenter = Segmenter.Load(CliRun.Mini);
        _dog = segmenter.Segment(_scene, "a dog");
    }

    public void Dispose() => _cli.Dispose();

    [Fact]
    public void Every_kind_has_its_file_and_nothing_else_is_written()
    {
        Assert.Equal(0, _cli.Segment(CliRun.Scene, "a dog", "a cat", "--threshold", "peak", "--json",
            "--save", "overlay,mask,binary,cutout", "--save", "heatmap,labels,npy"));
        string[] expected = ["a-cat.binary.png", "a-cat.cutout.png", "a-cat.heatmap.png", "a-cat.npy", "a-cat.png",
            "a-dog.binary.png", "a-dog.cutout.png", "a-dog.heatmap.png", "a-dog.npy", "a-dog.png", "labels.png",
            "overlay.png"];
        Assert.Equal(expected.Select(name => $"scene.{name}"), _cli.Written());

        using JsonDocument json = JsonDocument.Parse(_cli.Output);
        JsonElement dog = json.RootElement.GetProperty("prompts")[0];
        Assert.Equal(_cli.Folder.At("out", "scene.a-dog.cutout.png"), dog.GetProperty("cutOut").GetString());
        Assert.Equal(_cli.Folder.At("out", "scene.labels.png"), json.RootElement.GetProperty("labels").GetString());
        Assert.Equal(_dog.Values.Max() / 2, dog.GetProperty("threshold").GetSingle(), 1e-6);
        Assert.False(json.RootElement.TryGetProperty("threshold", out _));

        Assert.Equal(0, _cli.Run("segment", CliRun.Scene, "a dog", "-m", CliRun.Mini, "--save", "binary",
            "-o", _cli.Folder.At("other")));
        Assert.Equal(["scene.a-dog.binary.png"], Directory.GetFiles(_cli.Folder.At("other")).Select(Path.GetFileName));
    }

    [Fact]
    public void Binary_masks_cut_outs_labels_and_numbers_hold_what_the_mask_says()
    {
        float half = _dog.Values.Max() / 2;
        Assert.Equal(0, _cli.Segment(
            CliRun.Scene, "a dog", "--threshold", "peak", "--save", "binary,cutout,labels,npy"));

        Mask binary = Mask.Load(Out("binary.png")), expected = _dog.Threshold(half);
        Assert.Equal(expected.Values, binary.Values);
        Image cutOut = Image.Load(Out("cutout.png"));
        Assert.Equal(_scene.Pixels, cutOut.Pixels);
        Assert.All(Enumerable.Range(0, expected.Values.Length), i => Assert.Equal(
            expected.Values[i] > 0.5f, cutOut.Alpha![i] > 127));
        Assert.Equal(expected.Values.Select(v => (byte)v),
            LabelMap.Load(_cli.Folder.At("out", "scene.labels.png")).Labels);
        byte[] npy = File.ReadAllBytes(Out("npy"));
        float[] values = new float[_dog.Values.Length];
        Buffer.BlockCopy(npy, npy.Length - values.Length * sizeof(float), values, 0, values.Length * sizeof(float));
        Assert.Equal(_dog.Values, values);
        Assert.Contains($"({_dog.Height}, {_dog.Width})", System.Text.Encoding.Latin1.GetString(npy[..128]));
    }

    [Fact]
    public void The_mask_tools_are_options_and_are_applied_in_the_documented_order()
    {
        Mask expected = _dog.Threshold(_dog.OtsuThreshold()).FillHoles().DropBelow(30).KeepLargest().Grow(3)
            .Shrink(1.5f).Feather(2).Invert();
        Assert.Equal(0, _cli.Segment(CliRun.Scene, "a dog", "-t", "otsu", "--invert", "--feather", "2", "--shrink",
            "1.5", "--grow", "3", "--fill-holes", "--keep-largest", "--drop-below", "30", "--save", "mask", "--json"));

        Close.All(expected.Values, Mask.Load(Out("png")).Values, 0.6f / 255);
        using JsonDocument json = JsonDocument.Parse(_cli.Output);
        JsonElement dog = json.RootElement.GetProperty("prompts")[0];
        Assert.Equal(expected.Values.Count(v => v > 0.5f) / (double)expected.Values.Length,
            dog.GetProperty("area").GetDouble(), 1e-9);
        Assert.Equal(_dog.Values.Max(), dog.GetProperty("peak").GetSingle(), 1e-6);     // of what was found

        Assert.Equal(0, _cli.Segment(CliRun.Scene, "a dog", "--guided", "4", "--save", "mask"));
        Close.All(_dog.GuidedFilter(_scene, 4, 1e-3f).Values, Mask.Load(Out("png")).Values, 0.6f / 255);
    }

    [Fact]
    public void Edges_follow_the_pictures_unless_the_radius_is_0()
    {
        Assert.Equal(0, _cli.Run("segment", CliRun.Scene, "a dog", "-m", CliRun.Mini, "--save", "mask", "-o",
            _cli.Folder.At("out")));
        Close.All(_dog.GuidedFilter(_scene).Values, Mask.Load(Out("png")).Values, 0.6f / 255);
        Assert.Equal(0, _cli.Segment(CliRun.Scene, "a dog", "--guided", "0", "--save", "mask"));
        Close.All(_dog.Values, Mask.Load(Out("png")).Values, 0.6f / 255);
    }

    [Fact]
    public void Json_says_score_box_parts_and_run_lengths()
    {
        Mask shape = _dog.Threshold(_dog.Values.Max() * 0.5f);
        Assert.Equal(0, _cli.Segment(CliRun.Scene, "a dog", "-t", "peak", "--json", "--rle"));

        using JsonDocument json = JsonDocument.Parse(_cli.Output);
        JsonElement dog = json.RootElement.GetProperty("prompts")[0];
        Assert.Equal(Presence.Score(_dog), dog.GetProperty("score").GetSingle(), 1e-6);
        Assert.Equal(shape.Values,
            CocoRle.Parse(dog.GetProperty("rle").GetString()!, shape.Width, shape.Height).ToMask().Values);
        Assert.Equal(shape.Components().Count, dog.GetProperty("parts").GetInt32());
        int[] areas = [.. dog.GetProperty("components").EnumerateArray().Select(c => c.GetProperty("area").GetInt32())];
        Assert.Equal(shape.Components().Select(c => c.Area).OrderDescending().Take(100), areas);
        int[] box = [.. dog.GetProperty("box").EnumerateArray().Select(v => v.GetInt32())];
        int[] columns = [.. Enumerable.Range(0, shape.Width).Where(x => Enumerable.Range(0, shape.Height)
            .Any(y => shape[x, y] > 0))];
        Assert.Equal((columns.Min(), columns.Max() - columns.Min() + 1), (box[0], box[2]));

        _cli.AssertFailed(2, _cli.Segment(CliRun.Scene, "a dog", "--rle"), "--rle is for --json");
    }

    [Fact]
    public void A_score_that_is_too_small_is_not_found_and_writes_no_mask()
    {
        float score = Presence.Score(_dog);
        string above = FormattableString.Invariant($"{score + 0.001f}");
        string below = FormattableString.Invariant($"{score - 0.001f}");

        Assert.Equal(4, _cli.Segment(CliRun.Scene, "a dog", "--min-score", above, "--json"));
        Assert.Equal(["scene.overlay.png"], _cli.Written());
        Assert.Contains("\"found\":false", _cli.Output);
        Assert.DoesNotContain("\"mask\"", _cli.Output);
        Assert.Equal(4, _cli.Segment(CliRun.Scene, "a dog", "--min-score", above));
        Assert.Contains("not found", _cli.Output);

        Assert.Equal(0, _cli.Segment(CliRun.Scene, "a dog", "--min-score", below, "--json"));
        Assert.Equal(["scene.a-dog.png", "scene.overlay.png"], _cli.Written());
        Assert.Contains("\"found\":true", _cli.Output);
    }

    [Fact]
    public void Nothing_above_the_threshold_is_nothing_found_and_masks_are_written_all_the_same()
    {
        string above = FormattableString.Invariant($"{_dog.Values.Max() + 0.001f}");

        Assert.Equal(4, _cli.Segment(CliRun.Scene, "a dog", "-t", above, "--json"));
        Assert.Contains("\"found\":false", _cli.Output);
        Assert.Equal(["scene.a-dog.png", "scene.overlay.png"], _cli.Written());
        Assert.Equal(4, _cli.Segment(CliRun.Scene, "a dog", "-t", above, "--save", "none"));
        Assert.Contains("not found", _cli.Output);
        Assert.Equal(4, _cli.Segment(CliRun.Scene, "a dog", "-t", above, "--invert"));
        Assert.Equal(4, _cli.Segment(CliRun.Scene, "a dog", "--drop-below", "100000"));
        _cli.Pipe = new MemoryStream();
        Assert.Equal(4, _cli.Run("segment", CliRun.Scene, "a dog", "-m", CliRun.Mini, "-t", above, "-o", "-"));

        Assert.Equal(4, _cli.Segment(CliRun.Scene, "a dog", "-t", above, "--min-score", "0.01"));
        Assert.Equal(1, _cli.Segment(_cli.Folder.At("out", "no.png"), CliRun.Scene, "-p", "a dog", "-t", above));
    }

    [Fact]
    public void A_model_may_say_itself_from_which_score_on_things_are_there()
    {
        string model = _cli.Folder.At("model"), config = Path.Combine(model, "config.json");
        Directory.CreateDirectory(model);
        foreach (string file in Directory.GetFiles(CliRun.Mini))
            File.Copy(file, Path.Combine(model, Path.GetFileName(file)));
        float score = Presence.Score(_dog);
        JsonNode keys = JsonNode.Parse(File.ReadAllText(config))!;

        keys["not_found_below"] = score - 0.001f;
        File.WriteAllText(config, keys.ToJsonString());
        Assert.Equal(0, Segment());
        byte[] coloured = File.ReadAllBytes(_cli.Folder.At("out", "scene.overlay.png"));

        keys["not_found_below"] = score + 0.001f;
        File.WriteAllText(config, keys.ToJsonString());
        Assert.Equal(4, Segment());
        Assert.Contains("not found", _cli.Output);
        Assert.Equal(["scene.a-dog.png", "scene.overlay.png"], _cli.Written());      // the mask is written all the same
        Assert.NotEqual(coloured, File.ReadAllBytes(_cli.Folder.At("out", "scene.overlay.png")));
        Assert.Equal(0, Segment("--min-score", "0"));

        int Segment(params string[] more) => _cli.Run(
            ["segment", CliRun.Scene, "a dog", .. more, "--model", model, "--output", _cli.Folder.At("out")]);
    }

    [Theory]
    [InlineData("jpg", 0xFF, 0xD8)]
    [InlineData("webp", (byte)'R', (byte)'I')]
    public void A_format_is_obeyed(string format, byte first, byte second)
    {
        Assert.Equal(0, _cli.Segment(
            CliRun.Scene, "a dog", "--save", "overlay,cutout", "--background", "white", "--format", format));
        Assert.Equal([$"scene.a-dog.cutout.{format}", $"scene.overlay.{format}"], _cli.Written());
        foreach (string file in Directory.GetFiles(_cli.Folder.At("out")))
            Assert.Equal([first, second], File.ReadAllBytes(file)[..2]);

        long large = new FileInfo(_cli.Folder.At("out", $"scene.overlay.{format}")).Length;
        Assert.Equal(0, _cli.Segment(
            CliRun.Scene, "a dog", "--save", "overlay", "--format", format, "--quality", "20"));
        Assert.InRange(new FileInfo(_cli.Folder.At("out", $"scene.overlay.{format}")).Length, 100, large / 2);
    }

    [Fact]
    public void A_cut_out_is_laid_on_a_colour_the_blurred_picture_or_another()
    {
        Image other = new(10, 20);
        other.Pixels.AsSpan().Fill(200);
        other.Save(_cli.Folder.At("sky.png"));
        int inside = Array.IndexOf(_dog.Values, _dog.Values.Max());
        int outside = Array.IndexOf(_dog.Values, _dog.Values.Min());
        foreach ((string background, Rgb? expected) in (ReadOnlySpan<(string, Rgb?)>)[("#0a141e", new(10, 20, 30)),
            ("rebeccapurple", new(102, 51, 153)), (_cli.Folder.At("sky.png"), new(200, 200, 200)), ("blur", null)])
        {
            Assert.Equal(0, _cli.Segment(
                CliRun.Scene, "a dog", "-t", "peak", "--save", "cutout", "--background", background));
            Image cutOut = Image.Load(Out("cutout.png"));
            Assert.Null(cutOut.Alpha);
            Assert.Equal(At(_scene, inside), At(cutOut, inside));
            if (expected is { } colour) Assert.Equal(colour, At(cutOut, outside));
        }

        _cli.AssertFailed(2, _cli.Segment(CliRun.Scene, "a dog", "--save", "cutout", "--background", "whyte"),
            "--background is 'whyte', expected a colour");
        _cli.AssertFailed(2, _cli.Segment(CliRun.Scene, "a dog", "--background", "white"), "add --save cutout");
        _cli.AssertFailed(2, _cli.Segment(CliRun.Scene, "a dog", "--save", "cutout", "--format", "jpg"),
            "has no transparency");
        _cli.AssertFailed(2, _cli.Segment(CliRun.Scene, "a dog", "--save", "cutouts"), "--save is 'cutouts', expected");
    }

    [Theory]
    [InlineData("cutout")]
    [InlineData("overlay")]
    [InlineData("labels")]
    [InlineData("npy")]
    public void One_result_of_any_kind_goes_through_a_pipe(string kind)
    {
        using MemoryStream pipe = new();
        (_cli.Input, _cli.Pipe) = (new MemoryStream(File.ReadAllBytes(CliRun.Scene)), pipe);
        Assert.Equal(0, _cli.Run("segment", "-", "a dog", "-m", CliRun.Mini, "--save", kind, "--guided", "0",
            "-o", "-"));
        byte[] piped = pipe.ToArray();

        Assert.Equal(0, _cli.Segment(CliRun.Scene, "a dog", "--save", kind));
        Assert.Equal(File.ReadAllBytes(Assert.Single(Directory.GetFiles(_cli.Folder.At("out")))), piped);
    }

    [Fact]
    public void Only_one_result_goes_through_a_pipe()
    {
        _cli.Pipe = new MemoryStream();
        string[] args = ["segment", CliRun.Scene, "a dog", "a cat", "-m", CliRun.Mini, "-o", "-"];
        _cli.AssertFailed(2, _cli.Run([.. args, "--save", "cutout"]), "one picture and one prompt; there are 1");
        _cli.AssertFailed(2, _cli.Run([.. args, "--save", "overlay,labels"]), "name one kind with --save, not 2");
        Assert.Equal(0, _cli.Run([.. args, "--save", "overlay"]));
    }

    private static Rgb At(Image image, int i)
        => new(image.Pixels[3 * i], image.Pixels[3 * i + 1], image.Pixels[3 * i + 2]);

    private string Out(string ending) => _cli.Folder.At("out", $"scene.a-dog.{ending}");
}
