using System.Diagnostics;
using System.Text.Json;
using ClipSeg.Formats;
using ClipSeg.Imaging;
using ClipSeg.Numerics;
using ClipSeg.Prompts;
using ClipSeg.Tests.Checkpoints;
using ClipSeg.Tests.Scenes;

namespace ClipSeg.Tests;

public sealed class SegmenterTests
{
    private static readonly Image _scene = Image.Load(Fixtures.At("model", "scene.png"));

    [Theory]
    [InlineData("mini")]
    [InlineData("mini-refined")]
    public void Logits_of_the_scene_equal_the_reference(string toy)
    {
        using Segmenter segmenter = Segmenter.Load(Fixtures.At("model", toy));

        Tensor logits = segmenter.Logits(segmenter.Encode(_scene), segmenter.Prompts.Texts(ScenePrompts(toy)));

        Close.All(FixtureTensors.Read($"model/{toy}.cases.safetensors", "scene.logits"), logits, 1e-4f);
    }

    [Fact]
    public void Masks_are_the_sigmoid_of_logits_stretched_to_the_picture()
    {
        using Segmenter segmenter = Mini();
        EncodedImage encoded = segmenter.Encode(_scene);
        Prompt[] prompts = segmenter.Prompts.Texts(ScenePrompts("mini"));
        Tensor logits = segmenter.Logits(encoded, prompts);

        Mask[] masks = segmenter.Segment(encoded, prompts);

        Assert.Equal(prompts.Length, masks.Length);
        for (int p = 0; p < masks.Length; p++)
        {
            Assert.Equal((_scene.Width, _scene.Height), (masks[p].Width, masks[p].Height));
            float[] expected = new float[_scene.Width * _scene.Height];
            Interpolation.Bilinear(logits.Data.Slice(p * 48 * 48, 48 * 48), 1, 48, 48,
                expected, _scene.Height, _scene.Width, alignCorners: false);
            Close.All(Array.ConvertAll(expected, x => 1 / (1 + MathF.Exp(-x))), masks[p].Values, 1e-6f);
        }
    }

    [Fact]
    public void Segment_gives_one_picture_and_many_prompts_the_same_masks_as_one_by_one()
    {
        using Segmenter segmenter = Mini();
        string[] prompts = [.. Enumerable.Range(0, 37).Select(i => $"{i} red circles")];
        Mask[] together = segmenter.Segment(segmenter.Encode(_scene), prompts);

        for (int p = 0; p < prompts.Length; p += 9)
            Close.All(segmenter.Segment(_scene, prompts[p]).Values, together[p].Values, 1e-5f, what: prompts[p]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5)]
    public void Segment_gives_many_pictures_the_same_masks_as_one_by_one(int count)
    {
        using Segmenter segmenter = Segmenter.Load(Fixtures.At("model", "mini"), new() { Threads = 2 });
        Image[] pictures = [.. Enumerable.Range(0, count).Select(i => _scene.Resize(40 + 9 * i, 60))];
        Mask[][] together = segmenter.Segment(pictures, ["a dog", "two red circles"]);

        Assert.Equal(count, together.Length);
        for (int i = 0; i < count; i++)
        {
            Mask[] alone = segmenter.Segment(segmenter.Encode(pictures[i]), ["a dog", "two red circles"]);
            Assert.Equal(alone.Select(m => m.Values), together[i].Select(m => m.Values));
        }
    }

    [Fact]
    public void Many_pictures_stop_when_they_are_cancelled_and_one_that_is_missing_is_an_error()
    {
        using Segmenter segmenter = Segmenter.Load(Fixtures.At("model", "mini"), new() { Threads = 2 });
        Assert.Throws<OperationCanceledException>(
            () => segmenter.Segment([_scene, _scene], ["a dog"], new CancellationToken(canceled: true)));
        Assert.Throws<ArgumentNullException>(() => segmenter.Segment([_scene, null!], ["a dog"]));
        Assert.Single(segmenter.Segment([_scene], ["a dog"]));
    }

    [Fact]
    public void Segment_works_at_another_size()
    {
        using Segmenter segmenter = Segmenter.Load(Fixtures.At("model", "mini"), new() { Size = 96 });
        Assert.Equal(
            [1, 96, 96], segmenter.Logits(segmenter.Encode(_scene), [segmenter.Prompt("a cat")]).Shape.ToArray());
    }

