using ClipSeg.Imaging;
using ClipSeg.Scenes;
using ClipSeg.Scenes.Pretraining;
using ClipSeg.Tests.Checkpoints;
using ClipSeg.Training.Data;

namespace ClipSeg.Tests.Scenes.Pretraining;

public sealed class CaptionFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public CaptionFolderTests() => new Image(8, 6).Save(_folder.At("one.png"));

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("captions.csv", "image,caption\n", "one.png,\"a crack, {0}\"\n")]
    [InlineData("captions.jsonl", "", "{\"image\": \"one.png\", \"caption\": \"a crack, {0}\"}\n")]
    public void List_gives_pictures_and_captions_and_every_tenth_is_for_validation(
        string name, string header, string line)
    {
        Write(name, header + string.Concat(Enumerable.Range(0, 21).Select(i => line.Replace("{0}", $"no. {i}"))));

        (CaptionFolder train, CaptionFolder validation) = CaptionFolder.Open(_folder.Path);

        Assert.Equal((19L, 2L), (train.Count, validation.Count));
        CaptionSample sample = validation.Get(1);
        Assert.Equal("a crack, no. 19", sample.Caption);
        Assert.Equal((8, 6), (sample.Picture.Width, sample.Picture.Height));
    }

    [Theory]
    [InlineData("captions.csv", "picture,caption\none.png,x\n", "header")]
    [InlineData("captions.csv", "image,caption\none.png, \n", "line 2: the caption is empty")]
    [InlineData("captions.csv", "image,caption\n../one.png,x\n", "leaves the list's folder")]
    [InlineData("captions.csv", "image,caption\ntwo.png,x\n", "line 2: there is no file 'two.png'")]
    [InlineData("captions.jsonl", "{\"image\": \"one.png\"}\n", "line 1")]
    [InlineData("captions.jsonl", "\n{\"image\": \"one.png\", \"caption\": \"x\", \"mask\": \"m\"}\n", "line 2")]
    [InlineData("captions.jsonl", "nonsense\n", "line 1")]
    [InlineData("labels.csv", "image,caption\n", "should have one list of captions")]
    public void What_is_wrong_with_a_list_is_said_with_its_line(string name, string text, string expected)
    {
        Write(name, text);
        DataFormatException e = Assert.Throws<DataFormatException>(() => CaptionFolder.Open(_folder.Path));
        Assert.Contains(expected, e.Message);
    }

    private void Write(string name, string text) => File.WriteAllText(_folder.At(name), text);
}
