using ClipSeg.Checkpoints;
using ClipSeg.Formats;
using ClipSeg.Model;
using ClipSeg.Numerics;

namespace ClipSeg.Training;

/// <summary>
/// What a decoder is trained on: a CLIP; or, for the paper's baseline ViTSeg, its text tower with another vision tower,
/// which has learned from pictures alone, or not at all.
/// </summary>
internal sealed class Backbone : IDisposable
{
    /// <summary>In place of a file: a vision tower of CLIP's sizes that has learned nothing.</summary>
    public const string Untrained = "untrained";

    private readonly Checkpoint _clip;
    private readonly ImageTower? _tower;
    private readonly bool _untrained;

    /// <param name="clip">Not disposed with this.</param>
    /// <param name="vision">Null for CLIP's own, <see cref="Untrained"/>, or the path of another.</param>
    /// <exception cref="CheckpointException">There is no such tower.</exception>
    public Backbone(Checkpoint clip, string? vision)
    {
        (_clip, _untrained) = (clip, vision == Untrained);
        _tower = vision is null || _untrained ? null : ImageTower.Open(vision);
        Config = _tower?.In(clip.Config) ?? (_untrained
            ? clip.Config with { Vision = clip.Config.Vision with { ImageOnly = true } } : clip.Config);
    }

    /// <summary>The decoder in it is the checkpoint's.</summary>
    public ClipSegConfig Config { get; }

    /// <summary>The weights of a network on it.</summary>
    /// <param name="fresh">What else is initialised instead of read.</param>
    /// <param name="seed">Of what is.</param>
    public Weights Weights(Part fresh, int seed)
    {
        IReadOnlyDictionary<string, StoredTensor> tensors =
            _tower?.In(_clip.Tensors, Config, (uint)seed) ?? _clip.Tensors;
        return new(tensors, trainable: Part.Decoder, _untrained ? fresh | Part.Vision : fresh, seed: (uint)seed);
    }

    public void Dispose() => _tower?.Dispose();
}
