using System.Text.Json;
using ClipSeg.Formats;
using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Peers;

namespace ClipSeg.Tests.Model;

/// <summary>The parity ladder: each stage of two toy networks and of the full-size one against PyTorch.</summary>
public sealed class ParityTests
{
    public static TheoryData<string> Toys => ["mini", "mini-refined"];

    public static TheoryData<string, string> ToySizes
    {
        get
        {
            TheoryData<string, string> data = [];
            foreach (string toy in (string[])["mini", "mini-refined"])
            {
                foreach (string size in (string[])["native", "large", "small", "wide"]) data.Add(toy, size);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Toys))]
    public void Text_embeddings_equal_the_reference(string toy)
    {
        using Case c = new(toy);
        Close.All(c.Expected["text.embeddings"], c.Model.Text.Embed(c.Ids), 1e-4f);
    }

    [Theory]
    [MemberData(nameof(ToySizes))]
    public void Hidden_states_equal_the_reference(string toy, string size)
    {
        using Case c = new(toy);
        Tensor[] activations = c.Model.Vision.Activations(c.Expected[$"{size}.pixels"]);
        for (int i = 0; i < activations.Length; i++)
        {
            string name = $"{size}.hidden.{c.Model.Config.ExtractLayers[i]}";
            Close.All(c.Expected[name], activations[i], 1e-4f, what: name);
        }
        Tensor embedding = c.Model.Vision.Embed(c.Expected[$"{size}.pixels"]);
        Close.All(c.Expected[$"{size}.image_embedding"], embedding, 1e-4f);
    }

    [Theory]
    [MemberData(nameof(ToySizes))]
    public void Logits_equal_the_reference(string toy, string size)
    {
        using Case c = new(toy);
        Tensor logits = c.Logits(c.Expected[$"{size}.pixels"], c.Model.Text.Embed(c.Ids));
        Close.All(c.Expected[$"{size}.logits"], logits, 1e-4f);
    }

    [Theory]
    [MemberData(nameof(Toys))]
    public void Mixed_conditionals_equal_the_reference(string toy)
    {
        using Case c = new(toy);
        Tensor text = c.Model.Text.Embed([c.Ids[0]]), image = c.Model.Vision.Embed(c.Expected["support.pixels"]);
        Close.All(c.Expected["support.embedding"], image, 1e-4f);
        foreach (string a in (string[])["0.0", "0.25", "0.5", "1.0"])
        {
            float weight = float.Parse(a, System.Globalization.CultureInfo.InvariantCulture);
            Tensor logits = c.Logits(c.Expected["native.pixels"], image * weight + text * (1 - weight));
            Close.All(c.Expected[$"mix.{a}.logits"], logits, 1e-4f, what: a);
        }
    }

    [Theory]
    [InlineData("vit-b16")]
    [InlineData("vit-b16-refined")]
    [Trait("Category", "Full size")]
    public void Full_size_network_equals_the_reference(string name)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Fixtures.At($"model/{name}.config.json")));
        using JsonDocument cases = JsonDocument.Parse(File.ReadAllText(Fixtures.At($"model/{name}.cases.json")));
        Dictionary<string, Tensor> expected = FixtureTensors.ReadAll($"model/{name}.cases.safetensors");
        Dictionary<string, StoredTensor> weights = FormulaWeights.For(ClipSegConfig.Parse(json.RootElement));
        foreach (JsonProperty sample in cases.RootElement.GetProperty("samples").EnumerateObject())
        {
            float[] values = [.. sample.Value.EnumerateArray().Select(v => v.GetSingle())],
                read = new float[values.Length];
            weights[sample.Name].Read(0, read);
            Assert.Equal(values, read);
        }

        ClipSegModel model = new(new Weights(weights), ClipSegConfig.Parse(json.RootElement));
        Tensor pixels = FormulaWeights.Input("pixels", 2, 1, 3, 352, 352);
        Tensor text = model.Text.Embed(Case.ReadIds(cases));
        Close.All(expected["text.embeddings"], text, 1e-3f, what: "text");
        Tensor[] activations = model.Vision.Activations(pixels);
        Close.All(expected["hidden.9.token0"].Data, activations[^1].Data[..768], 1e-3f, what: "hidden");
        Close.All(expected["logits"], model.Decoder.Forward(activations, text, 22, 22), 1e-3f, what: "logits");
        Close.All(expected["image.embedding"], model.Vision.Embed(pixels), 1e-3f, what: "image");
    }

    [Theory]
    [InlineData(Precision.BFloat16, 1e-2)]
    [InlineData(Precision.Int8, 5e-2)]
    [Trait("Category", "Full size")]
    public void Full_size_logits_hold_in_reduced_precision(Precision precision, double error)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Fixtures.At("model/vit-b16.config.json")));
        using JsonDocument cases = JsonDocument.Parse(File.ReadAllText(Fixtures.At("model/vit-b16.cases.json")));
        Tensor expected = FixtureTensors.Read("model/vit-b16.cases.safetensors", "logits");
        ClipSegConfig config = ClipSegConfig.Parse(json.RootElement);
        ClipSegModel model = new(new Weights(FormulaWeights.For(config)), config) { Precision = precision };

        Tensor[] activations = model.Vision.Activations(FormulaWeights.Input("pixels", 2, 1, 3, 352, 352));
        Tensor logits = model.Decoder.Forward(activations, model.Text.Embed(Case.ReadIds(cases)), 22, 22);
        double difference = 0, norm = 0;
        for (int i = 0; i < logits.Length; i++)
        {
            difference += Math.Pow(logits.Data[i] - expected.Data[i], 2);
            norm += Math.Pow(expected.Data[i], 2);
        }
        Assert.InRange(Math.Sqrt(difference / norm), 1e-5, error);
    }

    private sealed class Case : IDisposable
    {
        private readonly SafeTensorsFile _file;

        public Case(string toy)
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Fixtures.At($"model/{toy}/config.json")));
            using JsonDocument cases = JsonDocument.Parse(File.ReadAllText(Fixtures.At($"model/{toy}.cases.json")));
            _file = SafeTensorsFile.Open(Fixtures.At($"model/{toy}/model.safetensors"));
            Model = new(new Weights(_file.Tensors), ClipSegConfig.Parse(json.RootElement));
            Expected = FixtureTensors.ReadAll($"model/{toy}.cases.safetensors");
            Ids = ReadIds(cases);
        }

        public ClipSegModel Model { get; }

        public Dictionary<string, Tensor> Expected { get; }

        public int[][] Ids { get; }

        public static int[][] ReadIds(JsonDocument cases)
            => [.. cases.RootElement.GetProperty("input_ids").EnumerateArray()
            .Select(ids => ids.EnumerateArray().Select(id => id.GetInt32()).ToArray())];

        public Tensor Logits(Tensor pixels, Tensor conditionals)
        {
            int patch = Model.Config.PatchSize;
            return Model.Decoder.Forward(
                Model.Vision.Activations(pixels), conditionals, pixels[2] / patch, pixels[3] / patch);
        }

        public void Dispose() => _file.Dispose();
    }
}
