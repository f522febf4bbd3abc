namespace ClipSeg.Formats;

/// <summary>A checkpoint that cannot be read, or does not fit its config.</summary>
public sealed class CheckpointException(string message, Exception? inner = null) : Exception(message, inner);
