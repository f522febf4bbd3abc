using ClipSeg.Checkpoints;
using ClipSeg.Text;

namespace ClipSeg.Cli;

/// <summary>A model that is open, to be written as another: what convert and export share.</summary>
/// <param name="Source">With its weights as they are read.</param>
/// <param name="Vocabulary">Of its tokenizer.</param>
/// <param name="Licence">Paths of the files that say what one may do with it, which go along.</param>
/// <param name="Folder">To write; it does not exist.</param>
/// <param name="Type">How weights are to be stored.</param>
internal sealed record Conversion(
    Segmenter Source, BpeVocabulary Vocabulary, string[] Licence, string Folder, string Type)
{
    public Checkpoint Checkpoint => Source.Checkpoint!;
}
