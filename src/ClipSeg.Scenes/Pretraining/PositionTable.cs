using ClipSeg.Formats;
using ClipSeg.Imaging;
using ClipSeg.Model;
using ClipSeg.Numerics;

namespace ClipSeg.Scenes.Pretraining;

/// <summary>Makes a trained vision tower one of pictures of another size, to go on training there.</summary>
internal static class PositionTable
{
    private const string Key = "clip.vision_model.embeddings.position_embedding.weight";

    /// <summary>
    /// The tensors with the table of positions stretched from one config's grid to the other's, bicubically, as the
    /// tower itself does for pictures of another size than its own; the class token's row stays.
    /// </summary>
    public static IReadOnlyDictionary<string, StoredTensor> Stretch(
        IReadOnlyDictionary<string, StoredTensor> tensors, ClipSegConfig from, ClipSegConfig to)
    {
        if (from.Grid == to.Grid) return tensors;
        (int width, int old, int grid) = (from.Vision.Width, from.Grid * from.Grid, to.Grid * to.Grid);
        float[] table = new float[(1 + old) * width], stretched = new float[(1 + grid) * width];
        tensors[Key].Read(0, table);
        float[] source = new float[width * old], target = new float[width * grid];
        Kernels.Transpose(table.AsSpan(width), old, width, width, source, old);
        Interpolation.Bicubic(source, width, from.Grid, from.Grid, target, to.Grid, to.Grid);
        table.AsSpan(0, width).CopyTo(stretched);
        Kernels.Transpose(target, width, grid, grid, stretched.AsSpan(width), width);
        return new Dictionary<string, StoredTensor>(tensors)
        {
            [Key] = StoredTensor.Of(Key, new Tensor(stretched, 1 + grid, width)),
        };
    }
}
