using System.Text.Json;
using ClipSeg.Cli;
using ClipSeg.Tests.Training.Data;
using ClipSeg.Training.Ablation;

namespace ClipSeg.Tests.Cli;

/// <summary>Two rows, two seeds, four steps on a few pictures.</summary>
public sealed class AblateCommandTests : IDisposable
{
    private const string Recipe = """
        {
          "seeds": [1, 2], "samples": 4,
          "recipe": {
            "batch": 4, "steps": 4, "size": 48, "width": 16, "interval": 2, "validation-samples": 2, "crop": false,
            "visual-prompt": "crop_blur_highlight"
          },
          "rows": [
            { "name": "whole", "published": { "words_iou": 43.6, "words_ap": 76.7 } },
            { "name": "untrained", "clip": "untrained", "recipe": { "visual-prompt": "none" } },
            { "name": "ViTSeg", "vision": "untrained" }
          ]
        }
        """;

    private readonly CliRun _cli = new();
    private readonly TemporaryFolder _pictures = new();

    public AblateCommandTests()
    {
        PictureFolder.Write(_pictures.Path, 20);
        File.WriteAllText(_cli.Folder.At("recipe.json"), Recipe);
    }

    public void Dispose()
    {
        _cli.Dispose();
        _pictures.Dispose();
    }

    [Fact]
    public void Ablate_trains_and_measures_every_row_with_every_seed_and_writes_tables()
    {
        Assert.Equal(0, Run("out"));
        AblationReport report = ReportOf("out");
        Assert.True(report.IsWhole);
        Assert.Equal(["whole", "untrained", "ViTSeg"], report.Rows.Select(row => row.Name));
        AblationResult first = report.Rows[0].Results[0];
        Assert.Equal((1, 4, 16), (first.Seed, first.Steps, first.TrainedSamples));
        Assert.InRange(first.Tests["test"].Words!.Iou, 0, 1);
        Assert.InRange(first.Tests["test"].AbsentArea!.Value, 0, 1);
        Assert.All(_cli.Output.Split('\n'), line => Assert.InRange(line.Length, 0, 80));
        Assert.Contains("whole", _cli.Output);
        Assert.Contains("0.436", _cli.Output);
        string[] table = File.ReadAllLines(_cli.Folder.At("out", "ablation.md"));
        Assert.Contains("| row | words, all | shown: words | picture | both |", table);
        Assert.Equal(["last", "log.jsonl", "result.json"], Directory.GetFileSystemEntries(
            _cli.Folder.At("out", "whole-1")).Select(path => Path.GetFileName(path)).Order());
        using Segmenter trained = Segmenter.Load(_cli.Folder.At("out", "untrained-2", "last"));
        Assert.Equal(16, trained.Engine.Config.ReduceWidth);
        using Segmenter vit = Segmenter.Load(_cli.Folder.At("out", "vitseg-1", "last"));
        Assert.True(vit.Engine.Config.Vision.ImageOnly);
    }

    [Fact]
    public void An_ablation_that_was_stopped_goes_on_and_ends_as_if_it_had_not_been()
    {
        using CancellationTokenSource stop = new();
        using StoppingWriter errors = new("run 2/6, untrained, seed 1: step 1/4", stop);
        Assert.Equal(CommandLine.Stopped,
            CommandLine.Run(Args("stopped"), new(TextWriter.Null, errors, _ => null, stop.Token)));
        Assert.Equal([1, 0, 0], ReportOf("stopped").Rows.Select(row => row.Results.Count));
        Assert.True(File.Exists(_cli.Folder.At("stopped", "untrained-1", "state.safetensors")));

        Assert.Equal(0, Run("stopped"));
        Assert.Contains("run 2/6, untrained, seed 1: step 2/4", _cli.Errors);
        Assert.DoesNotContain("run 1/6", _cli.Errors);
        Assert.Equal(0, Run("whole"));
        Assert.Equal(Scores("whole"), Scores("stopped"));
    }

    [Fact]
    public void Results_of_another_recipe_are_not_taken_for_these()
    {
        Assert.Equal(0, Run("out"));
        File.WriteAllText(_cli.Folder.At("recipe.json"), Recipe.Replace("\"steps\": 4", "\"steps\": 5"));
        _cli.AssertFailed(1, Run("out"), "result.json' is of another recipe, model or data than this");
        File.WriteAllText(_cli.Folder.At("out", "whole-1", "result.json"), "{");
        _cli.AssertFailed(1, Run("out"), "Delete it to measure again.");
    }

    [Fact]
    public void What_cannot_be_is_said_before_anything_is_trained()
    {
        File.WriteAllText(_cli.Folder.At("recipe.json"), Recipe.Replace("\"width\": 16", "\"layers\": [99]"));
        _cli.AssertFailed(2, Run("out"), "The recipe's decoder does not fit the model");
        Assert.False(Directory.Exists(_cli.Folder.At("out", "whole-1")));
        _cli.AssertFailed(2, _cli.Run([.. Args("out"), "--photos", "here"]), "--photos goes with scenes only.");
    }

    private int Run(string folder) => _cli.Run(Args(folder));

    private string[] Args(string folder) =>
    [
        "ablate", "--recipe", _cli.Folder.At("recipe.json"), "--data", _pictures.Path, "--model", CliRun.Mini,
        "-o", _cli.Folder.At(folder), "--threads", "2",
    ];

    private AblationReport ReportOf(string folder) => JsonSerializer.Deserialize(
        File.ReadAllText(_cli.Folder.At(folder, "ablation.json")), AblationJson.Default.AblationReport)!;

    private List<string> Scores(string folder) => [.. ReportOf(folder).Rows.SelectMany(row => row.Results)
        .Select(result => JsonSerializer.Serialize(result with { TrainedSeconds = 0, MeasuredSeconds = 0 },
            AblationJson.Default.AblationResult))];
}
