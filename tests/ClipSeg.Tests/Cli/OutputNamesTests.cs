using System.Text;
using ClipSeg.Cli.Segmenting;
using ClipSeg.Tests.Checkpoints;
using ClipSeg.Tests.Scenes;

namespace ClipSeg.Tests.Cli;

public sealed class OutputNamesTests
{
    [Theory]
    [InlineData("a cup", "a-cup")]
    [InlineData("  The CUP, on/the\\table!  ", "the-cup-on-the-table")]
    [InlineData("größer", "größer")]
    [InlineData("紅色", "紅色")]
    [InlineData("../../etc/passwd", "etc-passwd")]
    [InlineData("🙂", "prompt")]
    [InlineData("", "prompt")]
    public void Slug_keeps_letters_and_digits(string prompt, string expected)
        => Assert.Equal(expected, OutputNames.Slug(prompt));

    [Fact]
    public void Slug_is_never_long()
    {
        Assert.Equal(60, OutputNames.Slug(new string('a', 1000)).Length);
        Assert.Equal(new string('紅', 20), OutputNames.Slug(new string('紅', 1000)));
    }

    [Fact]
    public void A_long_name_becomes_one_that_a_file_may_have_and_stays_its_own()
    {
        OutputNames names = new("out");
        string prompt = new('y', 100), name = new('x', 240);
        string[] pictures = [$"{name}a.jpeg", $"{name}b.jpeg", new string('紅', 80) + ".png"];

        string[] files = [.. pictures.Select(p => names.For(p, [prompt])).SelectMany(n => n.Masks.Append(n.Overlay))];

        Assert.Equal(files.Length, files.Distinct().Count());
        Assert.All(files, f => Assert.InRange(Encoding.UTF8.GetByteCount(Path.GetFileName(f)), 150, 255));
        Assert.Equal(files, pictures.Select(p => new OutputNames("out").For(p, [prompt]))
            .SelectMany(n => n.Masks.Append(n.Overlay)));
    }

    [Fact]
    public void No_two_files_share_a_name()
    {
        using TemporaryFolder folder = new();
        OutputNames names = new(folder.At("out"));
        string[] prompts = ["a cat", "A cat!", "a-cat-2", "overlay"];
        string[] pictures = ["x/photo.jpg", "x/photo.png", "y/photo.png", "y/PHOTO.png", "z/photo-2.png"];

        string[] files = [.. pictures.Select(p => names.For(p, prompts)).SelectMany(n => n.Masks.Append(n.Overlay))];

        Assert.Equal(pictures.Length * (prompts.Length + 1), files.Distinct(StringComparer.OrdinalIgnoreCase).Count());
        Assert.Equal(folder.At("out", "photo.a-cat.png"), files[0]);
        Assert.Equal(folder.At("out", "photo.overlay.jpg"), files[prompts.Length]);
        Assert.All(files, f => Assert.Equal(folder.At("out"), Path.GetDirectoryName(f)));
    }
}
