using System.Text.Json;
using ClipSeg.Imaging;
using ClipSeg.Peers;
using ClipSeg.Tests.Checkpoints;
using ClipSeg.Tests.Scenes;
using ClipSeg.Training.Reports;

namespace ClipSeg.Tests.Peers;

public sealed class PeerReportTests
{
    [Theory]
    [InlineData(0, 1)]
    [InlineData(0.25, 1.75)]
    [InlineData(0.5, 2.5)]
    [InlineData(1, 4)]
    public void Quantile_lies_between_its_neighbours(double at, double expected)
        => Assert.Equal(expected, PeerSeries.Quantile([4, 1, 3, 2], at), 1e-12);

    [Fact]
    public void Table_has_medians_and_ratios_in_both_directions()
    {
        string[] lines = PeerReport.Markdown(Results()).Split('\n');
        Assert.Contains(
            "| clipseg f32 | 20.0 | 15.0 to 25.0 | 10.0 to 30.0 | 0.50 | 2.00 | 1.00 | 1.00 | 18.0 |  |", lines);
        Assert.Contains(
            "| onnxruntime float32 | 40.0 | 40.0 to 40.0 | 40.0 to 40.0 | 1.00 | 1.00 | 2.00 | 0.50 | 36.0 | 1.0e-6 |",
            lines);
        Assert.Contains("- Not measured: a thing: it is not there.", lines);
        Assert.Contains("| clipseg f32 | 10.0 | 20.0 |", lines);            // by size
    }

    [Fact]
    public void Ten_prompts_are_compared_with_a_run_for_each_of_them()
    {
        PeerSeries ours = Series("ten", "clipseg f32", 10);
        PeerSeries each = Series("ten", "onnxruntime float32, a run for each prompt", 100);
        PeerSeries all = Series("ten", "onnxruntime float32, all prompts in a run", 20);
        string text = PeerReport.Markdown(Results() with { Series = [ours, each, all] });
        Assert.Contains("| clipseg f32 | 10.0 | 10.0 to 10.0 | 10.0 to 10.0 | 0.10 | 10.00 |  |  | 9.0 |  |", text);
    }

    [Fact]
    public void Json_has_every_sample()
    {
        using JsonDocument json = JsonDocument.Parse(PeerReport.Json(Results()));
        JsonElement series = json.RootElement.GetProperty("series")[1];
        Assert.Equal("one-352", series.GetProperty("scenario").GetString());
        Assert.Equal([10, 20, 30], series.GetProperty("ms").EnumerateArray().Select(x => x.GetDouble()));
    }

    [Fact]
    public void Files_are_written_and_longer_times_have_longer_bars()
    {
        using TemporaryFolder folder = new();
        PeerReport.Write(Results(), folder.At("results"));
        Assert.Equal(["peers.json", "peers.md", "peers.png"],
            Directory.GetFiles(folder.At("results")).Select(Path.GetFileName).Order());

        Image chart = Image.Load(folder.At("results", "peers.png"));
        Rgb ours = new(0x0B, 0x62, 0xB8), theirs = new(0xB9, 0xC2, 0xCE);
        Assert.InRange(Longest(chart, theirs) / (double)Longest(chart, ours), 1.95, 2.05);
    }

    [Fact]
    public void Scenarios_run_whole_graphs_in_each_way_and_split_ones_where_something_is_shared()
    {
        PeerEngine[] engines = [PeerEngine.Ours("f32", ""), .. PeerEngine.Onnx(""), .. PeerEngine.InNode("")];
        PeerScenario one = new("one-352", "", 1, 1, 352), ten = new("ten", "", 1, 10, 352);
        Assert.Equal(7, engines.SelectMany(one.WaysOf).Count());            // not the split ones
        Assert.Equal(
            ["onnxruntime int8, a run for each prompt", "onnxruntime int8, all prompts in a run"],
            ten.WaysOf(engines.Single(e => e.Name == PeerEngine.OnnxInt8)).Select(way => way.Name));
        Assert.Equal([("clipseg f32", false)], ten.WaysOf(engines[0]));
    }

    private static PeerResults Results() => new()
    {
        Processor = "a processor",
        Threads = 2,
        Versions = ["a version"],
        Skipped = ["a thing: it is not there."],
        Idle = 0,
        Series =
        [
            Series("one-224", "clipseg f32", 10), Series("one-352", "clipseg f32", 10, 20, 30),
            Series("one-352", PeerEngine.OnnxFloat, 40), Series("one-352", PeerEngine.OnnxInt8, 20),
        ],
    };

    private static PeerSeries Series(string scenario, string name, params double[] times)
    {
        PeerSeries series = new(scenario, scenario, name) { Difference = name == PeerEngine.OnnxFloat ? 1e-6 : null };
        series.Milliseconds.AddRange(times);
        series.ProcessorMilliseconds.AddRange(times.Select(time => 0.9 * time));
        return series;
    }

    /// <summary>The longest run of a colour in a row of pixels.</summary>
    private static int Longest(Image image, Rgb colour)
    {
        int longest = 0;
        for (int y = 0; y < image.Height; y++)
        {
            int count = 0;
            for (int x = 0; x < image.Width; x++)
            {
                int i = 3 * (y * image.Width + x);
                if (new Rgb(image.Pixels[i], image.Pixels[i + 1], image.Pixels[i + 2]) == colour) count++;
            }
            longest = Math.Max(longest, count);
        }
        return longest;
    }
}
