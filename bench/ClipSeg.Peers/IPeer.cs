namespace ClipSeg.Peers;

/// <summary>An engine in this process. <see cref="PeerServer"/> speaks for it.</summary>
internal interface IPeer : IDisposable
{
    /// <summary>Opens a model; returns what the engine is, in words.</summary>
    string Load(string folder, string precision, int threads);

    /// <summary>Does the work once; returns logits, of each picture those of its prompts.</summary>
    /// <param name="pixels">[pictures, 3, side, side], normalised.</param>
    /// <param name="each">Whether a whole graph runs once for each prompt, instead of once for all.</param>
    IReadOnlyList<float[]> Segment(float[] pixels, PeerWork work, bool each);
}
