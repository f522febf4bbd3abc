namespace ClipSeg.Text;

/// <summary>A vocabulary or a list of merges that cannot be read, or whose parts do not fit together.</summary>
public sealed class TokenizerException(string message, Exception? inner = null) : Exception(message, inner);
