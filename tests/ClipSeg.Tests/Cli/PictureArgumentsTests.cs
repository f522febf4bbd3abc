using System.Text.Json;
using ClipSeg.Imaging;

namespace ClipSeg.Tests.Cli;

/// <summary>Which words are pictures, which are prompts, and which are mistakes.</summary>
public sealed class PictureArgumentsTests : IDisposable
{
    private readonly CliRun _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public void Files_folders_and_wildcards_are_pictures_wherever_they_stand_and_the_rest_is_prompts()
    {
        Copy("in/a.png", "in/b.png", "IMG_1.png", "IMG_2.png", "IMG_30.png");

        Assert.Equal(0, _cli.Segment(
            _cli.Folder.At("in"), "a dog", _cli.Folder.At("IMG_?.png"), "is it a cat?", _cli.Folder.At("IMG_3*")));

        Assert.Equal(["IMG_1", "IMG_2", "IMG_30", "a", "b"],
            _cli.Written().Where(f => f.EndsWith(".overlay.png")).Select(f => f.Split('.')[0]));
        Assert.Equal(["a.a-dog.png", "a.is-it-a-cat.png", "a.overlay.png"],
            _cli.Written().Where(f => f.StartsWith("a.")));
    }

    [Fact]
    public void A_wildcard_goes_into_folders_and_each_picture_counts_once()
    {
        Copy("in/x/a.png", "in/y/z/b.png", "in/c.png", "in/.hidden/d.png");
        Assert.Equal(0, _cli.Segment(
            _cli.Folder.At("in", "**", "*.png"), _cli.Folder.At("in", "?", "a.png"), "a dog", "--json"));
        Assert.Equal(["c.png", "a.png", "b.png"], Pictures());
    }

    [Fact]
    public void With_named_prompts_every_other_word_is_a_picture()
    {
        Copy("a dog.png");
        Assert.Equal(0, _cli.Segment(_cli.Folder.At("a dog.png"), "-p", CliRun.Scene, "--prompt=-5 degrees", "--json"));
        Assert.Equal(["a dog.png"], Pictures());
        Assert.Contains("\"prompt\":\"-5 degrees\"", _cli.Output);

        _cli.AssertFailed(1, _cli.Segment(CliRun.Scene, "a dog", "-p", "a cat"), "There is no picture 'a dog'.");
    }

    [Theory]
    [InlineData(1, "There is no picture 'IMG.jpg'. If it is what to find, say so with --prompt.", "IMG.jpg")]
    [InlineData(1, "There is no picture 'scan.tiff'.", "scan.tiff")]
    [InlineData(1, "There is no picture 'no/such'.", "no/such")]
    [InlineData(1, "No file matches 'nothing-*'.", "nothing-*")]
    [InlineData(2, "'https://example.org/a.jpg' is an address; this", "https://example.org/a.jpg")]
    [InlineData(2, "A prompt is empty", "")]
    [InlineData(2, "A prompt is empty", "a dog", " ")]
    [InlineData(2, "A prompt is empty", "--prompt", "")]
    [InlineData(2, "There is no option --threshhold. Did you mean --threshold?", "a dog", "--threshhold", "0.3")]
    [InlineData(2, "There is no option --promt. Did you mean --prompt?", "--promt=a dog")]
    [InlineData(2, "There is no option -ofolder.", "a dog", "-ofolder")]
    [InlineData(2, "There is no option -prompt. Did you mean --prompt?", "-prompt", "a dog")]
    [InlineData(2, "There is no option --jsn. Did you mean --json?", "-o", "--jsn", "a dog")]
    [InlineData(2, "There is no option -5.", "-5")]
    [InlineData(2, "--threshold is '-1', expected a number in 0..1, otsu or peak.", "a dog", "--threshold", "-1")]
    public void A_word_that_can_be_neither_is_a_mistake(int code, string expected, params string[] words)
        => _cli.AssertFailed(code, _cli.Segment([CliRun.Scene, .. words]), expected);

    [Fact]
    public void After_two_hyphens_a_prompt_may_look_like_an_option()
    {
        Assert.Equal(0, _cli.Run("segment", "-m", CliRun.Mini, "-o", _cli.Folder.At("out"), "--", CliRun.Scene, "--x"));
        Assert.Equal(["scene.overlay.png", "scene.x.png"], _cli.Written());
    }

    [Fact]
    public void What_a_folder_holds_beside_pictures_is_passed_over_and_counted()
    {
        Copy("in/a.png", "in/b.JFIF", "in/c.jpe", "in/d.dib", "in/e.webp", "in/._a.png", "in/.DS_Store", "in/notes.txt",
            "in/sub/f.png");

        Assert.Equal(0, _cli.Segment(_cli.Folder.At("in"), "a dog", "--json"));

        Assert.Equal(["a.png", "b.JFIF", "c.jpe", "d.dib", "e.webp"], Pictures());
        Assert.Equal("clipseg: Passed over: files not named like pictures (1), folders (1), hidden files (2).\n",
            _cli.Errors);
        Assert.Equal(0, _cli.Segment(_cli.Folder.At("in", "*"), "a dog", "--json"));
        Assert.Equal(["a.png", "b.JFIF", "c.jpe", "d.dib", "e.webp"], Pictures());
    }

