using System.Globalization;
using ClipSeg.Formats;
using ClipSeg.Model;
using ClipSeg.Numerics;

namespace ClipSeg.Onnx;

/// <summary>A CLIPSeg network as ONNX: whole, as others export it, or as four graphs that can be reused.</summary>
/// <remarks>Spec: formats.md §13. The maths is that of Model; batch, size and length are free.</remarks>
internal sealed class OnnxModel
{
    /// <summary>A score that softmax makes 0, and of which two can be added.</summary>
    public const float Unseen = -1e9f;

    private const string VisionTower = "clip.vision_model";

    private readonly ClipSegConfig _config;
    private readonly OnnxGraph _graph;
    private readonly OnnxLayers _towers, _decoder;

    private OnnxModel(ClipSegModel model, OnnxType type, string name)
    {
        _config = model.Config;
        _graph = new(name);
        OnnxWeights weights = new(_graph, model.Weights.Parameters.ToDictionary(p => p.Name, StoredTensor.Of));
        _towers = new(_graph, weights, type);
        // The decoder is a hundredth of the weights, and every error in it is one of the mask.
        _decoder = new(_graph, weights, type == OnnxType.Int8 ? OnnxType.Float32 : type);
    }

    /// <summary>pixel_values, input_ids, attention_mask → logits.</summary>
    public static OnnxGraph Whole(ClipSegModel model, OnnxType type)
    {
        OnnxModel m = new(model, type, "clipseg");
        string ids = m._graph.Input("input_ids", OnnxElement.Int64, "text_batch", "sequence");
        string pixels = m.Pixels();
        string mask = m._graph.Input("attention_mask", OnnxElement.Int64, "text_batch", "sequence");
        (string[] activations, string grid) = m.Activations(pixels);
        m.Logits(m.Decoder(activations, m.Text(ids, mask), grid));
        return m._graph;
    }

    /// <summary>pixel_values → activation_0, activation_1, ..., grid.</summary>
    public static OnnxGraph Vision(ClipSegModel model, OnnxType type)
    {
        OnnxModel m = new(model, type, "clipseg-vision");
        (string[] activations, string grid) = m.Activations(m.Pixels());
        for (int i = 0; i < activations.Length; i++)
            m._graph.Output(Activation(i), activations[i], OnnxElement.Float32, m.ActivationShape);
        m._graph.Output("grid", grid, OnnxElement.Int64, "2");
        return m._graph;
    }

    /// <summary>
    /// pixel_values → conditional. Scores of attention are multiplied with attention_factor, and attention_bias is
    /// added to them, both [B, 1, T, T], in the blocks where limited_blocks, [blocks], is 1. All three may be left
    /// away.
    /// </summary>
    public static OnnxGraph Picture(ClipSegModel model, OnnxType type)
    {
        OnnxModel m = new(model, type, "clipseg-picture");
        int blocks = m._config.Vision.Layers;
        string pixels = m.Pixels();
        string[] pairs = ["image_batch", "1", "rows", "columns"];
        Limits limits = new(m._graph.Optional("attention_factor", 1, [1, 1, 1, 1], pairs),
            m._graph.Optional("attention_bias", 0, [1, 1, 1, 1], pairs),
            m._graph.Optional("limited_blocks", 1, [blocks], [Size(blocks)]));
        (string x, _) = m.Embedded(pixels);
        for (int i = 0; i < blocks; i++) x = m.VisionBlock(x, i, limits);                       // [B, T, C]
        m._graph.Output("conditional", m.Projected(x), OnnxElement.Float32, "image_batch",
            Size(m._config.EmbeddingWidth));
        return m._graph;
    }

    /// <summary>input_ids → conditional.</summary>
    public static OnnxGraph Text(ClipSegModel model, OnnxType type)
    {
        OnnxModel m = new(model, type, "clipseg-text");
        string ids = m._graph.Input("input_ids", OnnxElement.Int64, "text_batch", "sequence");
        m._graph.Output("conditional", m.Text(ids, null), OnnxElement.Float32, "text_batch",
            Size(m._config.EmbeddingWidth));
        return m._graph;
    }

