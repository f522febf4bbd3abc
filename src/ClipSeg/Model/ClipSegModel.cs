using ClipSeg.Checkpoints;
using ClipSeg.Numerics;

namespace ClipSeg.Model;

/// <summary>A whole network: CLIP's two towers and the decoder.</summary>
public sealed class ClipSegModel
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

    public TextTower Text { get; }

    public VisionTower Vision { get; }

    public IDecoder Decoder { get; }

    /// <summary>The logarithm of what CLIP multiplies cosine similarities with: a single element.</summary>
    public Parameter LogitScale { get; }
}
