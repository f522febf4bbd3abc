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
        Text = new(w.Scope("clip", Part.Text, config.Text.Layers), config);
        Vision = new(w.Scope("clip", Part.Vision, config.Vision.Layers), config);
        LogitScale = w.Scope("clip", Part.Clip).Get("logit_scale", Role.LogitScale, 1);
        Weights decoder = w.Scope("decoder", Part.Decoder);
        Decoder = config.DecoderType == DecoderType.ClipDeconv
            ? new DeconvDecoder(decoder, config)
            : new Decoder(decoder, config);
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
            foreach (Parameter p in Weights.Parameters) p.Precision = PrecisionOf(p, value);
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

    private static Precision PrecisionOf(Parameter p, Precision precision)
    {
        if (p.Role == Role.Pixels || !(p.Role.IsMatrix() || p.Role == Role.BlockGain)) return Precision.Float32;
        bool inTower = p.Role.IsInBlock() && p.Part != Part.Decoder;
        return precision == Precision.Int8 && !inTower ? Precision.BFloat16 : precision;
    }
}
