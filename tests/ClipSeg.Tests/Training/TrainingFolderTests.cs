using ClipSeg.Cli;
using ClipSeg.Formats;
using ClipSeg.Training;

namespace ClipSeg.Tests.Training;

public sealed class TrainingFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Log_is_read_as_it_was_written_and_half_a_last_line_is_dropped()
    {
        TrainingFolder folder = new(_folder.Path);
        LogLine first = new(20, 0.5, 1e-3, 12.5), second = new(40, 0.25, 9e-4, 25, 0.75);
        folder.Log(first);
        folder.Log(second);
        Assert.Equal(
            """{"step":20,"loss":0.5,"rate":0.001,"seconds":12.5}""", File.ReadLines(_folder.At("log.jsonl")).First());
        File.AppendAllText(_folder.At("log.jsonl"), """{"step":60,"lo""");
        Assert.Equal([first, second], folder.ReadLog());
    }

    [Theory]
    [InlineData("""{"loss":0.5,"rate":0.001,"seconds":12.5}""")]
    [InlineData("""{"step":"x","loss":0.5,"rate":0.001,"seconds":12.5}""")]
    [InlineData("nothing")]
    public void A_damaged_line_is_named(string line)
    {
        TrainingFolder folder = new(_folder.Path);
        File.WriteAllText(_folder.At("log.jsonl"), line + "\n");
        folder.Log(new(20, 0.5, 1e-3, 12.5));
        string message = Assert.Throws<CheckpointException>(folder.ReadLog).Message;
        Assert.Contains("log.jsonl', line 1: ", message);
    }

    [Fact]
    public void A_damaged_record_is_named()
    {
        TrainingFolder folder = new(_folder.Path);
        Assert.Contains("holds no run", Assert.Throws<CheckpointException>(folder.ReadRecord).Message);
        File.WriteAllText(_folder.At("run.json"), """{"command": "train"}""");
        Assert.Contains("run.json'", Assert.Throws<CheckpointException>(folder.ReadRecord).Message);
        RunRecord record = new("train", new() { ["data"] = "/déjà" }, new() { ["steps"] = "4" });
        folder.WriteRecord(record);
        Assert.Contains("/déjà", File.ReadAllText(_folder.At("run.json")));
        Assert.Equal("4", folder.ReadRecord().Recipe["steps"]);
    }

    [Theory]
    [InlineData(0, 0, 5, "00:00:05")]
    [InlineData(0, 18, 47, "18:00:47")]
    [InlineData(1, 3, 0, "1 day 03:00")]
    [InlineData(12, 18, 47, "12 days 18:00")]
    public void Time_left_counts_days(int days, int hours, int seconds, string expected)
        => Assert.Equal(expected, RunOptions<TrainRecipe>.Time(new(days, hours, 0, seconds)));

    [Fact]
    public void Time_left_is_that_of_steps_and_of_validations()
    {
        PaceOfTraining pace = new();
        Assert.Equal(7, pace.Step(() => 7));
        Assert.True(pace.PerStep > 0);
        Assert.Equal(1, pace.Validation(() =>
        {
            Thread.Sleep(50);
            return 1;
        }));
        Assert.InRange(pace.Left(steps: 0, validations: 100).TotalSeconds, 5, 60);
        Assert.Equal(pace.PerStep * 1e6, pace.Left(1_000_000, 0).TotalSeconds, 0.01);
    }
}
