using ClipSeg.Numerics;

namespace ClipSeg.Model;

/// <summary>
/// y = x Wᵀ + b. Checkpoint: <c>weight</c> [outputs, inputs] and, unless told otherwise, <c>bias</c> [outputs].
/// </summary>
internal sealed class Linear
{
    private readonly Parameter _weight;
    private readonly Parameter? _bias;

    public Linear(Weights w, Role role, int inputs, int outputs, bool bias = true)
    {
        _weight = w.Get("weight", role, inputs, outputs, inputs);
        if (!bias) return;
        Role added = role is Role.Attention or Role.AttentionOutput ? Role.AttentionBias : Role.Bias;
        _bias = w.Get("bias", added, inputs, outputs);
    }

    /// <summary>What its product multiplies.</summary>
    public Precision Precision => _weight.Precision;

    /// <summary>[..., inputs] → [..., outputs].</summary>
    public Product Forward(Tensor x, Activation activation = Activation.None) => new(x, _weight, _bias, activation);

    /// <summary>This layer on what another one makes of x, for inference.</summary>
    public Product After(Linear first, Tensor x, Activation activation)
        => new(x, _weight, _bias, Activation.None) { First = new(first._weight, first._bias, activation) };
}

/// <summary>Normalises each token. Checkpoint: <c>weight</c> and <c>bias</c> [width].</summary>
internal sealed class LayerNorm
{
    private readonly Parameter _weight, _bias;
    private readonly float _eps;

    public LayerNorm(Weights w, int width, float eps, Role gain = Role.Gain)
    {
        _weight = w.Get("weight", gain, width, width);
        _bias = w.Get("bias", Role.Shift, width, width);
        _eps = eps;
    }

    /// <summary>[..., width] → [..., width].</summary>
    public Tensor Forward(Tensor x) => x.LayerNorm(_weight, _bias, _eps);
}

/// <summary>Multi-head self-attention. Checkpoint scope: <c>*.self_attn</c>.</summary>
internal sealed class SelfAttention
{
    private readonly Linear _q, _k, _v, _out;
    private readonly int _heads;

    public SelfAttention(Weights w, int width, int heads)
    {
        _q = new(w.Scope("q_proj"), Role.Attention, width, width);
        _k = new(w.Scope("k_proj"), Role.Attention, width, width);
        _v = new(w.Scope("v_proj"), Role.Attention, width, width);
        _out = new(w.Scope("out_proj"), Role.AttentionOutput, width, width);
        _heads = heads;
    }

    /// <summary>[B, T, C] → [B, T, C].</summary>
    public Product Forward(Tensor x, bool causal = false, AttentionMask? mask = null)
    {
        Tensor q = _q.Forward(x);                                               // [B, T, C]
        Tensor k = _k.Forward(x);                                               // [B, T, C]
        Tensor v = _v.Forward(x);                                               // [B, T, C]
        return _out.Forward(Tensor.Attention(q, k, v, _heads, causal, mask, _q.Precision));      // [B, T, C]
    }
}

/// <summary>Two linear layers with an activation between them. Checkpoint scope: <c>*.mlp</c>.</summary>
internal sealed class Mlp
{
    private readonly Linear _fc1, _fc2;
    private readonly Activation _activation;

    public Mlp(Weights w, int width, int inner, Activation activation)
    {
        _fc1 = new(w.Scope("fc1"), Role.MlpInput, width, inner);
        _fc2 = new(w.Scope("fc2"), Role.MlpOutput, inner, width);
        _activation = activation;
    }

    /// <summary>[..., C] → [..., C]. Dropout acts between the layers while a tape asks for it.</summary>
    public Product Forward(Tensor x) => Tape.Current is null
        ? _fc2.After(_fc1, x, _activation)
        : _fc2.Forward(_fc1.Forward(x, _activation).Dropout());
}
