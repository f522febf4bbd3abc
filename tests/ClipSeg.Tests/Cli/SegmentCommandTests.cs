using System.Text.Json;
using ClipSeg.Imaging;
using ClipSeg.Numerics;
using ClipSeg.Prompts;

namespace ClipSeg.Tests.Cli;

public sealed class SegmentCommandTests : IDisposable
{
    private readonly CliRun _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public void Segment_writes_a_mask_for_each_prompt_and_one_overlay_and_prints_a_table()
    {
        Assert.Equal(0, _cli.Segment(CliRun.Scene, "a red circle", "The Dog!"));

        Assert.Equal(["scene.a-red-circle.png", "scene.overlay.png", "scene.the-dog.png"], _cli.Written());
        using Segmenter segmenter = Segmenter.Load(CliRun.Mini);
        Image scene = Image.Load(CliRun.Scene);
        Mask expected = segmenter.Segment(scene, "a red circle");
        Mask written = Mask.Load(_cli.Folder.At("out", "scene.a-red-circle.png"));
        Close.All(expected.Values, written.Values, 0.6f / 255);
        Assert.Equal(scene.Width, Image.Load(_cli.Folder.At("out", "scene.overlay.png")).Width);

        string row = Assert.Single(_cli.Output.Split('\n'), line => line.Contains("a red circle"));
        Assert.Contains(FormattableString.Invariant($"{expected.Values.Max():0.000}"), row);
        double area = expected.Values.Count(v => v > 0.5f) / (double)expected.Values.Length;
        Assert.Contains(FormattableString.Invariant($"{100 * area:0.0} %"), row);
        Assert.Empty(_cli.Errors);
    }

    [Theory]
    [InlineData("mini")]
    [InlineData("mini-refined")]
    public void Save_logits_writes_the_references_logits_as_npy(string toy)
    {
        using JsonDocument cases = JsonDocument.Parse(File.ReadAllText(Fixtures.At("model", $"{toy}.cases.json")));
        string[] prompts = [.. cases.RootElement.GetProperty("prompts").EnumerateArray().Select(p => p.GetString()!)];
        string npy = _cli.Folder.At("new", "logits.npy");

        int code = _cli.Run(["segment", CliRun.Scene, .. prompts, "--model", Fixtures.At("model", toy),
            "-o", _cli.Folder.At("out"), "--save-logits", npy]);

        Assert.Equal(0, code);
        Tensor expected = FixtureTensors.Read($"model/{toy}.cases.safetensors", "scene.logits");
        byte[] bytes = File.ReadAllBytes(npy);
        Assert.Equal(128 + expected.Length * sizeof(float), bytes.Length);
        string header = System.Text.Encoding.Latin1.GetString(bytes, 0, 128);
        Assert.StartsWith("\u0093NUMPY\u0001\0\u0076\0{'descr': '<f4', 'fortran_order': False, 'shape': "
            + $"({expected[0]}, {expected[1]}, {expected[2]}), }} ", header);
        Assert.EndsWith(" \n", header);
        float[] logits = new float[expected.Length];
        Buffer.BlockCopy(bytes, 128, logits, 0, bytes.Length - 128);
        Close.All(expected.Data, logits, 1e-4f);
    }

    [Fact]
    public void Json_prints_the_results_and_nothing_else()
    {
        string tooLong = string.Join(' ', Enumerable.Repeat("striped", 40));
        Assert.Equal(0, _cli.Segment(CliRun.Scene, "ein Fisch, größer", tooLong, "--json", "--threshold", "0.9"));

        using JsonDocument json = JsonDocument.Parse(_cli.Output);
        Assert.Contains("\"ein Fisch, größer\"", _cli.Output);
        JsonElement picture = json.RootElement;
        Assert.Equal(0.9f, picture.GetProperty("threshold").GetSingle());
        Assert.Equal(CliRun.Scene, picture.GetProperty("picture").GetString());
        Assert.Equal(133, picture.GetProperty("width").GetInt32());
        JsonElement[] prompts = [.. picture.GetProperty("prompts").EnumerateArray()];
        Assert.Equal("ein Fisch, größer", prompts[0].GetProperty("prompt").GetString());
        Mask mask = Mask.Load(prompts[0].GetProperty("mask").GetString()!);
        Assert.Equal(mask.Values.Max(), prompts[0].GetProperty("peak").GetSingle(), 0.01);
        Assert.Equal(mask.Values.Count(v => v > 0.9f) / (double)mask.Values.Length,
            prompts[0].GetProperty("area").GetDouble(), 0.02);
        Assert.False(prompts[0].GetProperty("truncated").GetBoolean());
        Assert.True(prompts[1].GetProperty("truncated").GetBoolean());
        Assert.Contains("is too long for the model", _cli.Errors);
    }

