using System.Text.Json;
using ClipSeg.Imaging;
using ClipSeg.Tests.Training.Data;
using ClipSeg.Training.Data;
using ClipSeg.Training.Evaluation;

namespace ClipSeg.Tests.Cli;

public sealed class EvaluateFolderCommandTests : IDisposable
{
    private readonly CliRun _cli = new();
    private readonly TemporaryFolder _pictures = new();

    public EvaluateFolderCommandTests() => PictureFolder.Write(_pictures.Path, 4);

    public void Dispose()
    {
        _cli.Dispose();
        _pictures.Dispose();
    }

    [Fact]
    public void Scores_are_those_of_masks_compared_one_by_one()
    {
        string json = _cli.Folder.At("new", "scores.json");
        Assert.Equal(0, Run("--threshold", "0.4", "--json", json));
        Assert.Contains("4 questions, 4 units", _cli.Output);

        using Segmenter segmenter = Segmenter.Load(CliRun.Mini);
        MaskFolder data = new(_pictures.Path);
        (double sum, int scored, long both, long either) = (0, 0, 0, 0);
        for (int i = 0; i < data.Count; i++)
        {
            SegmentationSample sample = data.Get(i);
            Mask found = segmenter.Segment(sample.Picture, sample.Phrase);
            (int b, int e) = (0, 0);
            for (int k = 0; k < found.Values.Length; k++)
            {
                bool taken = found.Values[k] > 0.4, on = sample.Mask.Values[k] == 1;
                if (taken && on) b++;
                if (taken || on) e++;
            }
            both += b;
            either += e;
            if (e == 0) continue;
            sum += (double)b / e;
            scored++;
        }
        using JsonDocument scores = JsonDocument.Parse(File.ReadAllText(json));
        JsonElement figures = scores.RootElement.GetProperty("figures"), mean = figures.GetProperty("mean_iou");
        Assert.Equal(sum / scored, mean.GetProperty("score").GetDouble(), 1e-9);
        Assert.InRange(mean.GetProperty("score").GetDouble(),
            mean.GetProperty("low").GetDouble(), mean.GetProperty("high").GetDouble());
        Assert.Equal((double)both / either,
            figures.GetProperty("cumulative_iou").GetProperty("score").GetDouble(), 1e-9);
    }

    [Fact]
    public void What_cannot_be_read_is_said_and_counted()
    {
        File.WriteAllText(_pictures.At("picture1.png"), "no picture");
        Assert.Equal(0, Run());
        Assert.Contains("Skipped: ", _cli.Errors);
        Assert.Contains("3 questions, 4 units, 1 skipped", _cli.Output);
        for (int i = 0; i < 4; i++) File.WriteAllText(_pictures.At($"picture{i}.png"), "no picture");
        Assert.Equal(1, Run());
        Assert.Contains("None of the 4 samples can be read.", _cli.Errors);
    }

    [Fact]
    public void Pictures_of_a_limit_are_spread_over_all()
    {
        Assert.Equal(0, Run("--limit", "2"));
        Assert.Contains("2 questions, 2 units", _cli.Output);
        Assert.Equal([0, 2], EvaluationLoop.Units(4, 2));
    }

    [Fact]
    public void What_is_asked_for_and_cannot_be_is_refused()
    {
        _cli.AssertFailed(2, Run("--split", "val"), "has no parts: leave --split out");
        _cli.AssertFailed(2, Run("--threshold", "2"), "--threshold is 2, expected 0 to 1.");
        File.Delete(_pictures.At("phrases.csv"));
        _cli.AssertFailed(1, Run(), "is no data set that is known");
    }

    private int Run(params string[] options)
        => _cli.Run(["evaluate", "folder", "--data", _pictures.Path, "--model", CliRun.Mini, .. options]);
}
