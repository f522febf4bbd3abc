using ClipSeg.Imaging;
using ClipSeg.Training.Data;

namespace ClipSeg.Tests.Training.Data;

public sealed class ReferringDataTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void References_are_read_as_they_are_published()
    {
        Write("refs(unc).json", """
            [{"ref_id": 1, "ann_id": 11, "image_id": 5, "category_id": 1, "split": "val", "file_name": "x",
              "sent_ids": [0, 1], "sentences": [{"sent_id": 0, "sent": "left one", "raw": "Left one!", "tokens": []},
                {"sent_id": 1, "sent": "the cat", "raw": "the cat", "tokens": ["the", "cat"]}]},
             {"ref_id": 2, "ann_id": 12, "image_id": 5, "split": "train", "sentences": [{"sent": "right one"}]}]
            """);
        DataSetKind kind = DataSetKind.Of(_folder.Path);
        Assert.Equal("RefCOCO", kind.Name);
        SegmentationData data = kind.Open(_folder.Path, "val", new());
        Assert.Equal(2, data.Count);
        Assert.Equal(("left one", "the cat", 5), (data.Get(0).Phrase, data.Get(1).Phrase, data.Get(0).Group));
        Assert.Equal([1, 0, 0, 1, 0, 0], data.Get(0).Mask.Values);
        Assert.Equal([0, 0, 1, 0, 0, 1], kind.Open(_folder.Path, "train", new()).Get(0).Mask.Values);
        Assert.Contains("has no reference of 'testA'; it has train, val.",
            Assert.Throws<DataFormatException>(() => new ReferringData(_folder.Path, "testA")).Message);
    }

    [Fact]
    public void Generalised_references_mean_several_things_or_none()
    {
        Write("grefs(unc).json", """
            [{"ann_id": [11, 12], "image_id": 5, "split": "val", "sentences": [{"sent": "both"}]},
             {"ann_id": [-1], "image_id": 5, "split": "val", "sentences": [{"sent": "the elephant"}]}]
            """);
        ReferringData data = new(_folder.Path, "val");
        Assert.Equal([1, 0, 1, 1, 0, 1], data.Get(0).Mask.Values);
        Assert.Equal("several targets", data.Get(0).Kind);
        Assert.Equal([0, 0, 0, 0, 0, 0], data.Get(1).Mask.Values);
        Assert.Equal("no target", data.Get(1).Kind);
    }

    [Theory]
    [InlineData("""[{"ann_id": 99, "image_id": 5, "split": "val", "sentences": []}]""", "[0]: annotation 99 is not in")]
    [InlineData("""[{"ann_id": 11, "image_id": 9, "split": "val", "sentences": []}]""", "[0]: image 9 is not in")]
    [InlineData("""[{"ann_id": "a", "image_id": 5, "split": "val", "sentences": []}]""", "a number or a list of them")]
    [InlineData("""[{"ann_id": 11, "image_id": 5, "split": "val"}]""", "sentences")]
    public void What_cannot_be_is_named(string references, string message)
    {
        Write("refs(unc).json", references);
        DataFormatException e = Assert.Throws<DataFormatException>(() => new ReferringData(_folder.Path, "val"));
        Assert.Contains("refs(unc).json", e.Message);
        Assert.Contains(message, e.Message);
    }

    private void Write(string name, string references)
    {
        Directory.CreateDirectory(_folder.At("train2014"));
        new Image(3, 2).Save(_folder.At("train2014", "p.png"));
        File.WriteAllText(_folder.At("instances.json"), """
            {"images": [{"id": 5, "width": 3, "height": 2, "file_name": "p.png"}],
             "annotations": [
                {"id": 11, "image_id": 5, "category_id": 1, "segmentation": {"counts": [0, 2, 4], "size": [2, 3]}},
                {"id": 12, "image_id": 5, "category_id": 1, "segmentation": {"counts": [4, 2], "size": [2, 3]}}],
             "categories": [{"id": 1, "name": "cat"}]}
            """);
        File.WriteAllText(_folder.At(name), references);
    }
}
