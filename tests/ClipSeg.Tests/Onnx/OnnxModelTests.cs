using System.Text.Json;
using ClipSeg.Formats;
using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Onnx;
using ClipSeg.Peers;
using ClipSeg.Tests.Model;

namespace ClipSeg.Tests.Onnx;

/// <summary>What ONNX Runtime makes of exported networks, against PyTorch and against our own.</summary>
public sealed class OnnxModelTests : IDisposable
{
    private const float Tolerance = 1e-3f;

    private readonly OnnxRuntime _runtime = new();

    public void Dispose() => _runtime.Dispose();

    [OnnxTheory]
    [InlineData("mini")]
    [InlineData("mini-refined")]
    public void Whole_model_gives_the_references_logits_at_every_size(string toy)
    {
        using Toy t = new(toy);
        string model = _runtime.Save(OnnxModel.Whole(t.Model, OnnxType.Float32));
        Dictionary<string, OnnxRuntime.Value> logits = [];
        foreach (string size in (string[])["native", "large", "small", "wide"])
        {
            logits[size] = _runtime.Future("float32", t.Expected[$"{size}.logits"].Shape.ToArray());
            PlanWhole(model, t.Expected[$"{size}.pixels"], t.Ids, logits[size]);
        }

        _runtime.Execute();

        foreach ((string size, OnnxRuntime.Value value) in logits)
            Close.All(t.Expected[$"{size}.logits"], OnnxRuntime.Read(value), Tolerance, what: size);
    }

    [OnnxTheory]
    [InlineData("mini")]
    [InlineData("mini-refined")]
    public void Parts_give_the_references_activations_conditionals_and_logits(string toy)
    {
        using Toy t = new(toy);
        ClipSegConfig c = t.Model.Config;
        (int[] ids, Tensor pixels) = (t.Ids[1], t.Expected["wide.pixels"]);
        int tokens = 1 + pixels[2] * pixels[3] / (c.PatchSize * c.PatchSize);
        OnnxRuntime.Value grid = _runtime.Future("int64", 2),
            conditional = _runtime.Future("float32", 1, c.EmbeddingWidth),
            logits = _runtime.Future("float32", [1, .. t.Expected["wide.logits"].Shape[1..]]);
        Dictionary<string, OnnxRuntime.Value> activations = Enumerable.Range(0, c.ExtractLayers.Count)
            .ToDictionary(i => $"activation_{i}", _ => _runtime.Future("float32", 1, tokens, c.Vision.Width));

        _runtime.Plan(_runtime.Save(OnnxModel.Vision(t.Model, OnnxType.Float32)),
            new() { ["pixel_values"] = _runtime.Of(pixels) }, new(activations) { ["grid"] = grid });
        _runtime.Plan(_runtime.Save(OnnxModel.Text(t.Model, OnnxType.Float32)),
            new() { ["input_ids"] = _runtime.Of([.. ids.Select(id => (long)id)], 1, ids.Length) },
            new() { ["conditional"] = conditional });
        _runtime.Plan(_runtime.Save(OnnxModel.Decoder(t.Model, OnnxType.Float32)),
            new(activations) { ["grid"] = grid, ["conditional"] = conditional }, new() { ["logits"] = logits });
        _runtime.Execute();

        for (int i = 0; i < activations.Count; i++)
        {
            Close.All(t.Expected[$"wide.hidden.{c.ExtractLayers[i]}"], OnnxRuntime.Read(activations[$"activation_{i}"]),
                Tolerance, what: $"activation {i}");
        }
        Close.All(Part(t.Expected["text.embeddings"], 1), OnnxRuntime.Read(conditional).Data, Tolerance);
        Close.All(Part(t.Expected["wide.logits"], 1), OnnxRuntime.Read(logits).Data, Tolerance);
    }

    [OnnxTheory]
    [InlineData(DecoderType.ClipSeg)]
    [InlineData(DecoderType.ClipDeconv)]
    public void Pictures_pair_with_prompts_in_networks_of_other_kinds(DecoderType decoder)
    {
        using Toy t = new("mini");
        ClipSegConfig c = t.Model.Config with
        {
            DecoderType = decoder,
            ExtractLayers = decoder == DecoderType.ClipSeg ? [0, 3] : [3],
            ConditionalLayer = decoder == DecoderType.ClipSeg ? 1 : 0,
            EndToken = TextTower.LegacyEndToken,
        };
        ClipSegModel network = new(new Weights(FormulaWeights.For(c)), c);
        Tensor pixels = FormulaWeights.Input("pixels", 2, t.Ids.Length, 3, 40, 56);
        Tensor expected = network.Decoder.Forward(network.Vision.Activations(pixels), network.Text.Embed(t.Ids), 5, 7);
        OnnxRuntime.Value logits = _runtime.Future("float32", expected.Shape.ToArray());

        PlanWhole(_runtime.Save(OnnxModel.Whole(network, OnnxType.Float32)), pixels, t.Ids, logits);
        _runtime.Execute();

        Close.All(expected, OnnxRuntime.Read(logits), Tolerance);
    }

