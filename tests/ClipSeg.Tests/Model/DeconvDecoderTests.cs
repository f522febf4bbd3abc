using System.Text.Json;
using ClipSeg.Checkpoints;
using ClipSeg.Formats;
using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Peers;
using ClipSeg.Tests.Checkpoints;
using ClipSeg.Tests.Scenes;
using ClipSeg.Text;

namespace ClipSeg.Tests.Model;

public sealed class DeconvDecoderTests
{
    private static readonly ClipSegConfig _toy = ClipSegConfig.Rd64 with
    {
        Vision = new() { Width = 5, Layers = 1, Heads = 1, MlpWidth = 4 },
        PatchSize = 2,
        ImageSize = 4,
        EmbeddingWidth = 3,
        ExtractLayers = [0],
        DecoderType = DecoderType.ClipDeconv,
        ReduceWidth = 4,
        Reduce2Width = 6,
    };

    public static TheoryData<string, int> Counts => new()
    {
        { "clip-deconv", 139_585 }, { "rd16", 263_681 }, { "rd64", 1_073_153 }, { "refined", 1_127_009 },
        { "d128", 2_238_465 }, { "layer 3", 412_417 },
    };

    [Theory]
    [MemberData(nameof(Counts))]
    public void Decoder_has_as_many_weights_as_the_paper_s(string name, int expected)
    {
        // training-and-evaluation.md §1.7, §1.9 and §5.3, on CLIP ViT-B/16.
        ClipSegConfig rd64 = ClipSegConfig.Rd64, config = name switch
        {
            "clip-deconv" => rd64 with { DecoderType = DecoderType.ClipDeconv, ExtractLayers = [9] },
            "rd16" => rd64 with { ReduceWidth = 16 },
            "refined" => rd64 with { RefinedHead = true },
            "d128" => rd64 with { ReduceWidth = 128 },
            "layer 3" => rd64 with { ExtractLayers = [3] },
            _ => rd64,
        };
        ClipSegModel model = new(
            new Weights(new Dictionary<string, StoredTensor>(), Part.Decoder, fresh: Part.All), config);
        Assert.Equal(expected, model.Weights.Trainable.Sum(p => Tensor.Count(p.Shape)));
    }

    [Fact]
    public void Baseline_equals_its_definition()
    {
        (DeconvDecoder decoder, Dictionary<string, Tensor> w) = Toy();
        Tensor activations = FormulaWeights.Input("activations", 1, 2, 5, 5), c = FormulaWeights.Input("c", 1, 2, 3);
        Tensor logits = decoder.Forward([activations], c, 2, 2);

        float[] expected = new float[2 * 4 * 4];
        for (int b = 0; b < 2; b++)
        {
            for (int token = 0; token < 4; token++)
            {
                float[] x = activations.Data.Slice((b * 5 + 1 + token) * 5, 5).ToArray();
                float[] condition = c.Data.Slice(b * 3, 3).ToArray();
                float[] mul = Linear("film_mul", condition), add = Linear("film_add", condition);
                float[] a = [.. Linear("reduce", x).Select((v, r) => mul[r] * v + add[r])];
                a = Linear("reduce2.2", [.. Linear("reduce2.0", a).Select(v => MathF.Max(v, 0))]);
                Tensor kernel = w["transposed_convolution.weight"];             // [R, 1, 2, 2]
                for (int p = 0; p < 4; p++)
                {
                    float logit = w["transposed_convolution.bias"].Data[0];
                    for (int r = 0; r < 4; r++) logit += a[r] * kernel.Data[r * 4 + p];
                    (int row, int column) = (token / 2 * 2 + p / 2, token % 2 * 2 + p % 2);
                    expected[(b * 4 + row) * 4 + column] = logit;
                }
            }
        }
        Assert.Equal([2, 4, 4], logits.Shape);
        Close.All(expected, logits.Data, 1e-5f);

        float[] Linear(string name, float[] x)
        {
            (Tensor weight, Tensor bias) = (w[$"{name}.weight"], w[$"{name}.bias"]);
            return [.. Enumerable.Range(0, bias.Length).Select(
                o => bias.Data[o] + x.Select((v, i) => v * weight.Data[o * x.Length + i]).Sum())];
        }
    }

    [Fact]
    public void Baseline_answers_many_conditionals_about_one_picture()
    {
        (DeconvDecoder decoder, _) = Toy();
        Tensor activations = FormulaWeights.Input("activations", 1, 1, 5, 5), c = FormulaWeights.Input("c", 1, 2, 3);
        Tensor both = decoder.Forward([activations], c, 2, 2);
        Close.All(decoder.Forward([activations], c.TakeRows(1, 1), 2, 2).Data, both.Data[16..], 1e-6f);
        Assert.Throws<ArgumentException>(() => decoder.Forward([activations, activations], c, 2, 2));
    }