    [Fact]
    public void Results_beside_their_pictures_are_not_read_again()
    {
        string longName = new string('x', 245) + ".png";
        Copy("in/a.png", "in/b.jpg", "in/a.copy.png", "in/plan.overlay.png", $"in/{longName}");
        string folder = _cli.Folder.At("in");
        string[] args = ["segment", folder, "-m", CliRun.Mini, "-o", folder, "--json", "-p"];
        Assert.Equal(0, _cli.Run([.. args, "a dog"]));
        int files = Directory.GetFiles(folder).Length;

        Assert.Equal(0, _cli.Run([.. args, "a cat"]));

        // The copy has become a result by its name, as a.overlay.png is there now; a plan without a picture has not.
        Assert.Equal(["a.png", "b.jpg", "plan.overlay.png", longName], Pictures());
        Assert.Contains("results of this program", _cli.Errors);
        Assert.Equal(files + 4, Directory.GetFiles(folder).Length);
    }

    [Theory]
    [InlineData("mask", "png")]
    [InlineData("mask", "jpg")]
    [InlineData("mask", "webp")]
    [InlineData("binary", "png")]
    [InlineData("cutout,heatmap,labels", "webp")]
    [InlineData("overlay", "jpg")]
    public void Results_of_every_kind_are_known_beside_their_pictures(string kinds, string format)
    {
        string longName = new string('x', 245) + ".png";
        Copy("in/a.png", "in/a.jpg", "in/A b.2.png", "in/a.small.png", "in/notes.a-dog.png", $"in/{longName}");
        string folder = _cli.Folder.At("in");
        string[] args = ["segment", folder, "-m", CliRun.Mini, "-o", folder, "--json", "--save", kinds, "--format",
            format, "-p"];
        Assert.Equal(0, _cli.Run([.. args, "a dog", "-p", "A DOG!"]));
        string[] pictures = Pictures();
        int files = Directory.GetFiles(folder).Length;

        Assert.Equal(0, _cli.Run([.. args, "a cat"]));

        // A picture that is named like a mask is in colour; beside an overlay its name decides.
        string[] known = kinds == "overlay" ? [.. pictures.Where(p => p != "a.small.png")] : pictures;
        Assert.Equal(known, Pictures());
        Assert.Equal(6, pictures.Length);
        Assert.Contains("results of this program", _cli.Errors);
        Assert.True(Directory.GetFiles(folder).Length >= files);
    }

    [Fact]
    public void A_picture_is_read_from_a_pipe_and_a_mask_written_to_one()
    {
        using MemoryStream input = new(File.ReadAllBytes(CliRun.Scene)), output = new();
        (_cli.Input, _cli.Pipe) = (input, output);

        Assert.Equal(0, _cli.Run("segment", "-", "a dog", "-m", CliRun.Mini, "--guided", "0", "-o", "-"));

        using Segmenter segmenter = Segmenter.Load(CliRun.Mini);
        Close.All(segmenter.Segment(Image.Load(CliRun.Scene), "a dog").Values, Mask.Decode(output.ToArray()).Values,
            0.6f / 255);
        Assert.Empty(_cli.Output);
    }

    [Fact]
    public void A_picture_from_a_pipe_gets_files_like_others()
    {
        _cli.Input = new MemoryStream(File.ReadAllBytes(CliRun.Scene));
        Assert.Equal(0, _cli.Segment("-", "a dog"));
        Assert.Equal(["stdin.a-dog.png", "stdin.overlay.png"], _cli.Written());

        _cli.Input = new MemoryStream([1, 2, 3]);
        _cli.AssertFailed(1, _cli.Segment("-", "a dog"), "standard input: not a picture");
    }

    [Fact]
    public void Recursively_results_lie_as_the_pictures_do_and_the_folder_of_results_is_left_out()
    {
        Copy("in/a.png", "in/x/a.png", "in/x/y/a.png", "in/x/y/b.png", "in/.hidden/c.png", "in/out/old.png");

        Assert.Equal(0, _cli.Run("segment", _cli.Folder.At("in"), "-r", "-p", "a dog", "-m", CliRun.Mini, "--save",
            "mask", "-o", _cli.Folder.At("in", "out")));

        string results = _cli.Folder.At("in", "out");
        string[] files = [.. Directory.GetFiles(results, "*.a-dog.png", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(results, f).Replace('\\', '/')).Order(StringComparer.Ordinal)];
        Assert.Equal(["a.a-dog.png", "x/a.a-dog.png", "x/y/a.a-dog.png", "x/y/b.a-dog.png"], files);
    }

    [Fact]
    public void A_list_names_pictures_and_what_does_not_exist_is_an_error_of_that_picture()
    {
        Copy("in/a.png", "in/b.png");
        string list = string.Join('\n',
            _cli.Folder.At("in", "b.png"), "", _cli.Folder.At("nowhere.png"), _cli.Folder.At("in", "a.png"), "");
        File.WriteAllText(_cli.Folder.At("list.txt"), list);

        Assert.Equal(1, _cli.Segment("--list", _cli.Folder.At("list.txt"), "a dog", "--json"));
        Assert.Equal(["b.png", "nowhere.png", "a.png"], Pictures());
        Assert.Contains("nowhere.png", Assert.Single(_cli.Errors.TrimEnd('\n').Split('\n')));

        _cli.Input = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(list));
        Assert.Equal(1, _cli.Segment("--list", "-", "a dog", "--json"));
        Assert.Equal(["b.png", "nowhere.png", "a.png"], Pictures());
    }

    private void Copy(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_cli.Folder.At(name))!);
            File.Copy(CliRun.Scene, _cli.Folder.At(name));
        }
    }

    /// <summary>The names of the pictures that the run printed, in its order.</summary>
    private string[] Pictures() => [.. _cli.Output.TrimEnd('\n').Split('\n').Select(line =>
    {
        using JsonDocument json = JsonDocument.Parse(line);
        return Path.GetFileName(json.RootElement.GetProperty("picture").GetString()!);
    })];
}
