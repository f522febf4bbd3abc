namespace ClipSeg.Scenes;

/// <summary>Pictures with captions, for contrastive pre-training: files, or drawn when they are asked for.</summary>
internal abstract class CaptionData
{
    /// <summary>How many there are; null if there are as many as anybody asks for.</summary>
    public abstract long? Count { get; }

    /// <summary>
    /// The picture and its caption with this number, always the same; several threads may ask at once.
    /// </summary>
    /// <param name="index">From 0 to below <see cref="Count"/>.</param>
    public abstract CaptionSample Get(long index);
}