    [Fact]
    public void Fine_reads_tiles_beside()
    {
        Assert.Equal(0, _cli.Segment(CliRun.Scene, "a dog", "--fine"));
        using Segmenter segmenter = Segmenter.Load(CliRun.Mini);
        Mask expected = segmenter.Segment(segmenter.Encode(Image.Load(CliRun.Scene), fine: true), ["a dog"])[0];
        Close.All(expected.Values, Mask.Load(_cli.Folder.At("out", "scene.a-dog.png")).Values, 0.6f / 255);
        Assert.NotEqual(expected.Values, segmenter.Segment(Image.Load(CliRun.Scene), "a dog").Values);
    }

    [Fact]
    public void A_folder_is_segmented_and_what_cannot_be_read_is_skipped_and_reported()
    {
        string folder = Directory.CreateDirectory(_cli.Folder.At("in")).FullName;
        File.Copy(CliRun.Scene, Path.Combine(folder, "a.png"));
        File.Copy(Fixtures.At("images", "odd-17x9.jpg"), Path.Combine(folder, "a.jpg"));
        File.Copy(Fixtures.At("images", "bad", "truncated.png"), Path.Combine(folder, "b.png"));
        File.WriteAllText(Path.Combine(folder, "notes.txt"), "no picture");

        int code = _cli.Segment(folder, "a cat", Fixtures.At("images", "gray.png"));

        Assert.Equal(1, code);
        Assert.Equal(["a.a-cat.png", "a.overlay.jpg", "a.png.a-cat.png", "a.png.overlay.png", "gray.a-cat.png",
            "gray.overlay.png"], _cli.Written());
        Assert.Equal("clipseg: Passed over: files not named like pictures (1).", _cli.Errors.Split('\n')[0]);
        Assert.Contains("b.png: damaged PNG", _cli.Errors.Split('\n')[1]);

        Assert.Equal(1, _cli.Segment(folder, "a cat", "--json"));
        string[] lines = _cli.Output.TrimEnd('\n').Split('\n');
        Assert.Equal(3, lines.Length);
        using JsonDocument unread = JsonDocument.Parse(lines[2]);
        Assert.EndsWith("b.png", unread.RootElement.GetProperty("picture").GetString());
        Assert.Contains("damaged PNG", unread.RootElement.GetProperty("error").GetString());
    }

    [Fact]
    public void A_prompt_file_adds_a_prompt_for_each_line()
    {
        File.WriteAllText(_cli.Folder.At("prompts.txt"), "# animals\na cat\n\nun chien\n");
        Assert.Equal(0, _cli.Segment(CliRun.Scene, "a dog", "--prompts", _cli.Folder.At("prompts.txt")));
        Assert.Equal(["scene.a-cat.png", "scene.a-dog.png", "scene.overlay.png", "scene.un-chien.png"], _cli.Written());
    }

    [Fact]
    public void Prompts_combine_and_what_they_share_is_asked_for_once()
    {
        File.WriteAllText(_cli.Folder.At("prompts.txt"), "NOT \"a dog\"\n");
        Assert.Equal(0, _cli.Segment(CliRun.Scene, "a dog AND NOT (a cat OR a cow)", "salt and pepper", "--prompts",
            _cli.Folder.At("prompts.txt"), "--json", "--save-logits", _cli.Folder.At("logits.npy")));
        using Segmenter segmenter = Segmenter.Load(CliRun.Mini);
        float[][] masks = [.. segmenter.Segment(segmenter.Encode(Image.Load(CliRun.Scene)),
            ["a dog", "a cat", "a cow", "salt and pepper"]).Select(mask => mask.Values)];
        Assert.Contains("'shape': (4, 48, 48)", File.ReadAllText(_cli.Folder.At("logits.npy")));
        using JsonDocument json = JsonDocument.Parse(_cli.Output);
        JsonElement[] prompts = [.. json.RootElement.GetProperty("prompts").EnumerateArray()];
        Assert.Equal("a dog AND NOT (a cat OR a cow)", prompts[0].GetProperty("prompt").GetString());
        Check(prompts[0], i => Math.Min(masks[0][i], 1 - Math.Max(masks[1][i], masks[2][i])));
        Check(prompts[1], i => masks[3][i]);
        Check(prompts[2], i => 1 - masks[0][i]);

        void Check(JsonElement prompt, Func<int, float> expected)
        {
            float[] written = Mask.Load(prompt.GetProperty("mask").GetString()!).Values;
            Close.All([.. Enumerable.Range(0, written.Length).Select(expected)], written, 0.6f / 255);
        }
    }

