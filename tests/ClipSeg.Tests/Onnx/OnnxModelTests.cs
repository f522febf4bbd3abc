using System.Text.Json;
using ClipSeg.Formats;
using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Onnx;
using ClipSeg.Peers;
using ClipSeg.Tests.Model;
using Microsoft.ML.OnnxRuntime;

namespace ClipSeg.Tests.Onnx;

/// <summary>What ONNX Runtime makes of exported networks, against PyTorch and against our own.</summary>
public sealed class OnnxModelTests : IDisposable
{
    private const float Tolerance = 1e-3f;

    private readonly TemporaryFolder _folder = new();
    private readonly OnnxOptions _options = new() { Threads = 1 };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("mini")]
    [InlineData("mini-refined")]
    public void Whole_model_gives_the_references_logits_at_every_size(string toy)
    {
        using Toy t = new(toy);
        using OnnxSession model = Open(OnnxModel.Whole(t.Model, OnnxType.Float32));
        foreach (string size in (string[])["native", "large", "small", "wide"])
        {
            Tensor expected = t.Expected[$"{size}.logits"];
            Tensor logits = RunWhole(model, t.Expected[$"{size}.pixels"], t.Ids, expected.Shape);
            Close.All(expected, logits, Tolerance, what: size);
        }
    }

    [Theory]
    [InlineData("mini")]
    [InlineData("mini-refined")]
    public void Parts_give_the_references_activations_conditionals_and_logits(string toy)
    {
        using Toy t = new(toy);
        ClipSegConfig c = t.Model.Config;
        (int[] ids, Tensor pixels) = (t.Ids[1], t.Expected["wide.pixels"]);
        (int height, int width) = (pixels[2] / c.PatchSize, pixels[3] / c.PatchSize);

        using OnnxSession vision = Open(OnnxModel.Vision(t.Model, OnnxType.Float32));
        Tensor[] activations = vision.Run(new() { ["pixel_values"] = OnnxSession.Input(pixels) },
            [.. c.ExtractLayers.Select((_, i)
                => new OnnxOutput($"activation_{i}", 1, 1 + height * width, c.Vision.Width))]);
        using OnnxSession text = Open(OnnxModel.Text(t.Model, OnnxType.Float32));
        Tensor conditional = text.Run(
            new() { ["input_ids"] = OnnxSession.Input([.. ids.Select(id => (long)id)], 1, ids.Length) },
            new OnnxOutput("conditional", 1, c.EmbeddingWidth))[0];
        using OnnxSession decoder = Open(OnnxModel.Decoder(t.Model, OnnxType.Float32));
        Dictionary<string, OrtValue> inputs = activations.Select((a, i) => (a, i))
            .ToDictionary(x => $"activation_{x.i}", x => OnnxSession.Input(x.a));
        inputs["grid"] = OnnxSession.Input([height, width], 2);
        inputs["conditional"] = OnnxSession.Input(conditional);
        Tensor expected = t.Expected["wide.logits"];
        Tensor logits = decoder.Run(inputs, new OnnxOutput("logits", 1, expected[1], expected[2]))[0];

        for (int i = 0; i < activations.Length; i++)
        {
            Close.All(t.Expected[$"wide.hidden.{c.ExtractLayers[i]}"], activations[i], Tolerance,
                what: $"activation {i}");
        }
        Close.All(Part(t.Expected["text.embeddings"], 1), conditional.Data, Tolerance);
        Close.All(Part(expected, 1), logits.Data, Tolerance);
    }

    [Fact]
    public void Grid_is_height_and_width_in_patches()
    {
        using Toy t = new("mini");
        string path = Save(OnnxModel.Vision(t.Model, OnnxType.Float32));
        using InferenceSession session = new(path);
        using OrtValue pixels = OnnxSession.Input(Tensor.Zeros(1, 3, 40, 56));
        using RunOptions options = new();
        using IDisposableReadOnlyCollection<OrtValue> grid =
            session.Run(options, new Dictionary<string, OrtValue> { ["pixel_values"] = pixels }, ["grid"]);
        Assert.Equal([5, 7], grid[0].GetTensorDataAsSpan<long>().ToArray());
    }

    [Fact]
    public void Picture_graph_gives_the_references_embedding_at_every_size()
    {
        using Toy t = new("mini");
        using OnnxSession picture = Open(OnnxModel.Picture(t.Model, OnnxType.Float32));
        foreach (string size in (string[])["large", "native", "small", "wide"])
        {
            Tensor pixels = t.Expected[$"{size}.pixels"];
            Tensor embedding = picture.Run(new() { ["pixel_values"] = OnnxSession.Input(pixels) },
                new OnnxOutput("conditional", pixels[0], t.Model.Config.EmbeddingWidth))[0];
            Close.All(t.Expected[$"{size}.image_embedding"], embedding, Tolerance, what: size);
        }
    }

    [Theory]
    [InlineData(DecoderType.ClipSeg, false)]
    [InlineData(DecoderType.ClipDeconv, false)]
    [InlineData(DecoderType.ClipSeg, true)]
    public void Pictures_pair_with_prompts_in_networks_of_other_kinds(DecoderType decoder, bool imageOnly)
    {
        using Toy t = new("mini");
        ClipSegConfig c = t.Model.Config with
        {
            Vision = t.Model.Config.Vision with { ImageOnly = imageOnly },
            DecoderType = decoder,
            ExtractLayers = decoder == DecoderType.ClipSeg ? [0, 3] : [3],
            ConditionalLayer = decoder == DecoderType.ClipSeg ? 1 : 0,
            EndToken = TextTower.LegacyEndToken,
        };
        ClipSegModel network = new(new Weights(FormulaWeights.For(c)), c);
        Tensor pixels = FormulaWeights.Input("pixels", 2, t.Ids.Length, 3, 40, 56);
        Tensor expected = network.Decoder.Forward(network.Vision.Activations(pixels), network.Text.Embed(t.Ids), 5, 7);

        using OnnxSession model = Open(OnnxModel.Whole(network, OnnxType.Float32));
        Close.All(expected, RunWhole(model, pixels, t.Ids, expected.Shape), Tolerance);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public void A_token_is_not_seen_where_the_attention_mask_is_0(int attention, bool equal)
    {
        using Toy t = new("mini");
        using OnnxSession model = Open(OnnxModel.Whole(t.Model, OnnxType.Float32));
        Tensor logits = model.Run(new()
        {
            ["pixel_values"] = OnnxSession.Input(t.Expected["native.pixels"]),
            // The second ones differ.
            ["input_ids"] = OnnxSession.Input([618, 320, 81, 619, 618, 513, 81, 619], 2, 4),
            ["attention_mask"] = OnnxSession.Input([1, attention, 1, 1, 1, attention, 1, 1], 2, 4),
        }, new OnnxOutput("logits", 2, 48, 48))[0];
        Assert.Equal(equal, Part(logits, 0).SequenceEqual(Part(logits, 1)));
    }

    [Theory]
    [InlineData("vit-b16-refined")]
    [Trait("Category", "Full size")]
    public void Full_size_model_gives_the_references_logits(string name)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Fixtures.At($"model/{name}.config.json")));
        ClipSegConfig config = ClipSegConfig.Parse(json.RootElement);
        Tensor expected = FixtureTensors.Read($"model/{name}.cases.safetensors", "logits");
        ClipSegModel network = new(new Weights(FormulaWeights.For(config)), config);

        using OnnxSession model = Open(OnnxModel.Whole(network, OnnxType.Float32));
        Tensor logits = RunWhole(
            model, FormulaWeights.Input("pixels", 2, 1, 3, 352, 352), Toy.ReadIds(name), expected.Shape);
        Close.All(expected, logits, Tolerance);
    }

    // Logits are up to 3.6 here.
    [Theory]
    [InlineData(OnnxType.Float16, 0.55, 0.002)]
    [InlineData(OnnxType.Int8, 0.42, 0.05)]
    internal void Smaller_types_give_nearly_the_same_logits(OnnxType type, double size, double meanError)
    {
        using Toy t = new("mini");
        string full = Save(OnnxModel.Whole(t.Model, OnnxType.Float32)), small = Save(OnnxModel.Whole(t.Model, type));
        Tensor expected = t.Expected["large.logits"];

        using OnnxSession model = new(small, _options);
        Tensor actual = RunWhole(model, t.Expected["large.pixels"], t.Ids, expected.Shape);

        Assert.InRange(new FileInfo(small).Length, 1, size * new FileInfo(full).Length);
        double sum = 0;
        for (int i = 0; i < expected.Length; i++) sum += Math.Abs(expected.Data[i] - actual.Data[i]);
        Assert.InRange(sum / expected.Length, 0, meanError);
    }

    [Fact]
    public void A_graph_that_answers_with_other_shapes_is_refused_with_both()
    {
        using Toy t = new("mini");
        using OnnxSession model = Open(OnnxModel.Whole(t.Model, OnnxType.Float32));
        CheckpointException e = Assert.Throws<CheckpointException>(
            () => RunWhole(model, t.Expected["native.pixels"], t.Ids, [t.Ids.Length, 24, 24]));
        Assert.Contains(
            $"logits of Float [{t.Ids.Length}, 48, 48], expected Float [{t.Ids.Length}, 24, 24]", e.Message);
    }

    private string Save(OnnxGraph graph)
    {
        string path = _folder.At($"{Guid.NewGuid()}.onnx");
        using FileStream stream = File.Create(path);
        graph.Write(stream);
        return path;
    }

    private OnnxSession Open(OnnxGraph graph) => new(Save(graph), _options);

    /// <summary>Runs a whole model; shorter prompts are padded with zeros that the mask hides.</summary>
    private static Tensor RunWhole(OnnxSession model, Tensor pixels, int[][] ids, ReadOnlySpan<int> logits)
    {
        int length = ids.Max(row => row.Length);
        long[] padded = new long[ids.Length * length], mask = new long[padded.Length];
        for (int b = 0; b < ids.Length; b++)
        {
            for (int i = 0; i < ids[b].Length; i++)
                (padded[b * length + i], mask[b * length + i]) = (ids[b][i], 1);
        }
        Dictionary<string, OrtValue> inputs = new()
        {
            ["pixel_values"] = OnnxSession.Input(pixels),
            ["input_ids"] = OnnxSession.Input(padded, ids.Length, length),
            ["attention_mask"] = OnnxSession.Input(mask, ids.Length, length),
        };
        return model.Run(inputs, new OnnxOutput("logits", [.. logits.ToArray()]))[0];
    }

    private static ReadOnlySpan<float> Part(Tensor x, int index)
    {
        int length = x.Length / x[0];
        return x.Data.Slice(index * length, length);
    }

    /// <summary>A toy model and its reference values.</summary>
    private sealed class Toy : IDisposable
    {
        private readonly SafeTensorsFile _file;

        public Toy(string name)
        {
            using JsonDocument config = JsonDocument.Parse(File.ReadAllText(Fixtures.At($"model/{name}/config.json")));
            _file = SafeTensorsFile.Open(Fixtures.At($"model/{name}/model.safetensors"));
            Model = new(new Weights(_file.Tensors), ClipSegConfig.Parse(config.RootElement));
            Expected = FixtureTensors.ReadAll($"model/{name}.cases.safetensors");
            Ids = ReadIds(name);
        }

        public ClipSegModel Model { get; }

        public Dictionary<string, Tensor> Expected { get; }

        public int[][] Ids { get; }

        public static int[][] ReadIds(string name)
        {
            using JsonDocument cases = JsonDocument.Parse(File.ReadAllText(Fixtures.At($"model/{name}.cases.json")));
            return [.. cases.RootElement.GetProperty("input_ids").EnumerateArray()
                .Select(ids => ids.EnumerateArray().Select(id => id.GetInt32()).ToArray())];
        }

        public void Dispose() => _file.Dispose();
    }
}
