using ClipSeg.Imaging;
using ClipSeg.Prompts;

namespace ClipSeg.Tests.Cli;

/// <summary>Every mistake gives one line and an exit code, and never a stack trace.</summary>
public sealed class BadInputTests : IDisposable
{
    private readonly CliRun _cli = new();

    public static TheoryData<string> BadPictures
        => [.. Directory.GetFiles(Fixtures.At("images", "bad")).Select(f => Path.GetFileName(f))];

    public void Dispose() => _cli.Dispose();

    [Theory]
    [MemberData(nameof(BadPictures))]
    public void A_bad_picture_is_named(string name)
    {
        string path = Fixtures.At("images", "bad", name);
        _cli.AssertFailed(1, _cli.Segment(path, "a cat"), path);
        _cli.AssertFailed(1, _cli.Segment(CliRun.Scene, "--support", path), path);
        _cli.AssertFailed(1, _cli.Segment(CliRun.Scene, "-s", CliRun.Scene, "--support-mask", path), path);
        Assert.False(Directory.Exists(_cli.Folder.At("out")));
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        string missing = _cli.Folder.At("missing.png");
        _cli.AssertFailed(1, _cli.Segment(missing, "a cat"), missing);
        _cli.AssertFailed(1, _cli.Segment(CliRun.Scene, "a cat", "--prompts", missing), missing);
        _cli.AssertFailed(1, _cli.Segment(CliRun.Scene, "--support", missing), missing);
        _cli.AssertFailed(1, _cli.Segment(CliRun.Scene, "--conditional", missing), missing);
        _cli.AssertFailed(1, _cli.Run("segment", CliRun.Scene, "a cat", "-m", missing), missing);
        _cli.AssertFailed(1, _cli.Run("segment", CliRun.Scene, "a cat", "-m", "org/never-pulled"), "org/never-pulled");
        _cli.AssertFailed(1, _cli.Run("show", missing), missing);
        _cli.AssertFailed(1, _cli.Run("convert", missing, _cli.Folder.At("new")), missing);
    }

    [Theory]
    [InlineData("a cup AND )", "Character 11: Expected a phrase, found ')'.", "  a cup AND )\n            ^\n")]
    [InlineData("\"a cup", "The quotation is not closed.", "  \"a cup\n  ^\n")]
    public void A_mistake_in_an_expression_is_pointed_at(string prompt, string problem, string pointer)
    {
        Assert.Equal(2, _cli.Segment(CliRun.Scene, prompt));
        Assert.StartsWith($"clipseg: Prompt '{prompt}': ", _cli.Errors);
        Assert.Contains(problem, _cli.Errors);
        Assert.EndsWith(pointer, _cli.Errors);
        Assert.Equal(2, _cli.Segment(CliRun.Scene, "a cup", "--not", prompt));
        Assert.EndsWith(pointer, _cli.Errors);
    }

    [Fact]
    public void An_expression_is_neither_blended_nor_saved()
    {
        _cli.AssertFailed(2, _cli.Segment(CliRun.Scene, "a OR b", "-s", CliRun.Scene, "--mix", "0.5"),
            "--mix blends phrases, 'a OR b' is an expression.");
        _cli.AssertFailed(2, _cli.Segment(CliRun.Scene, "a", "--not", "b", "--save-prompt", _cli.Folder.At("p")),
            "--save-prompt is for a phrase or a picture");
        _cli.AssertFailed(2, _cli.Segment(CliRun.Scene, "NOT a", "--save-prompt", _cli.Folder.At("p")),
            "--save-prompt is for a phrase or a picture");
    }

    [Fact]
    public void A_folder_without_pictures_is_named()
        => _cli.AssertFailed(
            1, _cli.Segment(_cli.Folder.Path, "a cat"), $"'{_cli.Folder.Path}' holds no picture (.png, ");

    [Fact]
    public void A_prompt_file_that_is_not_utf8_is_refused()
    {
        string path = _cli.Folder.Write("prompts.txt", [(byte)'a', (byte)'\n', 0xE9, (byte)'t']);
        _cli.AssertFailed(1, _cli.Segment(CliRun.Scene, "--prompts", path), "is not UTF-8: line 2");
    }

    [Theory]
    [InlineData("model.safetensors", "nonsense", "model.safetensors'")]
    [InlineData("config.json", "{", "config.json' is not JSON")]
    [InlineData("config.json", """{"reduce_dim":7}""", "config.json: 'decoder: width' is 7")]
    [InlineData("config.json", """{"vision_config":{"patch_size":16}}""", "expected [")]
    [InlineData("preprocessor_config.json", """{"size":50}""", "Size 50 is not a multiple of the model's patch size 8")]
    [InlineData("vocab.json", "[]", "vocab.json")]
    [InlineData("merges.txt", "#version: 0.2\nzz qq\n", "merges.txt")]
    public void A_broken_checkpoint_is_named(string file, string content, string expected)
    {
        string model = Directory.CreateDirectory(_cli.Folder.At("model")).FullName;
        foreach (string part in Directory.GetFiles(CliRun.Mini))
            File.Copy(part, Path.Combine(model, Path.GetFileName(part)));
        File.WriteAllText(Path.Combine(model, file), content);

        int code = _cli.Run("segment", CliRun.Scene, "a cat", "-m", model, "-o", _cli.Folder.At("out"));

        _cli.AssertFailed(1, code, expected);
        Assert.False(Directory.Exists(_cli.Folder.At("out")));
    }

