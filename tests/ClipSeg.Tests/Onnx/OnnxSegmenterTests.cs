using ClipSeg.Checkpoints;
using ClipSeg.Formats;
using ClipSeg.Imaging;
using ClipSeg.Numerics;
using ClipSeg.Onnx;
using ClipSeg.Prompts;

namespace ClipSeg.Tests.Onnx;

/// <summary>Exported models, run by ONNX Runtime on the processor, against our own engine.</summary>
public sealed class OnnxSegmenterTests : IClassFixture<OnnxSegmenterTests.Exported>
{
    private const float Tolerance = 1e-4f;

    private readonly Exported _exported;
    private readonly Image _picture = Noise(90, 61, seed: 1), _support = Noise(70, 80, seed: 2);
    private readonly Mask _mask = new(70, 80, [.. Enumerable.Range(0, 70 * 80).Select(i => i % 70 < 31 ? 1f : 0f)]);

    public OnnxSegmenterTests(Exported exported) => _exported = exported;

    [Theory]
    [InlineData("mini")]
    [InlineData("mini-refined")]
    public void Masks_of_words_equal_ours(string toy) => Check(toy,
        s => [s.Prompt("a cat"), s.Prompt("a much longer phrase about a dog"), s.Prompt("kite", "a photo of a {}.")]);

    [Fact]
    public void Masks_of_more_prompts_than_are_decoded_at_once_equal_ours()
        => Check("mini", s => [.. Enumerable.Range(0, 19).Select(i => s.Prompt($"thing {i}"))]);

    [Fact]
    public void Masks_of_averages_and_blends_equal_ours() => Check("mini", s =>
    [
        s.Prompt("a cat", ["a photo of {}.", "{}", "this is {}"]),
        Prompt.Mix(s.Prompt(_support, _mask), s.Prompt("a cat"), 0.3f),
    ]);

    [Theory]
    [InlineData("mini")]
    [InlineData("mini-refined")]
    public void Masks_of_pictures_equal_ours(string toy) => Check(toy, s =>
    [
        s.Prompt(_support), s.Prompt(_support, _mask), s.Prompt(_support, _mask, VisualPrompt.Named("highlight")),
    ]);

    [Theory]
    [InlineData(AttentionMaskScope.ClassToken, null, false)]
    [InlineData(AttentionMaskScope.ClassToken, null, true)]
    [InlineData(AttentionMaskScope.ClassToken, 2, false)]
    [InlineData(AttentionMaskScope.Patches, null, false)]
    [InlineData(AttentionMaskScope.Patches, null, true)]
    [InlineData(AttentionMaskScope.Patches, 0, true)]
    public void Masks_of_limited_attention_equal_ours(AttentionMaskScope scope, int? layer, bool exclude)
        => Check("mini", s => [s.Prompt(_support, _mask, new ClipMasking(scope, layer, exclude))]);

    [Fact]
    public void Limited_attention_makes_another_prompt()
    {
        using Segmenter segmenter = OnnxSegmenter.Load(_exported.Folder("mini"));
        float[] all = segmenter.Prompt(_support).Conditional.ToArray();
        float[] limited = segmenter.Prompt(_support, _mask, new ClipMasking(AttentionMaskScope.Patches, 1))
            .Conditional.ToArray();
        Assert.True(all.Zip(limited, (a, b) => Math.Abs(a - b)).Max() > 100 * Tolerance);
    }

    [Fact]
    public void Pictures_are_read_at_the_size_that_is_asked_for()
    {
        using Segmenter ours = Segmenter.Load(Fixtures.At("model", "mini"), new() { Size = 72 });
        using Segmenter theirs = OnnxSegmenter.Load(_exported.Folder("mini"), new() { Size = 72, Threads = 1 });
        Close.All(ours.Segment(_picture, "a cat").Values, theirs.Segment(_picture, "a cat").Values, Tolerance);
    }

    [Fact]
    public void Several_threads_may_use_it()
    {
        using Segmenter segmenter = OnnxSegmenter.Load(_exported.Folder("mini"), new() { Threads = 1 });
        float[] expected = segmenter.Segment(_picture, "a cat").Values.ToArray();
        Parallel.For(0, 8, _ => Close.All(expected, segmenter.Segment(_picture, "a cat").Values, 1e-6f));
    }

