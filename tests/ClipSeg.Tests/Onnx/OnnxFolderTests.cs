using ClipSeg.Checkpoints;
using ClipSeg.Formats;
using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Onnx;
using ClipSeg.Tests.Checkpoints;
using ClipSeg.Tests.Scenes;

namespace ClipSeg.Tests.Onnx;

public sealed class OnnxFolderTests
{
    [Theory]
    [InlineData(OnnxType.Float16, 1e6f, "too large for float16")]
    [InlineData(OnnxType.Int8, float.PositiveInfinity, "which int8 cannot")]
    internal void Write_leaves_nothing_when_a_weight_does_not_fit_the_type(OnnxType type, float value, string expected)
    {
        const string Key = "clip.text_projection.weight";
        using TemporaryFolder folder = new();
        using Segmenter mini = Segmenter.Load(Fixtures.At("model", "mini"));
        Dictionary<string, StoredTensor> tensors = new(mini.Checkpoint!.Tensors);
        Tensor changed = tensors[Key].ToTensor();
        changed.Data[5] = value;
        tensors[Key] = StoredTensor.Of(Key, changed);
        ClipSegModel model = new(new Weights(tensors), mini.Model.Config);

        CheckpointException e = Assert.Throws<CheckpointException>(() => OnnxFolder.Write(folder.At("out"), model,
            mini.Preprocessing, ModelFiles.ReadVocabulary(mini.Checkpoint, new()), type));

        Assert.Contains(Key, e.Message);
        Assert.Contains(expected, e.Message);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Write_refuses_a_model_that_runs_on_ONNX_Runtime()
    {
        using TemporaryFolder folder = new();
        using Segmenter mini = Segmenter.Load(Fixtures.At("model", "mini"));
        OnnxFolder.Write(mini, folder.At("parts"), split: true);
        using Segmenter parts = OnnxSegmenter.Load(folder.At("parts"));

        ArgumentException e = Assert.Throws<ArgumentException>(() => OnnxFolder.Write(parts, folder.At("again")));

        Assert.Contains("export the one that it was made of", e.Message);
    }
}