    [Fact]
    public void Load_names_the_sizes_that_work_when_one_does_not()
    {
        ArgumentException e = Assert.Throws<ArgumentException>(
            () => Segmenter.Load(Fixtures.At("model", "mini"), new() { Size = 100 }));
        Assert.Contains("Size 100 is not a multiple of the model's patch size 8; 96 and 104 are.", e.Message);
    }

    [Theory]
    [InlineData(
        "\"reduce_dim\": 16", "\"reduce_dim\": 32", "decoder.film_mul.weight' has shape [16, 40], expected [32, 40]")]
    [InlineData("\"num_hidden_layers\": 5", "\"num_hidden_layers\": 6", "layers.5.layer_norm1.weight' not found")]
    [InlineData("\"num_hidden_layers\": 3", "\"num_hidden_layers\": 2", "that its config has no place for")]
    [InlineData("\"patch_size\": 8", "\"patch_size\": 0", "'vision_config.patch_size' is 0")]
    [InlineData("\"extract_layers\": [", "\"extract_layers\": [9,", "expected blocks in 0..4")]
    public void Load_says_what_does_not_fit(string from, string to, string expected)
    {
        using TemporaryFolder folder = new();
        CopyMini(folder);
        string config = File.ReadAllText(folder.At("config.json"));
        Assert.Contains(from, config);
        File.WriteAllText(folder.At("config.json"), config.Replace(from, to));

        CheckpointException e = Assert.Throws<CheckpointException>(() => Segmenter.Load(folder.Path));

        Assert.Contains(expected, e.Message);
        Assert.StartsWith($"Model '{folder.Path}'", e.Message);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Theory]
    [InlineData("mini")]
    [InlineData("mini-refined")]
    public void The_authors_layout_gives_the_same_logits(string toy)
    {
        using TemporaryFolder folder = new();
        OfficialLayout.Write(folder.At("model.pth"), Fixtures.At("model", toy));
        foreach (string file in (string[])["vocab.json", "merges.txt", "tokenizer_config.json"])
            File.Copy(Fixtures.At("model", toy, file), folder.At(file));
        using Segmenter segmenter = Segmenter.Load(folder.At("model.pth"), Official(folder));

        Tensor logits = segmenter.Logits(segmenter.Encode(_scene), segmenter.Prompts.Texts(ScenePrompts(toy)));

        Close.All(FixtureTensors.Read($"model/{toy}.cases.safetensors", "scene.logits"), logits, 1e-4f);
    }

    [Fact]
    public void A_model_without_vocabulary_says_so_when_it_is_given_text()
    {
        using TemporaryFolder folder = new();
        OfficialLayout.Write(folder.At("model.pth"), Fixtures.At("model", "mini"));
        using Segmenter segmenter = Segmenter.Load(folder.At("model.pth"), Official(folder));

        segmenter.Segment(_scene, segmenter.Prompt(_scene));
        CheckpointException e = Assert.Throws<CheckpointException>(() => segmenter.Segment(_scene, "a cat"));

        Assert.Contains("has no vocabulary", e.Message);
    }

    [Fact]
    public void Extract_layers_can_be_chosen_and_matter()
    {
        using Segmenter usual = Mini();
        using Segmenter other = Segmenter.Load(
            Fixtures.At("model", "mini"), new() { Files = new() { ExtractLayers = [1, 3, 4] } });
        Assert.NotEqual(usual.Segment(_scene, "a cat").Values, other.Segment(_scene, "a cat").Values);
    }

    [Fact]
    public void Text_prompts_need_no_vision_block_after_the_last_extracted_one()
    {
        // Without the last block's weights, in a model that extracts up to the one before, text works and pictures do
        // not.
        using TemporaryFolder folder = new();
        CopyMini(folder);
        string config = File.ReadAllText(folder.At("config.json"));
        File.WriteAllText(folder.At("config.json"), config.Replace("  4\n ]", "  3\n ]"));
        using SafeTensorsFile file = SafeTensorsFile.Open(Fixtures.At("model", "mini", "model.safetensors"));
        File.Delete(folder.At("model.safetensors"));
        SafeTensorsWriter.Write(folder.At("model.safetensors"), file.Tensors.Values.Select(t =>
            t.Name.Contains("vision_model.encoder.layers.4.") || t.Name.Contains("visual_projection")
                ? StoredTensor.Of(t.Name, Filled(t.Shape, float.NaN)) : t));
        using Segmenter segmenter = Segmenter.Load(folder.Path);

        Assert.All(segmenter.Segment(_scene, "a cat").Values, p => Assert.False(float.IsNaN(p)));
        CheckpointException e = Assert.Throws<CheckpointException>(() => segmenter.Prompt(_scene));
        Assert.Contains("'clip.vision_model.encoder.layers.4.", e.Message);
    }

