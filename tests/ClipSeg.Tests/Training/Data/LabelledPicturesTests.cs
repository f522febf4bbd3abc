using ClipSeg.Imaging;
using ClipSeg.Training.Data;

namespace ClipSeg.Tests.Training.Data;

public sealed class LabelledPicturesTests : IDisposable
{
    private static readonly byte[] _cowAndPerson = [0, 0, 10, 10, 0, 255, 10, 15, 0, 0, 0, 15];
    private static readonly byte[] _cow = [.. Enumerable.Repeat<byte>(10, 12)];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true, 8)]
    [InlineData(true, 4)]
    [InlineData(true, 2)]
    [InlineData(false, 8)]
    [InlineData(false, 4)]
    [InlineData(false, 1)]
    public void Indices_are_read_whatever_their_colours(bool palette, int bits)
    {
        byte[] labels = [.. Enumerable.Range(0, 5 * 7).Select(i => (byte)(i * 37 & (1 << bits) - 1))];
        LabelMap map = LabelMap.Decode(LabelMapWriter.Encode(5, labels, palette, bits), "map");
        Assert.Equal((5, 7), (map.Width, map.Height));
        Assert.Equal(labels, map.Labels);
    }

    [Fact]
    public void A_map_of_colours_or_a_damaged_one_is_refused()
    {
        Assert.Contains("of grey or palette",
            Assert.Throws<ImageFormatException>(() => LabelMap.Decode(new Image(2, 2).EncodePng(), "m.png")).Message);
        byte[] map = LabelMapWriter.Encode(4, _cow);
        for (int length = 0; length < map.Length - 12; length++)
        {
            byte[] cut = map[..length];
            Assert.Throws<ImageFormatException>(() => LabelMap.Decode(cut, "m.png"));
        }
    }

    [Fact]
    public void Voc_is_read_as_it_is_published()
    {
        WriteVoc();
        DataSetKind kind = DataSetKind.Of(_folder.Path);
        Assert.Equal("Pascal VOC", kind.Name);
        SegmentationData data = kind.Open(_folder.Path, "val", new());
        Assert.Equal(3, data.Count);        // a cow and a person; a cow: "background" is asked for by nobody
        SegmentationSample person = data.Get(1);
        Assert.Equal(("person", 0), (person.Phrase, person.Group));
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1], person.Mask.Values);
        Assert.Equal(5, Array.IndexOf(person.Valid!.Values, 0));
        Assert.Equal(11, person.Valid.Values.Sum());
        SegmentationSample cow = data.Get(2);
        Assert.Equal(("cow", 1), (cow.Phrase, cow.Group));
        Assert.Null(cow.Valid);
        Assert.Equal(1, data.Support(0, 4)!.Group);
        Assert.Equal("person", data.Negative(2, 1, withSupport: false).Phrase);
        Assert.Throws<DataFormatException>(() => data.Negative(0, 1, withSupport: false));      // has both
    }

    [Theory]
    [InlineData("ImageSets/Segmentation/val.txt", "2007_000001\n\n2007_000009\n", "val.txt, line 3: there is no file")]
    [InlineData("ImageSets/Segmentation/val.txt", "../x\n", "val.txt, line 1: '../x' is no picture's name")]
    [InlineData("SegmentationClass/2007_000001.png", "no map", "a map of classes is a PNG")]
    public void What_is_not_as_published_is_named(string file, string content, string message)
    {
        WriteVoc();
        File.WriteAllText(_folder.At(file.Split('/')), content);
        DataFormatException e = Assert.Throws<DataFormatException>(() => LabelledPictures.OpenVoc(_folder.Path, "val"));
        Assert.Contains(message, e.Message);
        Assert.Contains("There is no list",
            Assert.Throws<DataFormatException>(() => LabelledPictures.OpenVoc(_folder.Path, "test")).Message);
    }

    [Fact]
    public void A_class_beyond_the_list_is_named()
    {
        WriteVoc();
        byte[] beyond = LabelMapWriter.Encode(4, [.. _cow[1..], 77]);
        File.WriteAllBytes(_folder.At("SegmentationClass", "2007_000001.png"), beyond);
        DataFormatException e = Assert.Throws<DataFormatException>(() => LabelledPictures.OpenVoc(_folder.Path, "val"));
        Assert.Contains("2007_000001.png has class 77; there are 21, from 0.", e.Message);
    }

    [Fact]
    public void Anything_else_has_images_labels_and_a_list_of_classes()
    {
        foreach (string name in (string[])["images", "labels"]) Directory.CreateDirectory(_folder.At(name));
        File.WriteAllText(_folder.At("classes.txt"), "background\nwall, brick wall\nsky\n");
        new Image(4, 3).Save(_folder.At("images", "b.jpg"));
        new Image(4, 3).Save(_folder.At("images", "a.png"));
        byte[] a = [0, 1, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0], b = [.. Enumerable.Repeat<byte>(2, 12)];
        File.WriteAllBytes(_folder.At("labels", "a.png"), LabelMapWriter.Encode(4, a, palette: false));
        File.WriteAllBytes(_folder.At("labels", "b.png"), LabelMapWriter.Encode(4, b));

        Assert.Equal("pictures with maps of classes", DataSetKind.Of(_folder.Path).Name);
        LabelledPictures data = LabelledPictures.Open(_folder.Path);
        Assert.Equal(["wall", "sky", "sky"], Enumerable.Range(0, data.Count).Select(i => data.Get(i).Phrase));
        Assert.Equal([0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0], data.Get(0).Mask.Values);

        File.Delete(_folder.At("images", "b.jpg"));
        Assert.Contains("b.png has no picture of that name",
            Assert.Throws<DataFormatException>(() => LabelledPictures.Open(_folder.Path)).Message);
    }

    [Fact]
    public void Fss_has_a_folder_for_each_class()
    {
        foreach (string name in (string[])["abe's_flyingfish", "ab_wheel"])
        {
            Directory.CreateDirectory(_folder.At(name));
            for (int i = 1; i <= 2; i++)
            {
                new Image(4, 3).Save(_folder.At(name, $"{i}.jpg"));
                Mask mask = new(4, 3);
                mask.Values[i] = 1;
                mask.Save(_folder.At(name, $"{i}.png"));
            }
        }
        Assert.Equal("FSS-1000", DataSetKind.Of(_folder.Path).Name);
        ObjectFolders data = new(_folder.Path);
        Assert.Equal((4, "ab wheel", "abe's flyingfish"), (data.Count, data.Get(0).Phrase, data.Get(3).Phrase));
        Assert.Equal(1, data.Get(3).Mask[2, 0]);
        Assert.Equal(2, data.Support(3, 0)!.Group);
        File.Delete(_folder.At("ab_wheel", "2.png"));
        Assert.Contains("2.jpg has no mask",
            Assert.Throws<DataFormatException>(() => new ObjectFolders(_folder.Path)).Message);
    }

    private void WriteVoc()
    {
        string[] folders = ["JPEGImages", "SegmentationClass", "SegmentationClassAug", "ImageSets/Segmentation"];
        foreach (string name in folders) Directory.CreateDirectory(_folder.At(name.Split('/')));
        new Image(4, 3).Save(_folder.At("JPEGImages", "2007_000001.jpg"));
        new Image(4, 3).Save(_folder.At("JPEGImages", "2008_000002.jpg"));
        File.WriteAllBytes(_folder.At("SegmentationClass", "2007_000001.png"), LabelMapWriter.Encode(4, _cowAndPerson));
        File.WriteAllBytes(_folder.At("SegmentationClassAug", "2008_000002.png"), LabelMapWriter.Encode(4, _cow));
        File.WriteAllText(_folder.At("ImageSets", "Segmentation", "val.txt"), "2007_000001\n2008_000002\n");
    }
}
