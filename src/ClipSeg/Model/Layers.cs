using ClipSeg.Numerics;

namespace ClipSeg.Model;

/// <summary>
/// y = x Wᵀ + b. Checkpoint: <c>weight</c> [outputs, inputs] and, unless told otherwise, <c>bias</c> [outputs].
/// </summary>
internal sealed class Linear
{
    private readonly Parameter _weight;
    private readonly Parameter? _bias;

    /// <param name="init">For fresh weights; by default PyTorch's, ±1/√inputs for weight and bias.</param>
    /// <param name="biasInit">For a fresh bias; by default the same range.</param>
    public Linear(Weights w, int inputs, int outputs, bool bias = true, Init? init = null, Init? biasInit = null)
    {
        _weight = w.Get("weight", init ?? Init.FanIn(inputs), outputs, inputs);
        if (bias) _bias = w.Get("bias", biasInit ?? Init.FanIn(inputs), outputs);
    }

    /// <summary>What its product multiplies.</summary>
    public Precision Precision => _weight.Precision;

    /// <summary>[..., inputs] → [..., outputs].</summary>
    /// <param name="addend">[..., outputs], added last, or null.</param>
    public Tensor Forward(Tensor x, Activation activation = Activation.None, Tensor? addend = null)
        => x.Linear(_weight, _bias, activation, addend);
}

/// <summary>Normalises each token. Checkpoint: <c>weight</c> and <c>bias</c> [width].</summary>
internal sealed class LayerNorm
{
    private readonly Parameter _weight, _bias;
    private readonly float _eps;

    public LayerNorm(Weights w, int width, float eps)
    {
        _weight = w.Get("weight", Init.One, width);
        _bias = w.Get("bias", Init.Zero, width);
        _eps = eps;
    }

    /// <summary>[..., width] → [..., width].</summary>
    /// <param name="next">What the layer that reads the result multiplies.</param>
    public Tensor Forward(Tensor x, Precision next = Precision.Float32) => x.LayerNorm(_weight, _bias, _eps, next);
}

/// <summary>Multi-head self-attention. Checkpoint scope: <c>*.self_attn</c>.</summary>
internal sealed class SelfAttention
{
    private readonly Linear _q, _k, _v, _out;
    private readonly int _heads;

    /// <param name="init">For fresh q, k and v projections.</param>
    /// <param name="outInit">For a fresh output projection.</param>
    public SelfAttention(Weights w, int width, int heads, Init init, Init outInit)
    {
        _q = new(w.Scope("q_proj"), width, width, init: init, biasInit: Init.Zero);
        _k = new(w.Scope("k_proj"), width, width, init: init, biasInit: Init.Zero);
        _v = new(w.Scope("v_proj"), width, width, init: init, biasInit: Init.Zero);
        _out = new(w.Scope("out_proj"), width, width, init: outInit, biasInit: Init.Zero);
        _heads = heads;
    }

    /// <summary>What its products with weights multiply.</summary>
    public Precision Precision => _q.Precision;

    /// <summary>[B, T, C] → [B, T, C].</summary>
    /// <param name="addend">[B, T, C], added to the result, or null.</param>
    public Tensor Forward(Tensor x, bool causal = false, AttentionMask? mask = null, Tensor? addend = null)
    {
        Tensor q = _q.Forward(x);                                               // [B, T, C]
        Tensor k = _k.Forward(x);                                               // [B, T, C]
        Tensor v = _v.Forward(x);                                               // [B, T, C]
        Tensor y = Tensor.Attention(q, k, v, _heads, causal, mask);             // [B, T, C]
        return _out.Forward(y, addend: addend);                                 // [B, T, C]
    }
}

/// <summary>Two linear layers with an activation between them. Checkpoint scope: <c>*.mlp</c>.</summary>
internal sealed class Mlp
{
    private readonly Linear _fc1, _fc2;
    private readonly Activation _activation;

    /// <param name="init">For a fresh first layer; PyTorch's default if null.</param>
    /// <param name="outInit">For a fresh second layer; PyTorch's default if null.</param>
    public Mlp(Weights w, int width, int inner, Activation activation, Init? init = null, Init? outInit = null)
    {
        _fc1 = new(w.Scope("fc1"), width, inner, init: init, biasInit: init is null ? null : Init.Zero);
        _fc2 = new(w.Scope("fc2"), inner, width, init: outInit, biasInit: outInit is null ? null : Init.Zero);
        _activation = activation;
    }

    /// <summary>What its products multiply.</summary>
    public Precision Precision => _fc1.Precision;

    /// <summary>[..., C] → [..., C]. Dropout acts between the layers while a tape asks for it.</summary>
    /// <param name="addend">[..., C], added to the result, or null.</param>
    public Tensor Forward(Tensor x, Tensor? addend = null)
        => _fc2.Forward(_fc1.Forward(x, _activation).Dropout(), addend: addend);
}