    [Fact]
    public async Task Two_threads_share_one_segmenter_and_get_the_same_results()
    {
        using Segmenter reference = Mini(), shared = Mini();
        string[] prompts = ["a red circle", "the dog", "a striped ring", "something to sit on"];
        float[][] expected = [.. prompts.Select(p => reference.Segment(_scene, p).Values)];
        using Barrier start = new(2);

        Task<float[][]>[] tasks = [.. Enumerable.Range(0, 2).Select(_ => Task.Factory.StartNew(() =>
        {
            start.SignalAndWait();      // the first use of every weight is at the same time
            float[][] values = [];
            for (int i = 0; i < 5; i++) values = [.. prompts.Select(p => shared.Segment(_scene, p).Values)];
            return values;
        }, TaskCreationOptions.LongRunning))];

        foreach (float[][] actual in await Task.WhenAll(tasks)) Assert.Equal(expected, actual);
    }

    [Fact]
    public void A_warm_call_allocates_little_besides_its_results()
    {
        using Segmenter segmenter = Mini();
        string[] prompts = ["a red circle", "the dog"];
        for (int i = 0; i < 20; i++) segmenter.Segment(segmenter.Encode(_scene), prompts);

        long least = long.MaxValue;         // a collection may empty the pools before any one call
        for (int i = 0; i < 5; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            segmenter.Segment(segmenter.Encode(_scene), prompts);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        // Results: a mask per prompt, and the activations of three layers, 37 tokens of 64 values. Besides them the
        // bytes of the resized picture and the objects around pooled memory, 60 to 90 kB; the intermediate results,
        // which are pooled, have half a megabyte.
        long results = sizeof(float) * (prompts.Length * _scene.Width * _scene.Height + 3 * 37 * 64);
        Assert.InRange(least - results, 0, 150_000);
    }

    [Fact]
    public void Logits_refuse_a_prompt_of_another_width()
    {
        using Segmenter segmenter = Mini();
        ArgumentException e = Assert.Throws<ArgumentException>(
            () => segmenter.Segment(_scene, new Prompt("wide", new float[512])));
        Assert.Contains("Prompt 'wide' has 512 values, this model's have 40", e.Message);
    }

    [Fact]
    public void Work_that_is_cancelled_stops_and_the_next_call_works()
    {
        using Segmenter segmenter = Mini();
        EncodedImage encoded = segmenter.Encode(_scene);
        CancellationToken cancelled = new(canceled: true);

        Assert.Throws<OperationCanceledException>(() => segmenter.Encode(_scene, cancelled));
        Assert.Throws<OperationCanceledException>(() => segmenter.Segment(encoded, ["a dog"], cancelled));
        Assert.Throws<OperationCanceledException>(() => segmenter.Prompt("a cat", cancel: cancelled));
        Assert.Throws<OperationCanceledException>(() => segmenter.Prompt(_scene, cancel: cancelled));
        Assert.Single(segmenter.Segment(encoded, ["a dog"]));
    }

    [Fact]
    public void Encode_stops_in_the_middle_when_it_is_cancelled()
    {
        using Segmenter segmenter = Segmenter.Load(Fixtures.At("model", "mini"), new() { Size = 1024, Threads = 1 });
        segmenter.Encode(_scene);
        long start = Stopwatch.GetTimestamp();
        segmenter.Encode(_scene);
        TimeSpan whole = Stopwatch.GetElapsedTime(start);

        using CancellationTokenSource stop = new(whole / 10);
        start = Stopwatch.GetTimestamp();
        Assert.Throws<OperationCanceledException>(() => segmenter.Encode(_scene, stop.Token));
        Assert.True(Stopwatch.GetElapsedTime(start) < whole * 2);
    }

    [Fact]
    public void Segmenters_with_their_own_threads_give_the_same_masks_side_by_side()
    {
        using Segmenter one = Segmenter.Load(Fixtures.At("model", "mini"), new() { Threads = 1 });
        using Segmenter three = Segmenter.Load(Fixtures.At("model", "mini"), new() { Threads = 3 });
        Assert.Equal((1, 3), (one.Compute.Workers.Count, three.Compute.Workers.Count));
        float[] expected = one.Segment(_scene, "a dog").Values;

        Parallel.For(0, 24, i => Assert.Equal(expected, (i % 2 == 0 ? one : three).Segment(_scene, "a dog").Values));
    }

    [Fact]
    public void A_trimmed_segmenter_gives_the_same_masks()
    {
        using Segmenter segmenter = Mini();
        float[] expected = segmenter.Segment(_scene, "a dog").Values;
        segmenter.Trim();
        Assert.Equal(expected, segmenter.Segment(_scene, "a dog").Values);

        Parallel.For(0, 24, i =>
        {
            if (i % 3 == 0) segmenter.Trim();
            Assert.Equal(expected, segmenter.Segment(_scene, "a dog").Values);
        });
    }

    [Fact]
    public void A_disposed_segmenter_says_so()
    {
        Segmenter segmenter = Mini();
        EncodedImage encoded = segmenter.Encode(_scene);
        segmenter.Dispose();
        segmenter.Dispose();
        Assert.Throws<ObjectDisposedException>(() => segmenter.Encode(_scene));
        Assert.Throws<ObjectDisposedException>(() => segmenter.Segment(encoded, ["a dog"]));
        Assert.Throws<ObjectDisposedException>(() => segmenter.Prompt("a dog"));
    }

    [Fact]
    public void Null_and_a_template_without_a_place_are_the_callers_mistakes()
    {
        using Segmenter segmenter = Mini();
        Assert.Throws<ArgumentNullException>(() => segmenter.Encode(null!));
        Assert.Throws<ArgumentNullException>(() => segmenter.Segment(_scene, (string)null!));
        Assert.Throws<ArgumentNullException>(() => segmenter.Segment(segmenter.Encode(_scene), (string[])null!));
        Assert.Throws<ArgumentNullException>(() => segmenter.Prompt((string)null!));
        ArgumentException e = Assert.Throws<ArgumentException>(() => segmenter.Prompt("a dog", "a photo"));
        Assert.Equal("The template 'a photo' has no {} where the phrase goes.", e.Message);
        e = Assert.Throws<ArgumentException>(() => Segmenter.Load(Fixtures.At("model", "mini"), new() { Threads = 0 }));
        Assert.Equal("Threads is 0, expected at least 1.", e.Message);
    }

    [Fact]
    public void Logits_that_are_not_numbers_are_an_error_not_a_black_mask()
    {
        using Segmenter segmenter = Mini();
        CheckpointException e = Assert.Throws<CheckpointException>(
            () => segmenter.Segment(_scene, new Prompt("broken", Enumerable.Repeat(float.NaN, 40).ToArray())));
        Assert.Contains("answers 'broken' with NaN", e.Message);
    }

    private static Segmenter Mini() => Segmenter.Load(Fixtures.At("model", "mini"));

    private static SegmenterOptions Official(TemporaryFolder folder) => new()
    {
        Size = 48,
        Files = new() { ClipCache = folder.Path, ExtractLayers = [1, 2, 4], VisionHeads = 4, TextHeads = 4 },
    };

    private static void CopyMini(TemporaryFolder folder)
    {
        foreach (string file in Directory.GetFiles(Fixtures.At("model", "mini")))
            File.Copy(file, folder.At(Path.GetFileName(file)));
    }

    private static Tensor Filled(ReadOnlySpan<int> shape, float value)
    {
        Tensor t = Tensor.Zeros(shape);
        t.Data.Fill(value);
        return t;
    }

    private static string[] ScenePrompts(string toy)
    {
        using JsonDocument cases = JsonDocument.Parse(File.ReadAllText(Fixtures.At("model", $"{toy}.cases.json")));
        return [.. cases.RootElement.GetProperty("prompts").EnumerateArray().Select(p => p.GetString()!)];
    }
}
