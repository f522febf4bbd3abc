using ClipSeg.Checkpoints;
using ClipSeg.Formats;
using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Scenes.Pretraining;

namespace ClipSeg.Tests.Scenes.Pretraining;

public sealed class PositionTableTests
{
    [Fact]
    public void Tower_with_a_stretched_table_says_the_same_of_pictures_of_the_new_size()
    {
        using Checkpoint checkpoint = Checkpoint.Open(Fixtures.At("model", "mini"));
        ClipSegConfig small = checkpoint.Config;
        ClipSegConfig large = small with { ImageSize = 2 * small.ImageSize };
        Tensor pixels = Tensor.Empty(1, 3, large.ImageSize, large.ImageSize);
        Random random = new(42);
        for (int i = 0; i < pixels.Length; i++) pixels.Data[i] = random.NextSingle();

        // The tower of the old size stretches its table itself, for such pictures.
        Tensor expected = new ClipSegModel(new(checkpoint.Tensors), small).Vision.Embed(pixels);
        IReadOnlyDictionary<string, StoredTensor> stretched = PositionTable.Stretch(checkpoint.Tensors, small, large);
        Tensor actual = new ClipSegModel(new(stretched), large).Vision.Embed(pixels);

        Close.All(expected.Data.ToArray(), actual.Data, 1e-6f);
        Assert.Same(checkpoint.Tensors, PositionTable.Stretch(checkpoint.Tensors, small, small));
    }
}
