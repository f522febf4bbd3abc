using ClipSeg.Formats;
using ClipSeg.Numerics;

namespace ClipSeg.Model;

/// <summary>A whole network: CLIP's two towers and the decoder.</summary>
internal sealed class ClipSegModel : IEngine
{
    /// <exception cref="CheckpointException">The weights do not fit the config.</exception>
    public ClipSegModel(Weights w, ClipSegConfig config)
    {
        Config = config;
        Weights = w;
        Weights clip = w.Scope("clip");
        Text = new(clip, config);
        Vision = new(clip, config);
        LogitScale = clip.Get("logit_scale", new(true, 0, MathF.Log(1 / 0.07f)));
        Decoder = config.DecoderType == DecoderType.ClipDeconv
            ? new DeconvDecoder(w.Scope("decoder"), config)
            : new Decoder(w.Scope("decoder"), config);
        w.ThrowIfUnused();
    }

    public ClipSegConfig Config { get; }

    public Weights Weights { get; }

    /// <summary>
    /// What products with the weights multiply; to be set before the network is first used. With Int8, that is what
    /// CLIP's blocks do, which are nearly all of the work; the rest, the decoder above all, is BFloat16. The last
    /// layer, from tokens to pixels, stays Float32: it is small, and every error in it can be seen.
    /// </summary>
    public Precision Precision
    {
        get;
        init
        {
            field = value;
            foreach (Parameter p in Weights.Parameters) p.Precision = PrecisionOf(p.Name, value);
        }
    }

    public TextTower Text { get; }

    public VisionTower Vision { get; }

    public IDecoder Decoder { get; }

    /// <summary>The logarithm of what CLIP multiplies cosine similarities with: a single element.</summary>
    public Parameter LogitScale { get; }

    Tensor[] IEngine.Activations(Tensor pixels) => Vision.Activations(pixels);

    Tensor IEngine.EmbedPictures(Tensor pixels, LayerMask? mask) => Vision.Embed(pixels, mask);

    Tensor IEngine.EmbedTexts(IReadOnlyList<int[]> ids) => Text.Embed(ids);

    Tensor IEngine.Decode(IReadOnlyList<Tensor> activations, Tensor conditionals, int height, int width)
        => Decoder.Forward(activations, conditionals, height, width);

    private static Precision PrecisionOf(string name, Precision precision)
    {
        if (name.StartsWith("decoder.transposed_convolution", StringComparison.Ordinal)) return Precision.Float32;
        bool inBlock = name.Contains(".encoder.layers.", StringComparison.Ordinal);
        return precision == Precision.Int8 && !inBlock ? Precision.BFloat16 : precision;
    }
}
