namespace ClipSeg.Cli;

/// <summary>A model that is open, to be written as another: what convert and export share.</summary>
/// <param name="Source">With its weights as they are read.</param>
/// <param name="Folder">To write; it does not exist.</param>
/// <param name="Type">How weights are to be stored.</param>
internal sealed record Conversion(Segmenter Source, string Folder, string Type);