    [Fact]
    public void Gradients_of_the_baseline_equal_finite_differences()
    {
        Weights weights = new(new Dictionary<string, StoredTensor>(), trainable: Part.All, fresh: Part.All, seed: 5);
        DeconvDecoder decoder = new(weights, _toy);
        Tensor activations = FormulaWeights.Input("activations", 2, 2, 5, 5), c = FormulaWeights.Input("c", 2, 2, 3);
        float[] masks = [.. Enumerable.Range(0, 32).Select(i => (float)(i / 3 % 2))];
        using (new TensorScope())
        {
            using Tape tape = new();
            tape.Backward(decoder.Forward([activations], c, 2, 2).BinaryCrossEntropy(masks));
        }
        foreach (Parameter p in weights.Trainable)
        {
            // Along its own gradient a function rises by the gradient's square.
            float[] gradient = p.Value.Grad!.Data.ToArray(), start = p.Value.Data.ToArray();
            double square = gradient.Sum(g => (double)g * g), step = 0.01 / Math.Sqrt(square);
            double rise = (LossAt(step) - LossAt(-step)) / (2 * step);
            Assert.True(square > 0, p.Name);
            Assert.InRange(rise / square, 0.98, 1.02);
            LossAt(0);

            double LossAt(double distance)
            {
                for (int i = 0; i < start.Length; i++) p.Value.Data[i] = (float)(start[i] + distance * gradient[i]);
                p.Changed();
                using TensorScope scope = new();
                return decoder.Forward([activations], c, 2, 2).BinaryCrossEntropy(masks).Scalar;
            }
        }
    }

    [Fact]
    public void A_baseline_in_the_authors_layout_is_opened()
    {
        using TemporaryFolder folder = new();
        (string config, string official) = (folder.At("model"), folder.At("baseline.pth"));
        using (Checkpoint mini = Checkpoint.Open(Fixtures.At("model", "mini")))
        {
            ClipSegConfig baseline = mini.Config with
            {
                DecoderType = DecoderType.ClipDeconv,
                Reduce2Width = 24,
                ExtractLayers = [3],
            };
            ClipSegModel model = new(new Weights(mini.Tensors, fresh: Part.Decoder, seed: 3), baseline);
            ModelFiles.Write(config, model.Weights.Parameters.Select(p => StoredTensor.Of(p)), model.Config,
                new Preprocessing(), BpeVocabulary.Load(Fixtures.At("model", "mini")));
        }
        OfficialLayout.Write(official, config);

        CheckpointOptions options = new() { ExtractLayers = [3], VisionHeads = 4, TextHeads = 4 };
        using Checkpoint expected = Checkpoint.Open(config), actual = Checkpoint.Open(official, options);
        ClipSegConfig read = actual.Config;
        Assert.Equal((DecoderType.ClipDeconv, 24, 16), (read.DecoderType, read.Reduce2Width, read.ReduceWidth));
        Assert.Equal(read.DecoderType, expected.Config.DecoderType);
        Assert.Equal(expected.Tensors.Keys.Order(), actual.Tensors.Keys.Order());
        Assert.Contains("decoder.reduce.weight", actual.Tensors.Keys);
        Assert.All(expected.Tensors, t => Assert.Equal(t.Value.ToTensor().Data, actual.Tensors[t.Key].ToTensor().Data));
        _ = new ClipSegModel(new Weights(actual.Tensors), read);        // strict both ways

        CheckpointException e = Assert.Throws<CheckpointException>(
            () => Checkpoint.Open(official, options with { ExtractLayers = [1, 2] }));
        Assert.Contains("a decoder that reads 1 blocks, but 2 extract layers", e.Message);
    }

    [Theory]
    [InlineData("deconv", "'decoder_type' is deconv, expected clipseg or clip-deconv")]
    [InlineData("clip-deconv", "'extract_layers' is [3, 6, 9], expected one block, for CLIP-Deconv")]
    public void A_config_that_cannot_be_is_refused(string type, string expected)
    {
        using JsonDocument json = JsonDocument.Parse($$"""{"decoder_type":"{{type}}"}""");
        CheckpointException e = Assert.Throws<CheckpointException>(() => ClipSegConfig.Parse(json.RootElement));
        Assert.Contains(expected, e.Message);
    }

    private static (DeconvDecoder Decoder, Dictionary<string, Tensor> Weights) Toy()
    {
        Weights weights = new(new Dictionary<string, StoredTensor>(), fresh: Part.All, seed: 5);
        DeconvDecoder decoder = new(weights, _toy);
        return (decoder, weights.Parameters.ToDictionary(p => p.Name, p => p.Value));
    }
}
