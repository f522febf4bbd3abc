using ClipSeg.Scenes;
using ClipSeg.Tests.Scenes;
using ClipSeg.Training.Data;

namespace ClipSeg.Tests.Training.Data;

public sealed class DataSetKindTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_list_is_recognised_and_split_into_nine_tenths_and_one()
    {
        PictureFolder.Write(_folder.Path, 10);
        Assert.Equal("a list of pictures and masks", DataSetKind.Of(_folder.Path).Name);
        Assert.Equal("a list of pictures and masks", DataSetKind.Of(_folder.At("phrases.csv")).Name);
        (SegmentationData train, SegmentationData validation) = DataSetKind.OpenPair(_folder.Path, null, new());
        Assert.Equal((9, 1), (train.Count, validation.Count));
        (train, validation) = DataSetKind.OpenPair(_folder.Path, _folder.Path, new());
        Assert.Equal((10, 10), (train.Count, validation.Count));
    }

    [Fact]
    public void Phrasecut_is_recognised_and_has_parts_of_its_own()
    {
        SceneGenerator generator = new(TestArtwork.Catalogue, new() { Size = 48 });
        SceneFiles.WritePhraseCut(_folder.Path, generator, seed: 3, (Train: 4, Val: 2, Test: 1), phrasesPerScene: 1);
        Assert.Equal("PhraseCut", DataSetKind.Of(_folder.Path).Name);
        (SegmentationData train, SegmentationData validation) = DataSetKind.OpenPair(_folder.Path, null, new());
        Assert.Equal((4, 2), (train.Count, validation.Count));

        File.WriteAllText(_folder.At("phrases.csv"), "image,mask,phrase\n");
        DataFormatException e = Assert.Throws<DataFormatException>(() => DataSetKind.Of(_folder.Path));
        Assert.Contains("could be PhraseCut or a list of pictures and masks", e.Message);
    }

    [Fact]
    public void What_is_none_is_told_what_there_is()
    {
        Assert.Contains("There is no data set at",
            Assert.Throws<DataFormatException>(() => DataSetKind.Of(_folder.At("nowhere"))).Message);
        string message = Assert.Throws<DataFormatException>(() => DataSetKind.Of(_folder.Path)).Message;
        Assert.All(DataSetKind.All, kind => Assert.Contains($"{kind.Needs} ({kind.Name})", message));
    }
}
