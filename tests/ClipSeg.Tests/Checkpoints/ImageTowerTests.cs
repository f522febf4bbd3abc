using ClipSeg.Checkpoints;
using ClipSeg.Formats;
using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Peers;
using ClipSeg.Tests.Numerics;

namespace ClipSeg.Tests.Checkpoints;

/// <summary>A vision transformer of ImageNet's kind in CLIP's place.</summary>
public sealed class ImageTowerTests : IDisposable
{
    private const int Width = 6, Inner = 8, Patch = 2, Grid = 2;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Tower_computes_what_its_definition_says()
    {
        string file = _folder.At("timm.safetensors");
        WriteTimm(file, layers: 2, Width, Patch, Grid, Inner);
        using TensorFile stored = TensorFile.Open(file);
        Dictionary<string, float[]> w = stored.Tensors.ToDictionary(t => t.Key, t => t.Value.ToTensor().Data.ToArray());
        using ImageTower tower = ImageTower.Open(file);
        ClipSegModel model = Model(tower);
        Tensor pixels = FormulaWeights.Input("pixels", 2, 1, 3, 4, 4);
        Tensor[] actual = model.Vision.Activations(pixels);

        // One token after the other, in doubles: the class token, then the patches row by row.
        List<double[]> x = [Sum(w["cls_token"].AsSpan(), w["pos_embed"].AsSpan(0, Width))];
        for (int p = 0; p < Grid * Grid; p++)
        {
            double[] token = new double[Width];
            for (int c = 0; c < Width; c++)
            {
                token[c] = w["patch_embed.proj.bias"][c] + w["pos_embed"][(1 + p) * Width + c];
                for (int k = 0; k < 3 * Patch * Patch; k++)
                {
                    (int channel, int row, int column) = (k / 4, p / 2 * 2 + k / 2 % 2, p % 2 * 2 + k % 2);
                    token[c] += w["patch_embed.proj.weight"][c * 12 + k] * pixels.Data[channel * 16 + row * 4 + column];
                }
            }
            x.Add(token);
        }
        for (int layer = 0; layer < 2; layer++)
        {
            string key = $"blocks.{layer}.";
            double[][] qkv = [.. x.Select(t => Linear(Norm(t, key + "norm1"), key + "attn.qkv"))];
            for (int t = 0; t < x.Count; t++)
            {
                double[] scores = [.. qkv.Select(other => Math.Exp(Enumerable.Range(0, Width)
                    .Sum(c => qkv[t][c] * other[Width + c]) / Math.Sqrt(Width)))];
                double[] seen = [.. Enumerable.Range(0, Width).Select(c => qkv
                    .Select((other, j) => scores[j] * other[2 * Width + c]).Sum() / scores.Sum())];
                x[t] = [.. x[t].Zip(Linear(seen, key + "attn.proj"), (a, b) => a + b)];
            }
            for (int t = 0; t < x.Count; t++)
            {
                double[] inner = [.. Linear(Norm(x[t], key + "norm2"), key + "mlp.fc1")
                    .Select(v => v * KernelTests.Normal(v))];
                x[t] = [.. x[t].Zip(Linear(inner, key + "mlp.fc2"), (a, b) => a + b)];
            }
            Close.All([.. x.SelectMany(t => t).Select(v => (float)v)], actual[layer].Data, 2e-5f);
        }

        double[] Linear(double[] v, string name) => [.. w[name + ".bias"].Select((bias, o)
            => bias + v.Select((value, i) => value * w[name + ".weight"][o * v.Length + i]).Sum())];

        double[] Norm(double[] v, string name)
        {
            double mean = v.Average(), variance = v.Average(value => (value - mean) * (value - mean));
            return [.. v.Select((value, i) => (value - mean) / Math.Sqrt(variance + 1e-6) * w[name + ".weight"][i]
                + w[name + ".bias"][i])];
        }

        static double[] Sum(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
        {
            double[] sum = new double[a.Length];
            for (int i = 0; i < sum.Length; i++) sum[i] = (double)a[i] + b[i];
            return sum;
        }
    }

    [Fact]
    public void Hugging_Face_s_names_are_the_same_tower()
    {
        (string timm, string face) = (_folder.At("timm.safetensors"), _folder.At("face"));
        WriteTimm(timm, layers: 2, Width, Patch, Grid, Inner);
        Directory.CreateDirectory(face);
        using TensorFile stored = TensorFile.Open(timm);
        Write(Path.Combine(face, "model.safetensors"), stored.Tensors.Values.SelectMany(t =>
        {
            if (!t.Name.Contains("attn.qkv.")) return (IEnumerable<StoredTensor>)[t.Renamed(FaceName(t.Name))];
            int at = t.Name.IndexOf("attn.qkv.");
            return ((string[])["query", "key", "value"]).Select((word, i) => t.Rows(
                FaceName(t.Name[..at]) + $"attention.attention.{word}.{t.Name[(at + 9)..]}", i * Width, Width));
        }).Append(FormulaWeights.Stored("classifier.weight", [3, Width])));
        using ImageTower one = ImageTower.Open(timm), other = ImageTower.Open(face);
        ClipSegConfig clip = Fixture();
        Assert.Equal(1e-6f, one.In(clip).Vision.LayerNormEps);
        Assert.Equal(one.In(clip).Vision with { LayerNormEps = 1e-12f }, other.In(clip).Vision);
        Assert.Equal((Patch, Grid * Patch), (one.In(clip).PatchSize, one.In(clip).ImageSize));
        using Checkpoint mini = Checkpoint.Open(Fixtures.At("model", "mini"));
        IReadOnlyDictionary<string, StoredTensor> a = one.In(mini.Tensors, one.In(clip), 1),
            b = other.In(mini.Tensors, other.In(clip), 1);
        Assert.Equal(a.Keys.Order(), b.Keys.Order());
        Assert.All(a, t => Assert.Equal(t.Value.ToTensor().Data, b[t.Key].ToTensor().Data));
    }

    [Fact]
    public void A_network_on_it_is_written_and_opened_again()
    {
        string file = _folder.At("timm.safetensors"), model = _folder.At("model");
        WriteTimm(file, layers: 2, Width, Patch, Grid, Inner);
        using ImageTower tower = ImageTower.Open(file);
        ClipSegModel network = Model(tower);
        using Checkpoint mini = Checkpoint.Open(Fixtures.At("model", "mini"));
        ModelFiles.Write(model, network.Weights.Parameters.Select(p => StoredTensor.Of(p)), network.Config,
            new(), ModelFiles.ReadVocabulary(mini, new()));

        using Checkpoint again = Checkpoint.Open(model);
        Assert.Equal(network.Config.Vision, again.Config.Vision);
        ClipSegModel opened = new(new Weights(again.Tensors), again.Config);
        Tensor pixels = FormulaWeights.Input("pixels", 2, 1, 3, 8, 6);
        Tensor[] expected = network.Vision.Activations(pixels), actual = opened.Vision.Activations(pixels);
        Assert.Equal([1, 13, Width], actual[0].Shape);
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i].Data, actual[i].Data);
    }

    [Fact]
    public void Other_files_are_refused()
    {
        string other = Fixtures.At("model", "mini");
        CheckpointException e = Assert.Throws<CheckpointException>(() => ImageTower.Open(other));
        Assert.Contains("is no vision transformer", e.Message);
        Assert.Throws<CheckpointException>(() => ImageTower.Open(_folder.At("missing.safetensors")));
        string odd = _folder.At("odd.safetensors");
        WriteTimm(odd, layers: 1, Width, Patch, grid: 2, positions: 4);
        using ImageTower tower = ImageTower.Open(odd);
        Assert.Contains("4 positions", Assert.Throws<CheckpointException>(() => tower.In(Fixture())).Message);
    }

    /// <summary>A tower with made-up weights, as timm saves it.</summary>
    internal static void WriteTimm(
        string path, int layers, int width, int patch, int grid, int inner = 32, int? positions = null)
    {
        List<(string Name, int[] Shape)> tensors =
        [
            ("cls_token", [1, 1, width]), ("pos_embed", [1, positions ?? grid * grid + 1, width]),
            ("patch_embed.proj.weight", [width, 3, patch, patch]), ("patch_embed.proj.bias", [width]),
            ("norm.weight", [width]), ("norm.bias", [width]), ("head.weight", [5, width]), ("head.bias", [5]),
        ];
        for (int i = 0; i < layers; i++)
        {
            foreach ((string name, int outputs, int inputs) in ((string, int, int)[])[("attn.qkv", 3 * width, width),
                ("attn.proj", width, width), ("mlp.fc1", inner, width), ("mlp.fc2", width, inner)])
            {
                tensors.Add(($"blocks.{i}.{name}.weight", [outputs, inputs]));
                tensors.Add(($"blocks.{i}.{name}.bias", [outputs]));
            }
            foreach (string norm in (string[])["norm1", "norm2"])
            {
                tensors.Add(($"blocks.{i}.{norm}.weight", [width]));
                tensors.Add(($"blocks.{i}.{norm}.bias", [width]));
            }
        }
        Write(path, tensors.Select(t => FormulaWeights.Stored(t.Name, t.Shape)));
    }

    private static void Write(string path, IEnumerable<StoredTensor> tensors)
        => SafeTensorsWriter.Write(path, [.. tensors], new Dictionary<string, string>());

    private static string FaceName(string timm) => "vit." + timm
        .Replace("cls_token", "embeddings.cls_token").Replace("pos_embed", "embeddings.position_embeddings")
        .Replace("patch_embed.proj", "embeddings.patch_embeddings.projection").Replace("blocks.", "encoder.layer.")
        .Replace("attn.proj", "attention.output.dense").Replace("norm1", "layernorm_before")
        .Replace("norm2", "layernorm_after").Replace("mlp.fc1", "intermediate.dense")
        .Replace("mlp.fc2", "output.dense").Replace("norm.", timm.StartsWith("norm.") ? "layernorm." : "norm.");

    private static ClipSegConfig Fixture()
    {
        using Checkpoint mini = Checkpoint.Open(Fixtures.At("model", "mini"));
        return mini.Config with { ExtractLayers = [0, 1] };
    }

    /// <summary>On the toy's text tower, with a new decoder.</summary>
    private static ClipSegModel Model(ImageTower tower)
    {
        using Checkpoint mini = Checkpoint.Open(Fixtures.At("model", "mini"));
        ClipSegConfig config = tower.In(Fixture());
        Dictionary<string, StoredTensor> clip = mini.Tensors.ToDictionary(
            t => t.Key, t => StoredTensor.Of(t.Key, t.Value.ToTensor()));
        return new(new Weights(tower.In(clip, config, seed: 1), fresh: Part.Decoder, seed: 1), config);
    }
}