    /// <summary>activation_0, activation_1, ..., grid, conditional → logits.</summary>
    public static OnnxGraph Decoder(ClipSegModel model, OnnxType type)
    {
        OnnxModel m = new(model, type, "clipseg-decoder");
        string[] activations = [.. m._config.ExtractLayers
            .Select((_, i) => m._graph.Input(Activation(i), OnnxElement.Float32, m.ActivationShape))];
        string grid = m._graph.Input("grid", OnnxElement.Int64, "2");
        string conditional =
            m._graph.Input("conditional", OnnxElement.Float32, "text_batch", Size(m._config.EmbeddingWidth));
        m.Logits(m.Decoder(activations, conditional, grid));
        return m._graph;
    }

    private string[] ActivationShape => ["image_batch", "tokens", Size(_config.Vision.Width)];

    private string Pixels()
        => _graph.Input("pixel_values", OnnxElement.Float32, "image_batch", "3", "height", "width");

    private void Logits(string logits)
        => _graph.Output("logits", logits, OnnxElement.Float32, "batch", "logits_height", "logits_width");

    /// <summary>[B, 3, H, W] → [B, T, C] of each extracted layer, shallow first; and int64 [2]: GH, GW.</summary>
    private (string[] Activations, string Grid) Activations(string pixels)
    {
        (string x, string grid) = Embedded(pixels);
        string[] activations = new string[_config.ExtractLayers.Count];
        for (int i = 0; i <= _config.ExtractLayers.Max(); i++)
        {
            x = VisionBlock(x, i);                                                              // [B, T, C]
            for (int s = 0; s < activations.Length; s++)
            {
                if (_config.ExtractLayers[s] == i) activations[s] = x;
            }
        }
        return (activations, grid);
    }

    /// <summary>[B, 3, H, W] → the tokens [B, T, C] that the first block reads; and int64 [2]: GH, GW.</summary>
    private (string Tokens, string Grid) Embedded(string pixels)
    {
        const string Embeddings = $"{VisionTower}.embeddings";
        (int width, int patch) = (_config.Vision.Width, _config.PatchSize);
        string[] convolved = [pixels, _towers.Weight($"{Embeddings}.patch_embedding.weight")];
        if (_config.Vision.ImageOnly) convolved = [.. convolved, _towers.Weight($"{Embeddings}.patch_embedding.bias")];
        string patches = _graph.Node("Conv", convolved,
            OnnxAttribute.Ints("kernel_shape", patch, patch), OnnxAttribute.Ints("strides", patch, patch));
        string grid = _towers.Sizes(patches, 2, 4);                                             // [B, C, GH, GW]
        string x = _towers.Transpose(_towers.Reshape(patches, _graph.Integers(0, 0, -1)), 0, 2, 1);
        string shape = _towers.Concat(0, _towers.Sizes(patches, 0, 1), _graph.Integers(1, width));
        string first = _graph.Node("Expand", [_towers.Weight($"{Embeddings}.class_embedding"), shape]);
        x = _towers.Add(_towers.Concat(1, first, x), Positions(grid));                          // [B, T, C]
        return (_config.Vision.ImageOnly ? x
            : _towers.LayerNorm(x, $"{VisionTower}.pre_layrnorm", _config.Vision.LayerNormEps), grid);    // sic
    }

    private string VisionBlock(string x, int i, Limits? limits = null)
    {
        (string? factor, string? bias) = (null, null);
        if (limits is not null)
        {
            string here = _towers.Slice(limits.Blocks, i, _graph.Integers(i + 1), 0);           // 0 or 1
            string change = _graph.Node("Sub", [limits.Factor, _graph.Number(1)]);
            factor = _towers.Add(_graph.Node("Mul", [change, here]), _graph.Number(1));
            bias = _graph.Node("Mul", [limits.Bias, here]);
        }
        return _towers.EncoderLayer(x, $"{VisionTower}.encoder.layers.{i}", _config.Vision, bias, factor);
    }

