namespace ClipSeg.Text;

/// <summary>A text as CLIP reads it.</summary>
/// <param name="Ids">The start token, the text, the end token; no padding.</param>
/// <param name="Truncated">Whether the text was too long, so that its end is missing.</param>
internal sealed record Tokens(int[] Ids, bool Truncated);
