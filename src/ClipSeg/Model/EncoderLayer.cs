using ClipSeg.Numerics;

namespace ClipSeg.Model;

/// <summary>
/// One pre-norm transformer block of CLIP, or of a tower that knows pictures alone: <c>x += attn(ln1(x));
/// x += mlp(ln2(x))</c>.
/// </summary>
/// <remarks>Radford et al. 2021, §2.4. Checkpoint scope: <c>*.encoder.layers.{i}</c>.</remarks>
internal sealed class EncoderLayer
{
    private readonly LayerNorm _layerNorm1;
    private readonly SelfAttention _selfAttn;
    private readonly LayerNorm _layerNorm2;
    private readonly Mlp _mlp;

    public EncoderLayer(Weights w, EncoderConfig c)
    {
        _layerNorm1 = new(w.Scope("layer_norm1"), c.Width, c.LayerNormEps, Role.BlockGain);
        _selfAttn = new(w.Scope("self_attn"), c.Width, c.Heads);
        _layerNorm2 = new(w.Scope("layer_norm2"), c.Width, c.LayerNormEps, Role.BlockGain);
        _mlp = new(w.Scope("mlp"), c.Width, c.MlpWidth, c.ImageOnly ? Activation.Gelu : Activation.QuickGelu);
    }

    /// <summary>[B, T, C] → [B, T, C]. If <paramref name="causal"/>, token t sees only tokens 0..t.</summary>
    public Tensor Forward(Tensor x, bool causal = false, AttentionMask? mask = null)
    {
        x += _selfAttn.Forward(_layerNorm1.Forward(x), causal, mask);
        x += _mlp.Forward(_layerNorm2.Forward(x));
        return x;
    }
}