    /// <summary>[B, T, C] → [B, E], from the class token.</summary>
    private string Projected(string x)
    {
        string first = _graph.Node("Gather", [x, _graph.Integer(0)], OnnxAttribute.Int("axis", 1));     // [B, C]
        string y = _towers.LayerNorm(first, $"{VisionTower}.post_layernorm", _config.Vision.LayerNormEps);
        return _towers.Linear(y, "clip.visual_projection", bias: false);
    }

    /// <summary>The position table [T, C] stretched to a grid as PyTorch's bicubic interpolation does it.</summary>
    private string Positions(string grid)
    {
        (int side, int width) = (_config.Grid, _config.Vision.Width);
        string table = _towers.Weight($"{VisionTower}.embeddings.position_embedding.weight");
        string rest = _towers.Slice(table, 1, _graph.Integers(1 + side * side), 0);
        string square = _towers.Reshape(_towers.Transpose(rest, 1, 0), _graph.Integers(1, width, side, side));
        string sizes = _towers.Concat(0, _graph.Integers(1, width), grid);
        string stretched = _graph.Node("Resize", [square, "", "", sizes], OnnxAttribute.Text("mode", "cubic"),
            OnnxAttribute.Float("cubic_coeff_a", -0.75f), OnnxAttribute.Int("exclude_outside", 0),
            OnnxAttribute.Text("coordinate_transformation_mode", "half_pixel"));
        string rows = _towers.Transpose(_towers.Reshape(stretched, _graph.Integers(width, -1)), 1, 0);
        return _towers.Concat(0, _towers.Slice(table, 0, _graph.Integers(1), 0), rows);
    }

    /// <summary>ids [P, T] → [P, E]; <paramref name="attention"/> [P, T] is 1 where there is a token, or 0.</summary>
    private string Text(string ids, string? attention)
    {
        const string Tower = "clip.text_model";
        string length = _towers.Sizes(ids, 1, 2);
        string positions =
            _towers.Slice(_towers.Weight($"{Tower}.embeddings.position_embedding.weight"), 0, length, 0);
        string x = _towers.Add(_towers.Rows(ids, $"{Tower}.embeddings.token_embedding.weight"), positions);
        string mask = Causal(length);
        if (attention is not null)
        {
            string hidden = _graph.Node("Sub", [_graph.Integer(1), attention]);
            hidden = _graph.Node("Cast", [hidden], OnnxAttribute.Int("to", (int)OnnxElement.Float32));
            hidden = _graph.Node("Unsqueeze", [hidden, _graph.Integers(1, 2)]);                 // [P, 1, 1, T]
            mask = _towers.Add(mask, _graph.Node("Mul", [hidden, _graph.Number(Unseen)]));      // [P, 1, T, T]
        }
        for (int i = 0; i < _config.Text.Layers; i++)
            x = _towers.EncoderLayer(x, $"{Tower}.encoder.layers.{i}", _config.Text, mask);     // [P, T, C]

        // The first end token; in old configs, the first of the largest ids (formats.md §0, trap 4).
        string score = _config.EndToken == TextTower.LegacyEndToken
            ? ids
            : _graph.Node("Equal", [ids, _graph.Integer(_config.EndToken)]);
        score = _graph.Node("Cast", [score], OnnxAttribute.Int("to", (int)OnnxElement.Int32));
        string end = _graph.Node("ArgMax", [score], OnnxAttribute.Int("axis", 1), OnnxAttribute.Int("keepdims", 1));
        x = _graph.Node("GatherND", [x, end], OnnxAttribute.Int("batch_dims", 1));              // [P, C]
        x = _towers.LayerNorm(x, $"{Tower}.final_layer_norm", _config.Text.LayerNormEps);
        return _towers.Linear(x, "clip.text_projection", bias: false);                          // [P, E]
    }