    [Fact]
    public void What_is_not_to_be_found_is_left_out_of_every_prompt()
    {
        Assert.Equal(0, _cli.Segment(
            CliRun.Scene, "a dog", "--support", CliRun.Scene, "--not", "a cat", "--not", "a cow OR a pig"));
        using Segmenter segmenter = Segmenter.Load(CliRun.Mini);
        EncodedImage encoded = segmenter.Encode(Image.Load(CliRun.Scene));
        PromptExpression dog = PromptExpression.Parse("\"a dog\" AND NOT (\"a cat\" OR (a cow OR a pig))");
        string name = _cli.Written().Single(file => file.Contains("a-dog"));
        Mask expected = segmenter.Segment(encoded, [dog])[0];
        Close.All(expected.Values, Mask.Load(_cli.Folder.At("out", name)).Values, 0.6f / 255);

        Mask shown = segmenter.Segment(encoded, [segmenter.Prompt(Image.Load(CliRun.Scene))])[0];
        Mask others = segmenter.Segment(encoded, [PromptExpression.Parse("a cat OR a cow OR a pig")])[0];
        name = _cli.Written().Single(file => file.Contains("scene-png"));
        Close.All([.. shown.Values.Zip(others.Values, (a, b) => Math.Min(a, 1 - b))],
            Mask.Load(_cli.Folder.At("out", name)).Values, 0.6f / 255);
    }

    [Fact]
    public void A_support_picture_is_a_prompt_of_its_own_or_blended_into_every_text()
    {
        string mask = WriteMask();
        using Segmenter segmenter = Segmenter.Load(CliRun.Mini);
        Prompt shown = segmenter.Prompt(Image.Load(CliRun.Scene), Mask.Load(mask));
        Prompt text = segmenter.Prompt("a dog");

        Assert.Equal(0, _cli.Segment(CliRun.Scene, "a dog", "--support", CliRun.Scene, "--support-mask", mask));
        AssertMask(segmenter, text, "scene.a-dog.png");
        AssertMask(segmenter, shown, "scene.scene-png.png");

        Assert.Equal(0, _cli.Segment(
            CliRun.Scene, "a dog", "--support", CliRun.Scene, "--support-mask", mask, "--mix", "0.25"));
        AssertMask(segmenter, Prompt.Mix(shown, text, 0.25f), "scene.a-dog.png");
    }

    [Fact]
    public void Several_supports_are_averaged()
    {
        string mask = WriteMask(), other = Fixtures.At("images", "rgb.png");
        using Segmenter segmenter = Segmenter.Load(CliRun.Mini);
        Prompt mean = Prompt.Average([segmenter.Prompt(Image.Load(CliRun.Scene)), segmenter.Prompt(Image.Load(other))]);

        Assert.Equal(0, _cli.Segment(CliRun.Scene, "--support", CliRun.Scene, "--support", other));

        AssertMask(segmenter, mean, "scene.scene-png.png");
        _cli.AssertFailed(2, _cli.Segment(CliRun.Scene, "-s", CliRun.Scene, "-s", other, "--support-mask", mask),
            "There are 2 --support and 1 --support-mask.");
    }

    [Theory]
    [InlineData("blur3_highlight01")]
    [InlineData("cls_token")]
    [InlineData("all:3")]
    public void Visual_prompt_names_what_the_mask_does(string name)
    {
        string mask = WriteMask();
        using Segmenter segmenter = Segmenter.Load(CliRun.Mini);
        Prompt expected = ClipMasking.Parse(name) is { } masking
            ? segmenter.Prompt(Image.Load(CliRun.Scene), Mask.Load(mask), masking)
            : segmenter.Prompt(Image.Load(CliRun.Scene), Mask.Load(mask), VisualPrompt.Named(name));

        Assert.Equal(
            0, _cli.Segment(CliRun.Scene, "-s", CliRun.Scene, "--support-mask", mask, "--visual-prompt", name));

        AssertMask(segmenter, expected, "scene.scene-png.png");
    }

    [Fact]
    public void A_saved_prompt_is_used_again()
    {
        string file = _cli.Folder.At("mug.safetensors");
        using Segmenter segmenter = Segmenter.Load(CliRun.Mini);
        Assert.Equal(0, _cli.Segment(CliRun.Scene, "a mug", "-s", CliRun.Scene, "--mix", "0.5", "--save-prompt", file));
        Assert.Equal(0, _cli.Segment(CliRun.Scene, "a cat", "--conditional", file));

        Prompt mixed = Prompt.Mix(segmenter.Prompt(Image.Load(CliRun.Scene)), segmenter.Prompt("a mug"), 0.5f);
        AssertMask(segmenter, mixed, "scene.a-mug.png");
    }

