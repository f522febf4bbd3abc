using ClipSeg.Numerics;

namespace ClipSeg.Model;

/// <summary>
/// CLIPSeg's decoder: CLIP's activations in, deepest first, each projected to R and added to the tokens before a
/// transformer block; FiLM by the conditional; a transposed convolution at the end.
/// </summary>
/// <remarks>Lüddecke and Ecker 2022, §3. Checkpoint scope: <c>decoder</c>.</remarks>
internal sealed class Decoder : IDecoder
{
    private readonly ClipSegConfig _config;
    private readonly Linear _filmMul, _filmAdd;
    private readonly Linear[] _reduces;
    private readonly DecoderLayer[] _layers;
    private readonly Head _head;

    /// <param name="w">The scope <c>decoder</c>.</param>
    public Decoder(Weights w, ClipSegConfig c)
    {
        _config = c;
        _filmMul = new(w.Scope("film_mul"), Role.Projection, c.EmbeddingWidth, c.ReduceWidth);
        _filmAdd = new(w.Scope("film_add"), Role.Projection, c.EmbeddingWidth, c.ReduceWidth);
        _reduces = [.. c.ExtractLayers.Select((_, i)
            => new Linear(w.Scope($"reduces.{i}"), Role.Projection, c.Vision.Width, c.ReduceWidth))];
        _layers = [.. c.ExtractLayers.Select((_, i) => new DecoderLayer(w.Scope($"layers.{i}"), c))];
        _head = new(w, c);
    }

    public Tensor Forward(IReadOnlyList<Tensor> activations, Tensor conditionals, int height, int width)
    {
        if (activations.Count != _reduces.Length)
            throw new ArgumentException($"Got {activations.Count} activations, expected {_reduces.Length}.");

        using TensorScope scope = new();
        Tensor? a = null;
        for (int i = 0; i < _layers.Length; i++)
        {
            using TensorScope block = new();
            Product reduced = _reduces[i].Forward(activations[^(i + 1)]);                   // [B, T, R]
            a = a is null ? (Tensor)reduced : a + reduced;                                  // [B or P, T, R]
            if (i == _config.ConditionalLayer)
                a = a.Film(_filmMul.Forward(conditionals), _filmAdd.Forward(conditionals)); // [P, T, R]
            a = block.Keep(_layers[i].Forward(a));
        }
        Tensor grid = a!.DropFirst().Reshape(a[0], height, width, _config.ReduceWidth);     // [P, GH, GW, R]
        return scope.Keep(_head.Forward(grid));                                             // [P, H, W]
    }
}

/// <summary>
/// One post-norm transformer block: <c>a = ln1(a + attn(a)); a = ln2(a + mlp(a))</c>, ReLU in the MLP.
/// </summary>
/// <remarks>
/// PyTorch's stock encoder layer; the "quick_gelu" in config files is not what runs. Dropout sits where PyTorch has it:
/// on the attention weights, on the attention's output, after the ReLU and on the MLP's output.
/// </remarks>
internal sealed class DecoderLayer
{
    private const float Eps = 1e-5f;

    private readonly SelfAttention _selfAttn;
    private readonly LayerNorm _layerNorm1;
    private readonly Mlp _mlp;
    private readonly LayerNorm _layerNorm2;

    public DecoderLayer(Weights w, ClipSegConfig c)
    {
        int r = c.ReduceWidth;
        _selfAttn = new(w.Scope("self_attn"), r, c.DecoderHeads);
        _layerNorm1 = new(w.Scope("layer_norm1"), r, Eps);
        _mlp = new(w.Scope("mlp"), r, c.DecoderMlpWidth, Activation.Relu);
        _layerNorm2 = new(w.Scope("layer_norm2"), r, Eps);
    }

    /// <summary>[P, T, R] → [P, T, R].</summary>
    public Tensor Forward(Tensor a)
    {
        a = _layerNorm1.Forward(a + _selfAttn.Forward(a).Dropout());
        a = _layerNorm2.Forward(a + _mlp.Forward(a).Dropout());
        return a;
    }
}

/// <summary>From tokens to pixels. Checkpoint scope: <c>decoder.transposed_convolution</c>.</summary>
internal sealed class Head
{
    private readonly Convolution? _conv;            // the refined head's 0, which alone mixes neighbours
    private readonly Convolution[] _transposed;     // the plain head's only layer, or the refined head's 2 and 4

    public Head(Weights decoder, ClipSegConfig c)
    {
        Weights w = decoder.Scope("transposed_convolution");
        (int r, int patch) = (c.ReduceWidth, c.PatchSize);
        if (!c.RefinedHead)
        {
            _transposed = [new(w, r, 1, patch, transposed: true)];
            return;
        }
        _conv = new(w.Scope("0"), r, r, 3, transposed: false);
        _transposed =
        [
            new(w.Scope("2"), r, r / 2, patch / 4, transposed: true),
            new(w.Scope("4"), r / 2, 1, patch / 4, transposed: true),
        ];
    }

    /// <summary>
    /// [P, GH, GW, R] → [P, H, W]; H = GH * patch for the plain head, GH * (patch / 4)² for the refined one.
    /// </summary>
    public Tensor Forward(Tensor x)
    {
        if (_conv is not null) x = x.Conv3x3(_conv.Weight, _conv.Bias).Relu();              // [P, GH, GW, R]
        for (int i = 0; i < _transposed.Length; i++)
        {
            if (i > 0) x = x.Relu();
            x = x.ConvTranspose(_transposed[i].Weight, _transposed[i].Bias);                // [P, H', W', R / 2 or 1]
        }
        return x.Reshape(x[0], x[1], x[2]);                                                 // [P, H, W]
    }

    private sealed class Convolution
    {
        /// <param name="transposed">Whether PyTorch stores it as [in, out, k, k] rather than [out, in, k, k].</param>
        public Convolution(Weights w, int inputs, int outputs, int kernel, bool transposed)
        {
            // PyTorch takes the second axis for the inputs of either kind.
            (int first, int second) = transposed ? (inputs, outputs) : (outputs, inputs);
            int sum = second * kernel * kernel;
            Weight = w.Get("weight", Role.Pixels, sum, first, second, kernel, kernel);
            Bias = w.Get("bias", Role.Bias, sum, outputs);
        }

        public Parameter Weight { get; }

        public Parameter Bias { get; }
    }
}