    [OnnxTheory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public void A_token_is_not_seen_where_the_attention_mask_is_0(int attention, bool equal)
    {
        using Toy t = new("mini");
        OnnxRuntime.Value logits = _runtime.Future("float32", 2, 48, 48);
        Dictionary<string, OnnxRuntime.Value> inputs = new()
        {
            ["pixel_values"] = _runtime.Of(t.Expected["native.pixels"]),
            ["input_ids"] = _runtime.Of([618, 320, 81, 619, 618, 513, 81, 619], 2, 4),      // the second ones differ
            ["attention_mask"] = _runtime.Of([1, attention, 1, 1, 1, attention, 1, 1], 2, 4),
        };

        _runtime.Plan(_runtime.Save(OnnxModel.Whole(t.Model, OnnxType.Float32)), inputs, new() { ["logits"] = logits });
        _runtime.Execute();

        Tensor result = OnnxRuntime.Read(logits);
        Assert.Equal(equal, Part(result, 0).SequenceEqual(Part(result, 1)));
    }

    [OnnxTheory]
    [InlineData("vit-b16-refined")]
    [Trait("Category", "Full size")]
    public void Full_size_model_gives_the_references_logits(string name)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Fixtures.At($"model/{name}.config.json")));
        ClipSegConfig config = ClipSegConfig.Parse(json.RootElement);
        Tensor expected = FixtureTensors.Read($"model/{name}.cases.safetensors", "logits");
        OnnxRuntime.Value logits = _runtime.Future("float32", expected.Shape.ToArray());
        ClipSegModel network = new(new Weights(FormulaWeights.For(config)), config);

        PlanWhole(_runtime.Save(OnnxModel.Whole(network, OnnxType.Float32)),
            FormulaWeights.Input("pixels", 2, 1, 3, 352, 352), Toy.ReadIds(name), logits);
        _runtime.Execute();

        Close.All(expected, OnnxRuntime.Read(logits), Tolerance);
    }

    // Logits are up to 3.6 here.
    [OnnxTheory]
    [InlineData(OnnxType.Float16, 0.55, 0.002)]
    [InlineData(OnnxType.Int8, 0.42, 0.05)]
    internal void Smaller_types_give_nearly_the_same_logits(OnnxType type, double size, double meanError)
    {
        using Toy t = new("mini");
        string full = _runtime.Save(OnnxModel.Whole(t.Model, OnnxType.Float32));
        string small = _runtime.Save(OnnxModel.Whole(t.Model, type));
        Tensor expected = t.Expected["large.logits"];
        OnnxRuntime.Value logits = _runtime.Future("float32", expected.Shape.ToArray());
        PlanWhole(small, t.Expected["large.pixels"], t.Ids, logits);

        _runtime.Execute();

        Assert.InRange(new FileInfo(small).Length, 1, size * new FileInfo(full).Length);
        double sum = 0;
        Tensor actual = OnnxRuntime.Read(logits);
        for (int i = 0; i < expected.Length; i++) sum += Math.Abs(expected.Data[i] - actual.Data[i]);
        Assert.InRange(sum / expected.Length, 0, meanError);
    }

    /// <summary>Plans a run of a whole model; shorter prompts are padded with zeros that the mask hides.</summary>
    private void PlanWhole(string model, Tensor pixels, int[][] ids, OnnxRuntime.Value logits)
    {
        int length = ids.Max(row => row.Length);
        long[] padded = new long[ids.Length * length], mask = new long[padded.Length];
        for (int b = 0; b < ids.Length; b++)
        {
            for (int i = 0; i < ids[b].Length; i++)
                (padded[b * length + i], mask[b * length + i]) = (ids[b][i], 1);
        }
        Dictionary<string, OnnxRuntime.Value> inputs = new()
        {
            ["pixel_values"] = _runtime.Of(pixels),
            ["input_ids"] = _runtime.Of(padded, ids.Length, length),
            ["attention_mask"] = _runtime.Of(mask, ids.Length, length),
        };
        _runtime.Plan(model, inputs, new() { ["logits"] = logits });
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
