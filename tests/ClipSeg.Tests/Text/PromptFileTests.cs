using ClipSeg.Tests.Checkpoints;
using ClipSeg.Tests.Scenes;
using ClipSeg.Text;

namespace ClipSeg.Tests.Text;

public sealed class PromptFileTests
{
    [Fact]
    public void Read_skips_blank_lines_and_comments()
    {
        using TemporaryFolder folder = new();
        string path = folder.At("prompts.txt");
        File.WriteAllText(path, "\uFEFF# things\r\n a cat \r\n\r\n\t\nein Hühnerei\n  # not this\n#\nC# book");
        Assert.Equal(["a cat", "ein Hühnerei", "C# book"], PromptFile.Read(path));
    }

    [Fact]
    public void Read_says_where_a_file_is_not_UTF8()
    {
        using TemporaryFolder folder = new();
        string path = folder.At("latin1.txt");
        File.WriteAllBytes(path, [.. "a cat\nein H"u8, 0xFC, .. "hnerei\n"u8]);
        InvalidDataException e = Assert.Throws<InvalidDataException>(() => PromptFile.Read(path));
        Assert.Contains("line 2, byte 11 of the file, is 0xFC", e.Message);
        Assert.Contains(path, e.Message);
    }

    [Fact]
    public void Read_refuses_a_file_that_is_too_large()
    {
        using TemporaryFolder folder = new();
        string path = folder.At("prompts.txt");
        using (FileStream file = File.Create(path)) file.SetLength(1 << 25);
        Assert.Contains("more than 16 MB", Assert.Throws<InvalidDataException>(() => PromptFile.Read(path)).Message);
    }
}
