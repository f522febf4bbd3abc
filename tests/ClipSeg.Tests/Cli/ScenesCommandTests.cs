using System.Text.Json;
using ClipSeg.Imaging;
using ClipSeg.Tests.Scenes;
using ClipSeg.Training.Data;

namespace ClipSeg.Tests.Cli;

/// <summary>scenes and evaluate scenes.</summary>
public sealed class ScenesCommandTests : IDisposable
{
    private static readonly string[] _artwork = ["--artwork", EmojiFactAttribute.Folder];

    private readonly CliRun _cli = new();

    public void Dispose() => _cli.Dispose();

    [EmojiFact]
    public void Scenes_come_as_a_folder_of_pictures_masks_and_phrases()
    {
        string folder = _cli.Folder.At("scenes");
        Directory.CreateDirectory(folder);

        Assert.Equal(0, _cli.Run(["scenes", "--out", folder, "--count", "5", "--size", "64", .. _artwork]));

        Assert.Equal([folder], Directory.GetDirectories(_cli.Folder.Path));
        MaskFolder data = new(folder);
        Assert.InRange(data.Count, 5, 20);
        Assert.Equal(5, Directory.GetFiles(Path.Combine(folder, "images")).Length);
        Assert.Equal((64, 64), (data.Get(0).Picture.Width, data.Get(0).Picture.Height));
        Assert.Equal(folder + "\n", _cli.Output);
    }

    [EmojiFact]
    public void Scenes_come_as_a_PhraseCut_folder_in_one_split_or_three()
    {
        string three = _cli.Folder.At("three"), one = _cli.Folder.At("one");
        string[] options = ["--count", "10", "--size", "32", "--format", "phrasecut", .. _artwork];
        Assert.Equal(0, _cli.Run(["scenes", "--out", three, .. options]));
        Assert.Equal(0, _cli.Run(["scenes", "--out", one, "--split", "test", "--pool", "heldout", .. options]));

        Assert.Equal([8, 1, 1], Pictures(three));
        Assert.Equal([0, 0, 10], Pictures(one));

        static int[] Pictures(string folder) => [.. ((string[])["train", "val", "test"]).Select(split =>
        {
            using JsonDocument tasks = JsonDocument.Parse(
                File.ReadAllBytes(Path.Combine(folder, $"refer_{split}.json")));
            return tasks.RootElement.EnumerateArray().DistinctBy(t => t.GetProperty("image_id").GetInt64()).Count();
        })];
    }

    [EmojiFact]
    public void Scenes_that_are_stopped_leave_nothing_behind()
    {
        using CancellationTokenSource stop = new();
        stop.Cancel();
        int code = _cli.Run(stop.Token, ["scenes", "-o", _cli.Folder.At("scenes"), "-n", "5", .. _artwork]);
        _cli.AssertFailed(130, code, "Stopped.");
        Assert.Empty(Directory.GetFileSystemEntries(_cli.Folder.Path));
    }

    [Fact]
    public void Scenes_go_to_a_new_or_empty_folder_only()
    {
        File.WriteAllText(_cli.Folder.At("file"), "mine");
        int code = _cli.Run("scenes", "--out", _cli.Folder.Path, "--count", "1");
        _cli.AssertFailed(1, code, "is not empty; scenes are written to a new or empty folder.");
        code = _cli.Run("scenes", "--out", _cli.Folder.At("file"), "--count", "1");
        _cli.AssertFailed(1, code, "is a file, expected a new or empty folder.");
        Assert.Equal("mine", File.ReadAllText(_cli.Folder.At("file")));
    }

    [Theory]
    [InlineData("scenes", "--out", "new", "--count", "1")]
    [InlineData("evaluate", "scenes", "--model", "mini")]
    public void Missing_artwork_is_named_with_the_script_that_fetches_it(params string[] args)
    {
        string artwork = _cli.Folder.At("nothing");
        int code = _cli.Run([.. args.Select(a => a == "new" ? _cli.Folder.At(a) : a), "--artwork", artwork]);
        _cli.AssertFailed(1, code, $"'{artwork}'. Fetch it with: dotnet run scripts/get-data.cs");
        Assert.Empty(Directory.GetFileSystemEntries(_cli.Folder.Path));
    }

    [EmojiFact]
    public void Evaluate_writes_tables_numbers_a_sheet_and_a_plot()
    {
        string json = _cli.Folder.At("new/n.json"), sheet = _cli.Folder.At("s.png"), plot = _cli.Folder.At("b.png");
        string[] options = ["--scenes", "4", "--validation-scenes", "2", "--seed", "7", .. _artwork];

        Assert.Equal(0, _cli.Run(["evaluate", "scenes", "--model", CliRun.Mini, .. options,
            "--json", json, "--sheet", sheet, "--blend-plot", plot]));

        foreach (string part in (string[])["4 test scenes of 48 x 48", "held-out to seen names", "mixed: held out",
            "picture's weight", "0.5", "noto", "twemoji", "top 5"])
            Assert.Contains(part, _cli.Output);
        Assert.All(_cli.Output.Split('\n'), line => Assert.InRange(line.TrimEnd().Length, 0, 80));
        using JsonDocument numbers = JsonDocument.Parse(File.ReadAllBytes(json));
        Assert.Equal(7, numbers.RootElement.GetProperty("seed").GetInt32());
        bool hasClipArt = Directory.Exists(Path.Combine(EmojiFactAttribute.Folder, "openclipart"));
        Assert.Equal(hasClipArt ? 7 : 6, numbers.RootElement.GetProperty("retrieval").GetArrayLength());
        Assert.True(Image.Load(sheet).Height > 800);
        Assert.Equal(900, Image.Load(plot).Width);
        Assert.Empty(_cli.Errors);
    }

    [Theory]
    [InlineData("--sheet", "sheet.jpg", "must end in .png")]
    [InlineData("--blend-plot", "plot", "must end in .png")]
    [InlineData("--scenes", "1", "--scenes is '1', expected a whole number in 2..")]
    [InlineData("--nonsense", "1", "See 'clipseg evaluate scenes --help'.")]
    public void Evaluate_refuses_what_it_could_not_write_before_it_begins(string option, string value, string expected)
        => _cli.AssertFailed(2, _cli.Run("evaluate", "scenes", option, value), expected);
}
