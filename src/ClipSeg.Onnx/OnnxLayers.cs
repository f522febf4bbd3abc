using ClipSeg.Model;

namespace ClipSeg.Onnx;

/// <summary>The blocks that CLIP's towers and the decoder are made of, as nodes of a graph.</summary>
/// <param name="type">How the weights of these blocks are stored.</param>
internal sealed class OnnxLayers(OnnxGraph graph, OnnxWeights weights, OnnxType type)
{
    public string Weight(string key) => weights.Get(key, type);

    public string Rows(string ids, string key) => weights.Rows(ids, key, type);

    /// <summary>[..., inputs] → [..., outputs].</summary>
    public string Linear(string x, string key, bool bias = true)
    {
        string y = weights.Multiply(x, $"{key}.weight", type);
        return bias ? Add(y, Weight($"{key}.bias")) : y;
    }

    public string LayerNorm(string x, string key, float eps)
        => graph.Node("LayerNormalization", [x, Weight($"{key}.weight"), Weight($"{key}.bias")],
            OnnxAttribute.Int("axis", -1), OnnxAttribute.Float("epsilon", eps));

    /// <summary>[B, T, C] → [B, T, C].</summary>
    /// <param name="mask">Is added to the scores [B, heads, T, T].</param>
    /// <param name="factor">Multiplies them before.</param>
    public string Attention(
        string x, string key, int width, int heads, string? mask = null, string? factor = null)
    {
        int head = width / heads;
        string split = graph.Integers(0, 0, heads, head);
        string q = graph.Node("Mul", [Linear(x, $"{key}.q_proj"), graph.Number(1 / MathF.Sqrt(head))]);
        q = Transpose(Reshape(q, split), 0, 2, 1, 3);                                           // [B, N, T, D]
        string k = Transpose(Reshape(Linear(x, $"{key}.k_proj"), split), 0, 2, 3, 1);           // [B, N, D, T]
        string v = Transpose(Reshape(Linear(x, $"{key}.v_proj"), split), 0, 2, 1, 3);           // [B, N, T, D]
        string scores = graph.Node("MatMul", [q, k]);                                           // [B, N, T, T]
        if (factor is not null) scores = graph.Node("Mul", [scores, factor]);
        if (mask is not null) scores = Add(scores, mask);
        string seen = graph.Node("MatMul", [graph.Node("Softmax", [scores], OnnxAttribute.Int("axis", -1)), v]);
        string joined = Reshape(Transpose(seen, 0, 2, 1, 3), graph.Integers(0, 0, width));      // [B, T, C]
        return Linear(joined, $"{key}.out_proj");
    }

    /// <summary>A block of CLIP: <see cref="EncoderLayer"/>.</summary>
    public string EncoderLayer(string x, string key, EncoderConfig c, string? mask = null, string? factor = null)
    {
        string normal = LayerNorm(x, $"{key}.layer_norm1", c.LayerNormEps);
        x = Add(x, Attention(normal, $"{key}.self_attn", c.Width, c.Heads, mask, factor));
        string inner = Linear(LayerNorm(x, $"{key}.layer_norm2", c.LayerNormEps), $"{key}.mlp.fc1");
        string gate = c.ImageOnly ? Normal(inner)
            : graph.Node("Sigmoid", [graph.Node("Mul", [inner, graph.Number(1.702f)])]);
        return Add(x, Linear(graph.Node("Mul", [inner, gate]), $"{key}.mlp.fc2"));
    }

    /// <summary>Φ(x), the share of a normal distribution below x.</summary>
    private string Normal(string x)
    {
        string error = graph.Node("Erf", [graph.Node("Mul", [x, graph.Number(MathF.Sqrt(0.5f))])]);
        return graph.Node("Mul", [Add(error, graph.Number(1)), graph.Number(0.5f)]);
    }

    /// <summary>A block of the decoder: <see cref="Model.DecoderLayer"/>.</summary>
    public string DecoderLayer(string a, string key, ClipSegConfig c)
    {
        const float Eps = 1e-5f;
        string seen = Attention(a, $"{key}.self_attn", c.ReduceWidth, c.DecoderHeads);
        a = LayerNorm(Add(a, seen), $"{key}.layer_norm1", Eps);
        string inner = graph.Node("Relu", [Linear(a, $"{key}.mlp.fc1")]);
        return LayerNorm(Add(a, Linear(inner, $"{key}.mlp.fc2")), $"{key}.layer_norm2", Eps);
    }

    public string Add(string a, string b) => graph.Node("Add", [a, b]);

    /// <summary>In <paramref name="shape"/>, 0 is "as it was" and -1 "the rest".</summary>
    public string Reshape(string x, string shape) => graph.Node("Reshape", [x, shape]);

    public string Transpose(string x, params ReadOnlySpan<long> axes)
        => graph.Node("Transpose", [x], OnnxAttribute.Ints("perm", axes));

    /// <summary>Elements start.. (..end, an int64 [1]) of an axis.</summary>
    public string Slice(string x, long start, string end, long axis)
        => graph.Node("Slice", [x, graph.Integers(start), end, graph.Integers(axis)]);

    /// <summary>The sizes of some axes, start..end-1, as int64 [end - start].</summary>
    public string Sizes(string x, int start, int end)
        => graph.Node("Shape", [x], OnnxAttribute.Int("start", start), OnnxAttribute.Int("end", end));

    public string Concat(int axis, params ReadOnlySpan<string> parts)
        => graph.Node("Concat", parts, OnnxAttribute.Int("axis", axis));
}