    /// <summary>What keeps a token from seeing those behind it: [T, T] of a stored table.</summary>
    private string Causal(string length)
    {
        int most = _config.MaxTokens;
        Tensor table = Tensor.Empty(most, most);
        for (int i = 0; i < most; i++)
        {
            for (int j = 0; j < most; j++) table.Data[i * most + j] = j > i ? Unseen : 0;
        }
        StoredTensor stored = StoredTensor.Of("causal_mask", table);
        string whole = _graph.Initialize(stored.Name, OnnxElement.Float32, table.Shape,
            (long)table.Length * sizeof(float),
            stream => SafeTensorsWriter.WriteElements(stream, stored, StoredType.Float32));
        return _towers.Slice(_towers.Slice(whole, 0, length, 0), 0, length, 1);
    }

    /// <summary>Activations [B, T, C] and a conditional [P, E] → logits; B is P, or one of them is 1.</summary>
    private string Decoder(string[] activations, string conditional, string grid)
    {
        const string Scope = "decoder";
        string unsqueezed = _graph.Node("Unsqueeze", [conditional, _graph.Integers(1)]);        // [P, 1, E]
        string mul = _decoder.Linear(unsqueezed, $"{Scope}.film_mul");                          // [P, 1, R]
        string add = _decoder.Linear(unsqueezed, $"{Scope}.film_add");
        string a;
        if (_config.DecoderType == DecoderType.ClipDeconv)
        {
            a = Film(_decoder.Linear(activations[0], $"{Scope}.reduce"));
            a = _graph.Node("Relu", [_decoder.Linear(a, $"{Scope}.reduce2.0")]);
            a = _decoder.Linear(a, $"{Scope}.reduce2.2");
        }
        else
        {
            a = "";
            for (int i = 0; i < activations.Length; i++)
            {
                string reduced = _decoder.Linear(activations[^(i + 1)], $"{Scope}.reduces.{i}");
                a = i == 0 ? reduced : _decoder.Add(a, reduced);                                // [B or P, T, R]
                if (i == _config.ConditionalLayer) a = Film(a);
                a = _decoder.DecoderLayer(a, $"{Scope}.layers.{i}", _config);
            }
        }
        string tokens = _decoder.Transpose(_decoder.Slice(a, 1, _graph.Integers(long.MaxValue), 1), 0, 2, 1);
        string shape = _decoder.Concat(0, _graph.Integers(0, _config.ReduceWidth), grid);
        return Head(_decoder.Reshape(tokens, shape));                                           // [P, R, GH, GW]

        string Film(string x) => _decoder.Add(_graph.Node("Mul", [x, mul]), add);               // [P, T, R]
    }

    /// <summary>[P, R, GH, GW] → [P, H, W].</summary>
    private string Head(string x)
    {
        const string Scope = "decoder.transposed_convolution";
        int patch = _config.PatchSize;
        if (!_config.RefinedHead) x = Stretch(x, Scope, patch);
        else
        {
            x = _graph.Node("Conv", [x, _decoder.Weight($"{Scope}.0.weight"), _decoder.Weight($"{Scope}.0.bias")],
                OnnxAttribute.Ints("kernel_shape", 3, 3), OnnxAttribute.Ints("pads", 1, 1, 1, 1));
            x = Stretch(_graph.Node("Relu", [x]), $"{Scope}.2", patch / 4);
            x = Stretch(_graph.Node("Relu", [x]), $"{Scope}.4", patch / 4);
        }
        return _graph.Node("Squeeze", [x, _graph.Integers(1)]);

        string Stretch(string y, string key, int kernel) => _graph.Node("ConvTranspose",
            [y, _decoder.Weight($"{key}.weight"), _decoder.Weight($"{key}.bias")],
            OnnxAttribute.Ints("kernel_shape", kernel, kernel), OnnxAttribute.Ints("strides", kernel, kernel));
    }

    /// <summary>The graph's inputs that limit attention.</summary>
    private sealed record Limits(string Factor, string Bias, string Blocks);

    /// <summary>What graphs call the activations of an extracted layer.</summary>
    public static string Activation(int index) => $"activation_{index}";

    private static string Size(int size) => size.ToString(CultureInfo.InvariantCulture);
}