    [Fact]
    public void A_mask_that_does_not_fit_its_picture_is_named()
    {
        new Mask(3, 3).Save(_cli.Folder.At("small.png"));
        new Mask(133, 97).Save(_cli.Folder.At("black.png"));
        string[] args = [CliRun.Scene, "-s", CliRun.Scene, "--support-mask"];
        _cli.AssertFailed(
            1, _cli.Segment([.. args, _cli.Folder.At("small.png")]), "The mask is 3x3, its picture 133x97");
        _cli.AssertFailed(1, _cli.Segment([.. args, _cli.Folder.At("black.png")]), "The mask is empty");
    }

    [Fact]
    public void A_saved_prompt_of_another_clip_is_named()
    {
        string file = _cli.Folder.At("wide.safetensors");
        new Prompt("wide", new float[512]).Save(file);
        _cli.AssertFailed(1, _cli.Segment(CliRun.Scene, "--conditional", file), "holds a prompt of 512 values");
    }

    [Fact]
    public void An_output_that_cannot_be_written_is_named()
    {
        _cli.Folder.Write("out", []);
        _cli.AssertFailed(1, _cli.Segment(CliRun.Scene, "a cat"), _cli.Folder.At("out"));
    }

    [Theory]
    [InlineData("There is no command 'nonsense'. The commands are segment, show,", "nonsense")]
    [InlineData("There is no command 'segmnet'. Did you mean segment?", "segmnet", "SCENE", "x")]
    [InlineData("There is no command 'scense'. Did you mean scenes? See 'clipseg evaluate ", "evaluate", "scense")]
    [InlineData("No picture", "segment")]
    [InlineData("No picture: name a file, a folder, a wildcard, or - for standard input. 'x' is none", "segment", "x")]
    [InlineData("No prompt", "segment", "SCENE")]
    [InlineData("There is no option --nonsense.", "show", "x", "--nonsense")]
    [InlineData("--threshold is '2', expected a number in 0..1, otsu or peak.", "segment", "SCENE", "x", "-t", "2")]
    [InlineData("--mix is 'half', expected a number in 0..1.", "segment", "SCENE", "x", "--mix", "half")]
    [InlineData("--mix is 'NaN', expected", "segment", "SCENE", "x", "--mix", "NaN")]
    [InlineData("--size is '0', expected a whole number in 1..2048.", "segment", "SCENE", "x", "--size", "0")]
    [InlineData("Size 100 is not a multiple of the model's patch size 8; 96 and 104 are.",
        "segment", "SCENE", "x", "--size", "100", "-m", "MINI")]
    [InlineData("--threads is '0'", "segment", "SCENE", "x", "--threads", "0")]
    [InlineData("--extract-layers is '3,x'", "segment", "SCENE", "x", "--extract-layers", "3,x", "-m", "MINI")]
    [InlineData("--mix needs a text and a --support", "segment", "SCENE", "x", "--mix", "0.5")]
    [InlineData("--mix needs a text and a --support", "segment", "SCENE", "-s", "SCENE", "--mix", "0.5")]
    [InlineData("--visual-prompt needs", "segment", "SCENE", "-s", "SCENE", "--visual-prompt", "crop")]
    [InlineData("no visual prompt 'x'",
        "segment", "SCENE", "-s", "SCENE", "--support-mask", "SCENE", "--visual-prompt", "x")]
    [InlineData("no block 9",
        "segment", "SCENE", "-s", "SCENE", "--support-mask", "SCENE", "--visual-prompt", "all:9", "-m", "MINI")]
    [InlineData("no prompt templates 'x'", "segment", "SCENE", "x", "--template", "x")]
    [InlineData("--save-prompt is for one prompt, there are 2.", "segment", "SCENE", "x", "y", "--save-prompt", "p")]
    [InlineData("--save-logits is for one picture", "segment", "SCENE", "x", "IMAGES", "--save-logits", "l")]
    [InlineData("-o - writes one mask", "segment", "SCENE", "x", "y", "-o", "-")]
    [InlineData("-o - and --json both", "segment", "SCENE", "x", "-o", "-", "--json")]
    [InlineData("which is the screen", "segment", "SCENE", "x", "-o", "-")]
    [InlineData("nothing is piped", "segment", "-", "x", "-m", "MINI")]
    [InlineData("'int8'", "convert", "MINI", "new", "--type", "int8")]
    [InlineData("is not a model's name", "pull", "../x")]
    public void A_bad_command_line_says_what_is_wrong(string expected, params string[] args)
    {
        string[] real = Array.ConvertAll(args, a => a switch
        {
            "SCENE" => CliRun.Scene,
            "MINI" => CliRun.Mini,
            "IMAGES" => Fixtures.At("images"),
            _ => a,
        });
        _cli.AssertFailed(2, _cli.Run(real), expected);
    }

    [Theory]
    [InlineData("segment", "clipseg segment photo.jpg \"a cup\"")]
    [InlineData("show", "clipseg show CIDAS/")]
    [InlineData("convert", "clipseg convert rd64-uni.pth")]
    [InlineData("pull", "clipseg pull CIDAS/")]
    public void Help_ends_in_examples(string command, string expected)
    {
        Assert.Equal(0, _cli.Run(command, "--help"));
        Assert.Contains(expected, _cli.Output[_cli.Output.IndexOf("Examples:")..]);
        Assert.Empty(_cli.Errors);
    }
}
