using System.Text.Json;
using ClipSeg.Imaging;
using ClipSeg.Tests.Training.Data;

namespace ClipSeg.Tests.Cli;

public sealed class EvaluateTaskCommandTests : IDisposable
{
    private readonly CliRun _cli = new();
    private readonly TemporaryFolder _data = new();

    public void Dispose()
    {
        _cli.Dispose();
        _data.Dispose();
    }

    [Theory]
    [InlineData("referring", "is no data set that is known: expected image_data_split.json")]
    [InlineData("folder", "phrases.csv or phrases.jsonl (a list of pictures and masks)")]
    [InlineData("one-shot", "JPEGImages, SegmentationClass, ImageSets/Segmentation (Pascal VOC)")]
    [InlineData("zero-shot", "expected Pascal VOC (JPEGImages, SegmentationClass, ImageSets/Segmentation), or images")]
    [InlineData("classes", "or images, labels and classes.txt")]
    [InlineData("prompts", "(annotations/instances_val*.json or lvis_*_val*.json), expected one")]
    [InlineData("visual-prompts", "annotations/instances_*.json or lvis_*.json, and pictures (COCO or LVIS)")]
    public void A_wrong_folder_gives_one_line_that_says_what_was_expected_where(string task, string expected)
    {
        _cli.AssertFailed(1, Run(task), expected);
        Assert.Contains($"'{_data.Path}'", _cli.Errors);
    }

    [Theory]
    [InlineData("referring")]
    [InlineData("one-shot", "--seeds", "2")]
    [InlineData("one-shot", "--prompt", "text", "--as-published", "--fold", "0")]
    [InlineData("zero-shot", "--unseen", "2")]
    [InlineData("zero-shot", "--unseen", "horse", "--background-names", "sky, grass")]
    [InlineData("classes", "--background", "ignore")]
    [InlineData("visual-prompts")]
    public void Pascal_VOC_goes_through_every_task_that_it_is_for(string task, params string[] options)
    {
        WriteVoc();
        (string json, string masks) = (_cli.Folder.At("scores.json"), _cli.Folder.At("masks"));
        string[] save = task == "visual-prompts" ? [] : ["--save", masks];
        Assert.Equal((0, ""), (Run(task, ["--json", json, "--seed", "3", .. save, .. options]), _cli.Errors));
        using JsonDocument scores = JsonDocument.Parse(File.ReadAllText(json));
        JsonElement root = scores.RootElement;
        Assert.Equal(task, root.GetProperty("task").GetString());
        Assert.Equal(_data.Path, root.GetProperty("settings").GetProperty("data").GetString());
        int samples = root.GetProperty("samples").GetInt32();
        Assert.True(samples > 0);
        Assert.StartsWith($"{task} on ", _cli.Output);
        if (save.Length == 0) return;
        bool classes = task is "classes" or "zero-shot";
        Assert.Equal(samples * (classes ? 2 : 1), Directory.GetFiles(masks, "*.npy").Length);
        Assert.Equal(classes ? 0 : samples, Directory.GetFiles(masks, "*.png").Length);
        Assert.Equal(0x93, File.ReadAllBytes(Directory.GetFiles(masks, "*.npy")[0])[0]);
    }

    [Fact]
    public void A_run_that_goes_on_ends_with_the_same_file()
    {
        WriteVoc();
        string[] files = [_cli.Folder.At("a.json"), _cli.Folder.At("b.json"), _cli.Folder.At("c.json")];
        string journal = _cli.Folder.At("journal");
        Assert.Equal(0, Run("one-shot", "--json", files[0]));
        Assert.Equal(0, Run("one-shot", "--json", files[1], "--resume", journal));
        string[] lines = File.ReadAllLines(journal);
        File.WriteAllText(journal, string.Concat(lines.Take(4).Select(line => line + "\n")) + lines[4][..20]);
        Assert.Equal(0, Run("one-shot", "--json", files[2], "--resume", journal));
        Assert.Single(files.Select(File.ReadAllText).Distinct());
        _cli.AssertFailed(1, Run("one-shot", "--resume", journal, "--seeds", "2"), "is of another evaluation");
    }

    [Fact]
    public void What_is_asked_for_and_cannot_be_is_refused()
    {
        WriteVoc();
        _cli.AssertFailed(2, Run("one-shot", "--fold", "4"), "--fold is '4', expected a whole number in 0..3.");
        _cli.AssertFailed(2, Run("one-shot", "--visual-prompt", "none"), "There is no visual prompt 'none'");
        _cli.AssertFailed(2, Run("zero-shot", "--unseen", "3"), "--unseen is 3, expected 2, 4, 6, 8 or 10, or names.");
        _cli.AssertFailed(2, Run("zero-shot", "--unseen", "yak"), "--unseen names 'yak', which is none of the classes");
        _cli.AssertFailed(2, Run("classes", "--background", "x"), "--background is 'x', expected 0 to 1 or 'ignore'.");
        _cli.AssertFailed(2, Run("one-shot", "--artwork", "x"), "--artwork goes with scenes");
        _cli.AssertFailed(1, Run("one-shot", "--list", _data.At("none.txt")), "There is no list");
    }

    private int Run(string task, params string[] options)
        => _cli.Run(["evaluate", task, "--data", _data.Path, "--model", CliRun.Mini, .. options]);

    /// <summary>Three pictures of two aeroplanes, bicycles and a horse.</summary>
    private void WriteVoc()
    {
        foreach (string name in (string[])["JPEGImages", "SegmentationClass", "ImageSets/Segmentation"])
            Directory.CreateDirectory(_data.At(name));
        for (int i = 0; i < 3; i++)
        {
            Image picture = new(90, 80);
            new Random(i).NextBytes(picture.Pixels);
            picture.Save(_data.At("JPEGImages", $"2007_{i}.jpg"));
            byte[] labels = [.. Enumerable.Range(0, 90 * 80).Select(p => p < 90 * 30 ? (byte)1
                : p < 90 * 60 ? (byte)2 : p < 90 * 61 ? (byte)255 : p < 90 * 70 ? (byte)13 : (byte)0)];
            File.WriteAllBytes(_data.At("SegmentationClass", $"2007_{i}.png"), LabelMapWriter.Encode(90, labels));
        }
        File.WriteAllText(_data.At("ImageSets", "Segmentation", "val.txt"), "2007_0\n2007_1\n2007_2\n");
    }
}
