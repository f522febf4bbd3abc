using System.Text.Json;
using ClipSeg.Cli.Segmenting;
using ClipSeg.Imaging;
using ClipSeg.Training.Data;

namespace ClipSeg.Tests.Cli;

/// <summary>Folders of pictures: going on after a stop, following, accounts, data sets.</summary>
public sealed class LongRunTests : IDisposable
{
    private readonly CliRun _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public void A_run_that_was_killed_goes_on_and_a_second_time_there_is_nothing_to_do()
    {
        string[] pictures = Pictures(12);
        File.WriteAllBytes(pictures[3], [1, 2, 3]);
        Assert.Equal(1, Run("a dog"));
        string[] files = _cli.Written();
        Assert.Equal(2 * 11, files.Length);
        string coco = File.ReadAllText(_cli.Folder.At("coco.json"));
        string[] report = ReportLines();

        // As a kill leaves it: the last pictures not noted, one line cut off, one picture's files half there.
        string journal = _cli.Folder.At("out", Journal.FileName);
        string[] lines = File.ReadAllLines(journal);
        File.WriteAllText(journal, string.Join('\n', lines[..6]) + "\n" + lines[6][..40]);
        File.Delete(Path.Combine(_cli.Folder.At("out"), "p01.a-dog.png"));
        foreach (string name in files.Where(f => f.StartsWith("p1"))) File.Delete(_cli.Folder.At("out", name));

        Assert.Equal(1, Run("a dog", "--resume"));

        Assert.Equal(files, _cli.Written());
        Assert.Equal(coco, File.ReadAllText(_cli.Folder.At("coco.json")));
        Assert.Equal(report[..^1], ReportLines()[..^1]);
        Assert.Equal((12, 7, 4, 1), Summary());         // five were noted, and of one a file was gone
        Assert.Contains("p03.png", _cli.Errors);
        Assert.Equal(7 + 1, _cli.Output.TrimEnd('\n').Split('\n').Length);

        DateTime before = File.GetLastWriteTimeUtc(_cli.Folder.At("out", "p05.a-dog.png"));
        Assert.Equal(1, Run("a dog", "--resume"));
        Assert.Equal((12, 0, 11, 1), Summary());
        Assert.Equal(before, File.GetLastWriteTimeUtc(_cli.Folder.At("out", "p05.a-dog.png")));
        Assert.Equal(coco, File.ReadAllText(_cli.Folder.At("coco.json")));
    }

    [Fact]
    public void A_picture_of_many_gets_what_it_gets_alone()
    {
        string[] pictures = Pictures(9);        // more than four for each of two threads, which then share none
        Assert.Equal(0, Run("a dog", "--threads", "2"));
        byte[] Result(string name) => File.ReadAllBytes(_cli.Folder.At("out", name));
        foreach (string picture in pictures)
        {
            string[] names = [.. new[] { "a-dog.png", "overlay.png" }
                .Select(end => $"{Path.GetFileNameWithoutExtension(picture)}.{end}")];
            byte[][] among = [.. names.Select(Result)];
            Assert.Equal(0, _cli.Segment(picture, "a dog", "--threads", "2"));
            Assert.Equal(among, names.Select(Result));
        }
    }

    [Fact]
    public void What_changed_is_done_again_and_another_command_does_not_go_on()
    {
        string[] pictures = Pictures(3);
        Assert.Equal(0, Run("a dog"));
        new Image(5, 5).Save(pictures[1]);
        Assert.Equal(0, Run("a dog", "--resume"));
        Assert.Equal((3, 1, 2, 0), Summary());

        _cli.AssertFailed(2, Run("a cat", "--resume"), "the list of prompts was 'a dog', and is 'a cat' now.");
        _cli.AssertFailed(2, Run("a dog", "--resume", "--grow", "2"), "--grow was not given, and is '2' now.");
        Assert.Equal(0, Run("a dog", "--grow", "2"));
        Assert.Equal(0, Run("a dog", "--grow", "2", "--resume"));
        Assert.Equal((3, 0, 3, 0), Summary());

        File.AppendAllText(_cli.Folder.At("out", Journal.FileName), "{}\nnonsense\n");
        _cli.AssertFailed(1, Run("a dog", "--grow", "2", "--resume"), "is damaged at byte");
    }

