namespace ClipSeg.Imaging;

/// <summary>A picture that cannot be read: damaged, hostile, or of a kind that is not supported.</summary>
public sealed class ImageFormatException(string message, Exception? inner = null) : Exception(message, inner);
