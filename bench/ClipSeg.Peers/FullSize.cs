using ClipSeg.Checkpoints;
using ClipSeg.Imaging;
using ClipSeg.Model;
using ClipSeg.Text;

namespace ClipSeg.Peers;

/// <summary>ViT-B/16 with the decoder of rd64, its weights the tests' formula: as large as the real one.</summary>
internal static class FullSize
{
    /// <summary>Writes it as a model folder. Its vocabulary has no merges: text becomes letters.</summary>
    public static void Write(string folder)
    {
        ClipSegConfig config = ClipSegConfig.Rd64 with { VocabularySize = 514, EndToken = 513 };
        ModelFiles.Write(folder, FormulaWeights.For(config).Values, config, new Preprocessing(),
            BpeVocabulary.FromMerges([]));
    }

    /// <summary>A picture of noise.</summary>
    public static Image Picture(int side)
    {
        Image picture = new(side, side);
        new Random(42).NextBytes(picture.Pixels);
        return picture;
    }
}