    [Fact]
    public void Work_that_is_cancelled_stops()
    {
        using Segmenter segmenter = OnnxSegmenter.Load(_exported.Folder("mini"));
        using CancellationTokenSource source = new();
        source.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => segmenter.Encode(_picture, source.Token));
        Assert.Equal(_picture.Width, segmenter.Encode(_picture).Width);
    }

    [Theory]
    [InlineData(OnnxProvider.Cuda, "CUDAExecutionProvider", "Microsoft.ML.OnnxRuntime.Gpu")]
    [InlineData(OnnxProvider.DirectMl, "DmlExecutionProvider", "Microsoft.ML.OnnxRuntime.DirectML")]
    public void A_provider_that_is_not_there_is_refused_with_the_package_that_has_it(
        OnnxProvider provider, string name, string package)
    {
        ArgumentException e = Assert.Throws<ArgumentException>(
            () => OnnxSegmenter.Load(_exported.Folder("mini"), new() { Provider = provider }));
        Assert.Contains(name, e.Message);
        Assert.Contains($"{package} ", e.Message);
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("preprocessor_config.json")]
    [InlineData("merges.txt")]
    [InlineData("vision.onnx")]
    [InlineData("decoder.onnx")]
    public void A_folder_that_lacks_a_file_is_refused_with_its_name(string file)
    {
        using TemporaryFolder folder = _exported.Copy("mini");
        File.Delete(folder.At(file));
        CheckpointException e = Assert.Throws<CheckpointException>(() => OnnxSegmenter.Load(folder.Path));
        Assert.Contains($"lacks {file}: ", e.Message);
        Assert.Contains("exported to ONNX in parts", e.Message);
    }

    [Fact]
    public void Words_need_no_picture_graph_and_pictures_say_that_it_is_missing()
    {
        using TemporaryFolder folder = _exported.Copy("mini");
        File.Delete(folder.At("picture.onnx"));
        using Segmenter segmenter = OnnxSegmenter.Load(folder.Path);
        Assert.Equal(_picture.Width, segmenter.Segment(_picture, "a cat").Width);
        Assert.Contains(
            "picture.onnx", Assert.Throws<CheckpointException>(() => segmenter.Prompt(_support)).Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(40)]
    [InlineData(-1)]
    public void A_graph_that_is_cut_off_is_refused_with_its_name(int length)
    {
        using TemporaryFolder folder = _exported.Copy("mini");
        byte[] whole = File.ReadAllBytes(folder.At("text.onnx"));
        File.WriteAllBytes(folder.At("text.onnx"), whole[..(length < 0 ? whole.Length / 2 : length)]);
        CheckpointException e = Assert.Throws<CheckpointException>(() => OnnxSegmenter.Load(folder.Path));
        Assert.Contains("text.onnx", e.Message);
    }

    [Theory]
    [InlineData("vision.onnx", "text.onnx")]
    [InlineData("decoder.onnx", "vision.onnx")]
    [InlineData("text.onnx", "decoder.onnx")]
    public void A_graph_in_the_place_of_another_is_refused_with_its_name(string place, string other)
    {
        using TemporaryFolder folder = _exported.Copy("mini");
        File.Copy(folder.At(other), folder.At(place), overwrite: true);
        using Segmenter segmenter = OnnxSegmenter.Load(folder.Path);
        Assert.Contains(
            place, Assert.Throws<CheckpointException>(() => segmenter.Segment(_picture, "a cat")).Message);
    }

    [Fact]
    public void A_graph_of_other_sizes_than_its_config_is_refused()
    {
        using TemporaryFolder folder = _exported.Copy("mini");
        string config = File.ReadAllText(folder.At("config.json"));
        using Segmenter mini = Segmenter.Load(Fixtures.At("model", "mini"));
        int width = mini.Engine.Config.EmbeddingWidth;
        File.WriteAllText(folder.At("config.json"),
            config.Replace($"\"projection_dim\": {width}", $"\"projection_dim\": {width + 8}"));
        using Segmenter segmenter = OnnxSegmenter.Load(folder.Path);
        string message = Assert.Throws<CheckpointException>(() => segmenter.Prompt("a cat")).Message;
        Assert.Contains("text.onnx", message);
        Assert.Contains($"expected Float [1, {width + 8}]", message);
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        string folder = _exported.Folder("mini");
        Assert.Contains("Threads is 0", Refusal(new() { Threads = 0 }));
        Assert.Contains("Device is -1", Refusal(new() { Device = -1 }));
        Assert.Contains("50", Refusal(new() { Size = 50 }));

        string Refusal(OnnxOptions options)
            => Assert.Throws<ArgumentException>(() => OnnxSegmenter.Load(folder, options)).Message;
    }

    private void Check(string toy, Func<Segmenter, Prompt[]> prompts)
    {
        using Segmenter ours = Segmenter.Load(Fixtures.At("model", toy));
        using Segmenter theirs = OnnxSegmenter.Load(_exported.Folder(toy), new() { Threads = 1 });
        Mask[] expected = ours.Segment(ours.Encode(_picture), prompts(ours));
        Mask[] actual = theirs.Segment(theirs.Encode(_picture), prompts(theirs));
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < actual.Length; i++)
            Close.All(expected[i].Values, actual[i].Values, Tolerance, what: $"prompt {i}");
    }

    private static Image Noise(int width, int height, int seed)
    {
        Image image = new(width, height);
        new Random(seed).NextBytes(image.Pixels);
        return image;
    }

    /// <summary>The toy models, exported in parts.</summary>
    public sealed class Exported : IDisposable
    {
        private readonly TemporaryFolder _folder = new();

        public Exported()
        {
            foreach (string toy in (string[])["mini", "mini-refined"])
            {
                using Segmenter model = Segmenter.Load(Fixtures.At("model", toy));
                OnnxFolder.Write(model, Folder(toy), split: true);
            }
        }

        public string Folder(string toy) => _folder.At(toy);

        internal TemporaryFolder Copy(string toy)
        {
            TemporaryFolder copy = new();
            foreach (string file in Directory.GetFiles(Folder(toy)))
                File.Copy(file, copy.At(Path.GetFileName(file)));
            return copy;
        }

        public void Dispose() => _folder.Dispose();
    }
}
