namespace ClipSeg.Training.Data;

/// <summary>A data set that cannot be read; the message says which file, where in it, and what was expected.</summary>
public sealed class DataFormatException(string message, Exception? inner = null) : Exception(message, inner);
