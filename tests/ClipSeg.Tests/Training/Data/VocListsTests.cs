using ClipSeg.Tests.Training.Evaluation;
using ClipSeg.Training.Data;

namespace ClipSeg.Tests.Training.Data;

/// <summary>Lists of a few ids each.</summary>
public sealed class VocListsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public VocListsTests()
    {
        Write("VOC2012/ImageSets/Segmentation/train.txt", "b", "a");
        Write("VOC2012/ImageSets/Segmentation/val.txt", "v", "w");
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("VOC2012/sbd")]
    [InlineData("benchmark_RELEASE/dataset")]
    public void Lists_are_made_of_both_data_sets_without_val(string sbd)
    {
        Write($"{sbd}/train.txt", "c", "w", "a", "");
        Write($"{sbd}/val.txt", "d", "v", "b");
        Assert.Equal(["a", "b", "c"], VocLists.Make(_folder.At("VOC2012"), VocLists.Merged));
        Assert.Equal(["a", "b", "c", "d"], VocLists.Make(_folder.At("VOC2012"), VocLists.TrainAug));
        Assert.Null(VocLists.Make(_folder.At("VOC2012"), "train"));
    }

    [Fact]
    public void A_list_that_is_made_is_read_with_SBD_s_maps_and_the_users_copy_comes_first()
    {
        Write("sbd/train.txt", "c");
        Directory.CreateDirectory(_folder.At("VOC2012", "JPEGImages"));
        Directory.CreateDirectory(_folder.At("VOC2012", "SegmentationClass"));
        Directory.CreateDirectory(_folder.At("VOC2012", "SegmentationClassAug"));
        foreach (string id in (string[])["a", "b", "c"])
        {
            File.WriteAllBytes(_folder.At("VOC2012", "JPEGImages", $"{id}.jpg"), HandEngine.Paint("..").EncodePng());
            string folder = id == "c" ? "SegmentationClassAug" : "SegmentationClass";
            File.WriteAllBytes(_folder.At("VOC2012", folder, $"{id}.png"), LabelMapWriter.Encode(2, [1, 0]));
        }
        Assert.Equal(3, LabelledPictures.OpenVoc(_folder.At("VOC2012"), VocLists.Merged).Pictures);
        Write($"VOC2012/ImageSets/Segmentation/{VocLists.Merged}.txt", "a");
        Assert.Equal(1, LabelledPictures.OpenVoc(_folder.At("VOC2012"), VocLists.Merged).Pictures);
    }

    [Fact]
    public void Without_SBD_it_is_said_where_it_was_looked_for()
        => Assert.Contains("benchmark_RELEASE/dataset", Assert.Throws<DataFormatException>(
            () => VocLists.Make(_folder.At("VOC2012"), VocLists.TrainAug)).Message);

    private void Write(string path, params string[] lines)
    {
        string file = _folder.At(path.Split('/'));
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllLines(file, lines);
    }
}
