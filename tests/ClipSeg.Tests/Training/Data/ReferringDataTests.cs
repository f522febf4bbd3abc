using System.Text;
using ClipSeg.Imaging;
using ClipSeg.Tests.Formats;
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
    [InlineData(false)]
    [InlineData(true)]
    public void The_published_pickle_is_read_in_both_of_pythons_forms(bool text)
    {
        Write("refs(google).p", "of another split, which papers do not report");
        // Python 2 writes lines: a list of a dict of a list of dicts, each value memorised.
        const string Lines = "(lp0\n(dp1\nS'ann_id'\np2\nI11\nsS'image_id'\np3\nL5L\nsS'split'\np4\nS'val'\np5\n"
            + "sS'area'\nF1.5\nsS'sentences'\n(lp6\n(dp7\nS'sent'\nV the \\u00e9lan\\x2c it\\'s\np8\nsS'tokens'\n(lp9\n"
            + "g8\nasS'ok'\nI01\nsasa.";
        byte[] pickle = text ? Encoding.ASCII.GetBytes(Lines) : Pickle.Of(p => p.EmptyList().Mark().EmptyDict().Mark()
            .Text("ann_id").Int(11).Text("image_id").Int(5).Text("split").Text("val").Text("sentences")
            .EmptyList().Mark().EmptyDict().Mark().Text("sent").Text(" the élan, it's").SetItems().Appends()
            .SetItems().Appends());
        File.WriteAllBytes(_folder.At("refs(unc).p"), pickle);
        SegmentationData data = DataSetKind.Of(_folder.Path).Open(_folder.Path, "val", new());
        Assert.Equal((1, " the élan, it's"), (data.Count, data.Get(0).Phrase));
        Assert.Equal([1, 0, 0, 1, 0, 0], data.Get(0).Mask.Values);
    }

    [Theory]
    [InlineData("cos\nsystem\n(S'ls'\ntR.", "os.system")]
    [InlineData("(lp0\nI1\na.", "[0]: expected a dict")]
    [InlineData("(lp0\n(dp1\nS'ann_id'\nS'x'\nsa.", "'ann_id' is no number")]
    [InlineData("(lp0\n(dp1\nS'ann_id'\nI1\nsa.", "'sentences' is missing")]
    [InlineData("(dp0\n.", "expected a pickled list of references")]
    [InlineData("Ix\n.", "a whole number 'x'")]
    [InlineData("S'x\n.", "without quotes")]
    [InlineData("Vx\\u12\n.", "with a damaged escape")]
    [InlineData("Vx\\q\n.", "with an escape that is none")]
    [InlineData("(lp-1\n.", "memorises under something that is no number")]
    [InlineData("(S'a'\nd.", "a key without a value")]
    [InlineData("d.", "a mark that is not there")]
    public void A_pickle_that_is_no_list_of_references_is_refused(string pickle, string message)
    {
        Write("refs(unc).p", pickle);
        DataFormatException e = Assert.Throws<DataFormatException>(() => new ReferringData(_folder.Path, "val"));
        Assert.Contains("refs(unc).p", e.Message);
        Assert.Contains(message, e.Message);
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
