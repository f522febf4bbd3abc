using ClipSeg.Tests.Checkpoints;
using ClipSeg.Tests.Scenes;
using ClipSeg.Training.Data;

namespace ClipSeg.Tests.Training.Data;

public sealed class RemovedWordsTests
{
    private static readonly RemovedWords _words = new(["cat", "pot plant"]);

    [Theory]
    [InlineData("black cat", true)]
    [InlineData("cat", true)]
    [InlineData("cats", false)]             // the list has to name every form
    [InlineData("Cat", false)]              // phrases are compared as they are
    [InlineData("cat, sleeping", false)]
    [InlineData("the pot plants", true)]    // several words count anywhere
    [InlineData("potted plant", false)]
    [InlineData("plant in a pot", false)]
    public void Words_count_as_tokens_and_phrases_anywhere(string phrase, bool expected)
        => Assert.Equal(expected, _words.AreIn(phrase));

    [Fact]
    public void List_is_read_line_by_line()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("words.txt"), "cat\r\n\n  pot plant \n");
        RemovedWords words = RemovedWords.Read(folder.At("words.txt"));
        Assert.True(words.AreIn("a cat") && words.AreIn("pot plant") && !words.AreIn("a dog") && !words.AreIn(""));
    }

    [Fact]
    public void List_that_cannot_be_read_is_named()
    {
        using TemporaryFolder folder = new();
        (string empty, string bad) = (folder.At("empty"), folder.At("bad"));
        File.WriteAllText(empty, " \n");
        File.WriteAllBytes(bad, [0xE9]);
        foreach (string path in (string[])[folder.At("missing"), empty, bad])
            Assert.Contains(path, Assert.Throws<DataFormatException>(() => RemovedWords.Read(path)).Message);
    }
}
