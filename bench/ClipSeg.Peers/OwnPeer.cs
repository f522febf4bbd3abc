using ClipSeg.Model;
using ClipSeg.Numerics;

namespace ClipSeg.Peers;

/// <summary>
/// ClipSeg: texts once, each picture once, on a thread of its own if there are many, and the decoder for each picture
/// with all texts.
/// </summary>
internal sealed class OwnPeer : IPeer
{
    private Segmenter? _segmenter;

    /// <summary>Whether nothing is asked a second time, so that weights that read texts need not stay.</summary>
    public bool AskedOnce { get; init; }

    public string Load(string folder, string precision, int threads)
    {
        _segmenter?.Dispose();
        _segmenter = Segmenter.Load(folder, new() { Precision = PrecisionNames.Parse(precision), Threads = threads });
        return $"ClipSeg in .NET {Environment.Version}";
    }

    public IReadOnlyList<float[]> Segment(float[] pixels, PeerWork work, bool each)
    {
        if (_segmenter is null) throw new InvalidOperationException("There is no model yet.");
        (IEngine engine, int grid) = (_segmenter.Engine, work.Side / _segmenter.Engine.Config.PatchSize);
        using Compute.Entry entry = _segmenter.Compute.Enter();
        using TensorScope scope = new();
        Tensor texts = engine.EmbedTexts(work.Ids);                                                 // [P, E]
        if (AskedOnce) _segmenter.Trim();
        float[][] logits = new float[work.Pictures][];
        Workers.EachApart(logits.Length, i =>
        {
            using TensorScope one = new();
            Tensor picture = Tensor.Empty(1, 3, work.Side, work.Side);
            pixels.AsSpan(i * picture.Length, picture.Length).CopyTo(picture.Data);
            Tensor[] activations = engine.Activations(picture);                                     // [1, T, C] each
            logits[i] = engine.Decode(activations, texts, grid, grid).Data.ToArray();               // [P, H, W]
        });
        return logits;
    }

    public void Dispose() => _segmenter?.Dispose();
}