    [Theory]
    [InlineData("a photo of a {}.")]
    [InlineData("shuffle+")]
    public void A_template_is_put_around_every_text(string template)
    {
        using Segmenter segmenter = Segmenter.Load(CliRun.Mini);
        Assert.Equal(0, _cli.Segment(CliRun.Scene, "dog", "--template", template));
        AssertMask(segmenter, template == "shuffle+"
            ? segmenter.Prompts.Text("dog", PromptTemplates.ShufflePlus)
            : segmenter.Prompt("a photo of a dog."), "scene.dog.png");
    }

    [Fact]
    public void Size_and_threshold_and_threads_are_obeyed()
    {
        string npy = _cli.Folder.At("logits.npy");
        Assert.Equal(0, _cli.Segment(CliRun.Scene, "a dog", "--size", "96", "--threads", "1", "--save-logits", npy));
        Assert.Equal(128 + 96 * 96 * sizeof(float), new FileInfo(npy).Length);
    }

    [Theory]
    [InlineData("bf16", Precision.BFloat16)]
    [InlineData("int8", Precision.Int8)]
    public void Precision_is_obeyed(string name, Precision precision)
    {
        Assert.Equal(0, _cli.Segment(CliRun.Scene, "dog", "--precision", name));
        using Segmenter segmenter = Segmenter.Load(CliRun.Mini, new() { Precision = precision });
        AssertMask(segmenter, segmenter.Prompt("dog"), "scene.dog.png");

        using Segmenter exact = Segmenter.Load(CliRun.Mini);
        Assert.NotEqual(
            exact.Segment(Image.Load(CliRun.Scene), "dog").Values,
            segmenter.Segment(Image.Load(CliRun.Scene), "dog").Values);
        Assert.NotEqual(0, _cli.Segment(CliRun.Scene, "dog", "--precision", "f16"));
    }

    [Fact]
    public void The_model_comes_from_the_environment_or_the_box_if_it_is_not_named()
    {
        string[] args = ["segment", CliRun.Scene, "a dog", "-o", _cli.Folder.At("out")];
        _cli.AssertFailed(2, _cli.Run(args), "No model: name one with --model or $CLIPSEG_MODEL. 'clipseg pull ");

        string box = Directory.CreateDirectory(_cli.Folder.At("models", "clipseg-emoji")).FullName;
        foreach (string file in Directory.GetFiles(CliRun.Mini))
            File.Copy(file, Path.Combine(box, Path.GetFileName(file)));
        Assert.Equal(0, _cli.Run(args));

        _cli.Variables["CLIPSEG_MODEL"] = _cli.Folder.At("nowhere");
        _cli.AssertFailed(1, _cli.Run(args), "There is no model");
        _cli.Variables["CLIPSEG_MODEL"] = Fixtures.At("model", "mini-refined");
        Assert.Equal(0, _cli.Run(args));
    }

    [Fact]
    public void Stopping_leaves_no_file_behind()
    {
        int code = _cli.Run(new CancellationToken(canceled: true), "segment", CliRun.Scene, "a dog", "-m", CliRun.Mini,
            "-o", _cli.Folder.At("out"));
        _cli.AssertFailed(130, code, "Stopped.");
        Assert.False(Directory.Exists(_cli.Folder.At("out")));
    }

    [Fact]
    public void What_was_done_before_a_stop_is_there()
    {
        using CancellationTokenSource stop = new();
        _cli.Input = new StoppingStream(stop);

        int code = _cli.Run(stop.Token, "segment", CliRun.Scene, "-", "a dog", "-m", CliRun.Mini, "--json",
            "-o", _cli.Folder.At("out"));

        Assert.Equal(130, code);
        Assert.Equal(["scene.a-dog.png", "scene.overlay.png"], _cli.Written());
        using JsonDocument json = JsonDocument.Parse(Assert.Single(_cli.Output.TrimEnd('\n').Split('\n')));
        Assert.Equal(CliRun.Scene, json.RootElement.GetProperty("picture").GetString());
    }

    private void AssertMask(Segmenter segmenter, Prompt prompt, string file) => Close.All(
        segmenter.Segment(Image.Load(CliRun.Scene), prompt).Values,
        Mask.Load(_cli.Folder.At("out", file)).Values, 0.6f / 255, what: file);

    private string WriteMask()
    {
        Mask mask = new(133, 97);
        for (int y = 20; y < 60; y++) mask.Values.AsSpan(y * 133 + 30, 50).Fill(1);
        mask.Save(_cli.Folder.At("mask.png"));
        return _cli.Folder.At("mask.png");
    }

    /// <summary>A picture; whoever begins to read it is stopped.</summary>
    private sealed class StoppingStream(CancellationTokenSource stop) : MemoryStream(File.ReadAllBytes(CliRun.Scene))
    {
        public override int Read(Span<byte> buffer)
        {
            stop.Cancel();
            return base.Read(buffer);
        }
    }
}