    [Fact]
    public void A_coco_file_holds_what_the_masks_hold()
    {
        Pictures(2);
        Assert.Equal(0, Run("a dog", "-p", "a cat", "-t", "peak", "--save", "binary"));

        CocoFile file = CocoFile.Read(_cli.Folder.At("coco.json"));
        Assert.Equal(["p00.png", "p01.png"], file.Images.Select(i => i.FileName));
        Assert.Equal(["a dog", "a cat"], file.Categories.Select(c => c.Name));
        Mask cat = Mask.Load(_cli.Folder.At("out", "p01.a-cat.binary.png")), together = new(cat.Width, cat.Height);
        CocoRle[] things = [.. file.Annotations.Where(a => (a.ImageId, a.CategoryId) == (2, 2))
            .Select(a => a.Segmentation.Runs!)];
        Assert.Equal(cat.Components().Count, things.Length);
        foreach (CocoRle thing in things) thing.Fill(together);
        Assert.Equal(cat.Values, together.Values);

        Assert.Equal(0, Run("a dog", "-t", "peak", "--coco-polygons", "0"));
        Assert.All(CocoFile.Read(_cli.Folder.At("coco.json")).Annotations, a => Assert.Null(a.Segmentation.Runs));
        _cli.AssertFailed(2, _cli.Segment(_cli.Folder.At("in"), "a dog", "--coco-polygons", "0"), "is for --coco");
    }

    [Fact]
    public async Task Watching_finds_new_pictures_until_it_is_stopped()
    {
        Pictures(1);
        using CancellationTokenSource stop = new();
        Task<int> run = Task.Run(() => _cli.Run(stop.Token, "segment", _cli.Folder.At("in"), "-p", "a dog", "--watch",
            "-m", CliRun.Mini, "-o", _cli.Folder.At("out"), "--report", _cli.Folder.At("report.jsonl")));
        await Appears("p00.overlay.png");

        File.Copy(CliRun.Scene, _cli.Folder.At("in", "late.png"));
        await Appears("late.overlay.png");
        await stop.CancelAsync();

        Assert.Equal(0, await run);
        Assert.Equal((2, 2, 0, 0), Summary());
        Assert.Equal(["late.a-dog.png", "late.overlay.png", "p00.a-dog.png", "p00.overlay.png"], _cli.Written());
        _cli.AssertFailed(2, _cli.Segment(CliRun.Scene, "a dog", "--watch"), "--watch follows folders");
    }

    private async Task Appears(string name)
    {
        for (int i = 0; i < 600 && !File.Exists(_cli.Folder.At("out", name)); i++) await Task.Delay(100);
        Assert.True(File.Exists(_cli.Folder.At("out", name)), name);
    }

    private int Run(string prompt, params string[] more) => _cli.Segment([_cli.Folder.At("in"), "-p", prompt, "--json",
        "--coco", _cli.Folder.At("coco.json"), "--report", _cli.Folder.At("report.jsonl"), .. more]);

    private string[] ReportLines() => File.ReadAllLines(_cli.Folder.At("report.jsonl"));

    private (int Pictures, int Done, int Resumed, int Failed) Summary()
    {
        using JsonDocument json = JsonDocument.Parse(ReportLines()[^1]);
        JsonElement summary = json.RootElement.GetProperty("summary");
        return (Of("pictures"), Of("done"), Of("resumed"), Of("failed"));

        int Of(string key) => summary.GetProperty(key).GetInt32();
    }

    private string[] Pictures(int count)
    {
        Directory.CreateDirectory(_cli.Folder.At("in"));
        string[] paths = [.. Enumerable.Range(0, count).Select(i => _cli.Folder.At("in", $"p{i:00}.png"))];
        foreach (string path in paths) File.Copy(CliRun.Scene, path, overwrite: true);
        return paths;
    }
}
