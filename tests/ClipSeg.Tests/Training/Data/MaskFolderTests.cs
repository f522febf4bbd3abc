using ClipSeg.Imaging;
using ClipSeg.Scenes;
using ClipSeg.Tests.Checkpoints;
using ClipSeg.Tests.Scenes;
using ClipSeg.Training.Data;

namespace ClipSeg.Tests.Training.Data;

public sealed class MaskFolderTests
{
    [Fact]
    public void Csv_list_is_read_with_its_quotes()
    {
        using TemporaryFolder folder = Folder("phrases.csv",
            "image,mask,phrase,kind\r\na.png,m.png,\"a \"\"big\"\" cup, blue\",name\r\n\r\n"
            + "b.png,m.png,a cup,\r\na.png,m.png,a cup,\r\n");
        MaskFolder data = new(folder.Path);
        SegmentationSample first = data.Get(0);
        Assert.Equal((3, "a \"big\" cup, blue", "name"), (data.Count, first.Phrase, first.Kind));
        Assert.Equal([0, 1, 0, 0, 0, 0], first.Mask.Values);
        Assert.Equal((0, 1, 0), (first.Group, data.Get(1).Group, data.Get(2).Group));
        Assert.Equal("a cup", data.Support(1, 9)!.Phrase);
        Assert.Null(data.Support(0, 9));
        NegativePhrase absent = data.Negative(1, 4, withSupport: true);
        Assert.Equal(("a \"big\" cup, blue", null), (absent.Phrase, absent.Support));
        Assert.Throws<DataFormatException>(() => data.Negative(0, 4, withSupport: false));  // has both phrases
    }

    [Fact]
    public void Scenes_written_and_read_back_are_the_same()
    {
        using TemporaryFolder folder = new();
        SceneGenerator generator = new(TestArtwork.Catalogue, new() { Size = 40, Pool = ConceptPool.Mixed });
        SceneFiles.WriteFolder(folder.Path, generator, SceneSplit.Test, seed: 8, count: 6, phrasesPerScene: 2);
        MaskFolder data = new(folder.Path);
        int sample = 0;
        for (int i = 0; i < 6; i++)
        {
            Scene scene = generator.Generate(SceneSplit.Test, 8, i);
            foreach (Phrase phrase in SceneFiles.PhrasesOf(scene, i, 2))
            {
                SegmentationSample read = data.Get(sample++);
                Assert.Equal((phrase.Text, SceneData.KindOf(phrase)), (read.Phrase, read.Kind));
                Assert.Equal(scene.Mask(phrase.Objects).Values, read.Mask.Values);
            }
        }
        Assert.Equal(sample, data.Count);
    }

    [Theory]
    [InlineData("phrases.csv", "image,mask", "line 1: the header is 'image,mask'")]
    [InlineData("phrases.csv", "a.png,m.png,a cup", "line 1: the header is")]
    [InlineData("phrases.csv", "image,mask,phrase\na.png,m.png", "line 2: 2 values, the header has 3")]
    [InlineData("phrases.csv", "image,mask,phrase\n\na.png,m.png,", "line 3: the phrase is empty")]
    [InlineData("phrases.csv", "image,mask,phrase\na.png,,cup", "line 2: a path is empty")]
    [InlineData("phrases.csv", "image,mask,phrase\nc.png,m.png,cup", "line 2: there is no file 'c.png'")]
    [InlineData("phrases.csv", "image,mask,phrase\n../a.png,m.png,cup", "line 2: the path '../a.png' leaves")]
    [InlineData("phrases.csv", "image,mask,phrase\n/etc/passwd,m.png,cup", "leaves the list's folder")]
    [InlineData("phrases.csv", "image,mask,phrase\na.png,m.png,\"cup", "line 2: a quote is not closed")]
    [InlineData("phrases.csv", "image,mask,phrase\na.png,m.png,\"cup\"s", "after a closing quote, got 's'")]
    [InlineData("phrases.csv", "image,mask,phrase\na.png,m.png,c\"up", "line 2: a quote within a value")]
    [InlineData("phrases.csv", "image,mask,phrase\n", "names no picture")]
    [InlineData("phrases.jsonl", "[]", "line 1: expected a JSON object")]
    [InlineData("phrases.jsonl", "{\"image\": \"a.png\", \"mask\": \"m.png\"}", "line 1: 'phrase' is missing")]
    [InlineData("phrases.jsonl", "{\"image\": 1}", "line 1: 'image' is not a text")]
    [InlineData("phrases.jsonl", "{\"picture\": \"a\"}", "line 1: unknown key 'picture'")]
    [InlineData("phrases.jsonl", "{\"image\": \"a.png\", \"image\": \"a.png\"}", "line 1: 'image' stands twice")]
    [InlineData("phrases.jsonl", "\n{\"image\"", "line 2: ")]
    [InlineData("phrases.txt", "", "expected one")]
    public void Anything_else_is_refused_with_its_line(string name, string text, string message)
    {
        using TemporaryFolder folder = Folder(name, text);
        DataFormatException e = Assert.Throws<DataFormatException>(() => new MaskFolder(folder.Path));
        Assert.Contains(message, e.Message);
    }

    [Fact]
    public void Bytes_that_are_not_utf8_are_refused()
    {
        using TemporaryFolder folder = Folder("phrases.csv", "");
        File.WriteAllBytes(folder.At("phrases.csv"), [(byte)'i', 0xFF, 0xFE]);
        Assert.Contains("not UTF-8", Assert.Throws<DataFormatException>(() => new MaskFolder(folder.Path)).Message);
    }

    [Fact]
    public void Pictures_are_checked_when_they_are_read()
    {
        using TemporaryFolder folder =
            Folder("list.jsonl", """{"image": "a.png", "mask": "m.png", "phrase": "a cup"}""");
        MaskFolder data = new(folder.At("list.jsonl"));
        new Mask(2, 2).Save(folder.At("m.png"));
        DataFormatException e = Assert.Throws<DataFormatException>(() => data.Get(0));
        Assert.Contains("line 1: the mask is 2x2, the picture 3x2", e.Message);
        File.WriteAllText(folder.At("m.png"), "no picture");
        Assert.Contains("list.jsonl, line 1: ", Assert.Throws<DataFormatException>(() => data.Get(0)).Message);
    }

    private static TemporaryFolder Folder(string list, string text)
    {
        TemporaryFolder folder = new();
        new Image(3, 2).Save(folder.At("a.png"));
        new Image(3, 2).Save(folder.At("b.png"));
        new Mask(3, 2, [0, 0.6f, 0.2f, 0, 0, 0]).Save(folder.At("m.png"));
        File.WriteAllText(folder.At(list), text);
        return folder;
    }
}
