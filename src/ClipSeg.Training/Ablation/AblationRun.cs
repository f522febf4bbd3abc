using System.Diagnostics;
using System.Text.Json;
using ClipSeg.Checkpoints;
using ClipSeg.Files;
using ClipSeg.Formats;
using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Prompts;
using ClipSeg.Text;
using ClipSeg.Training.Data;

namespace ClipSeg.Training.Ablation;

/// <summary>What an ablation trains on and measures on.</summary>
/// <param name="Name">Says what data this is, for <see cref="AblationResult.Run"/>.</param>
/// <param name="Train">By the recipe of a run, whose seed and size count.</param>
/// <param name="Validation">What thresholds are chosen on; of a size in pixels.</param>
/// <param name="Tests">By name, for people to read; of a size in pixels.</param>
internal sealed record AblationData(string Name, Func<TrainRecipe, SegmentationData> Train,
    Func<int, SegmentationData> Validation, Func<int, IReadOnlyList<(string Name, SegmentationData Data)>> Tests);

/// <summary>How far an ablation is.</summary>
/// <param name="Row">The row's name.</param>
/// <param name="Run">0 the first.</param>
/// <param name="Runs">Of all.</param>
/// <param name="Training">Null while it is measured.</param>
internal sealed record AblationProgress(string Row, int Seed, int Run, int Runs, TrainingProgress? Training);

/// <summary>
/// Trains every row of a recipe with every seed, as many samples each, and measures them on the same samples.
/// </summary>
/// <remarks>
/// Each run has a folder, <c>ROW-SEED</c>: a training's, with a <c>result.json</c> when it has been measured. What is
/// there is not done again, and a training that was stopped goes on; so the whole may be killed at any time. All rows
/// come with the first seed before any comes with the second: a part of the table compares like with like.
/// </remarks>
internal sealed class AblationRun
{
    private const string ResultName = "result.json";

    private readonly Checkpoint _clip;
    private readonly AblationRecipe _recipe;
    private readonly AblationData _data;
    private readonly string _folder;
    private readonly BpeVocabulary _vocabulary;

    /// <param name="clip">Whose CLIP the rows have in common.</param>
    /// <param name="recipe">The rows.</param>
    /// <param name="data">What they learn.</param>
    /// <param name="folder">For the runs.</param>
    public AblationRun(Checkpoint clip, AblationRecipe recipe, AblationData data, string folder)
    {
        (_clip, _recipe, _data, _folder) = (clip, recipe, data, folder);
        _vocabulary = ModelFiles.ReadVocabulary(clip, new());
        foreach (AblationRow row in recipe.Rows)        // throws before hours are spent
        {
            using Backbone backbone = new(clip, row.Vision);
            row.Recipe.Decoder(backbone.Config);
        }
    }

    public Precision Precision { get; init; }

    /// <summary>Null for one per processor.</summary>
    public int? Threads { get; init; }

    /// <summary>Told now and then.</summary>
    public Action<AblationProgress>? OnProgress { get; init; }

    /// <summary>Told of everything that has been measured when another run has.</summary>
    public Action<AblationReport>? OnResult { get; init; }

    /// <summary>Does what has not been done yet.</summary>
    /// <exception cref="CheckpointException">A run in the folder is of another recipe, model or data.</exception>
    /// <exception cref="OperationCanceledException">It was stopped; what was done is saved.</exception>
    public AblationReport Run(CancellationToken stop)
    {
        int run = 0, runs = _recipe.Seeds.Count * _recipe.Rows.Count;
        List<AblationResult> results = [];
        OnResult?.Invoke(Report(results));
        foreach (int seed in _recipe.Seeds)
        {
            foreach (AblationRow row in _recipe.Rows)
            {
                int number = run++;
                results.Add(RunOne(row, seed,
                    progress => OnProgress?.Invoke(new(row.Name, seed, number, runs, progress)), stop));
                OnResult?.Invoke(Report(results));
            }
        }
        return Report(results);
    }

    private AblationReport Report(List<AblationResult> results) => new(_clip.Path, _recipe.Seeds,
        [.. _recipe.Rows.Select(row => new AblationReportRow(
            row.Name, [.. results.Where(result => result.Row == row.Name)], row.Published))]);

    private AblationResult RunOne(
        AblationRow row, int seed, Action<TrainingProgress?> onProgress, CancellationToken stop)
    {
        TrainRecipe recipe = row.Recipe with { Seed = seed };
        string path = Path.Combine(_folder, $"{row.Folder}-{seed}"), file = Path.Combine(path, ResultName);
        int size = recipe.Size ?? _clip.Preprocessing.Height;
        using Compute compute = new(Threads);
        using Compute.Entry entry = compute.Enter();
        Part fresh = row.Untrained ? Part.All : Part.Decoder;
        using Backbone backbone = new(_clip, row.Vision);
        ClipSegModel network = new(backbone.Weights(fresh, seed), recipe.Decoder(backbone.Config))
        {
            Precision = Precision,
        };
        SegmentationData validation = _data.Validation(size);
        Trainer trainer = new(
            network, _vocabulary, _clip.Preprocessing, _data.Train(recipe), validation, recipe);
        string identity = $"{trainer.Run}, {recipe.Steps} steps, {(row.Untrained ? "untrained" : _clip.Path)}, "
            + (row.Vision is null ? "" : $"vision {row.Vision}, ")
            + $"{Precision}, {_data.Name}, {_recipe.Samples} samples";
        if (File.Exists(file)) return Known(file, identity);

        TrainingFolder folder = new(path);
        TrainingLoop loop = new(trainer, folder) { Interval = recipe.Interval, OnStep = onProgress };
        loop.Run(stop);
        stop.ThrowIfCancellationRequested();
        onProgress(null);
        Stopwatch clock = Stopwatch.StartNew();
        (PromptThresholds thresholds, OrderedDictionary<string, PromptScores> tests) =
            Measure(network, recipe, validation, size, stop);
        AblationResult result = new(row.Name, seed, identity, recipe.Steps, recipe.Steps * recipe.Batch,
            folder.ReadLog()[^1].Seconds, Math.Round(clock.Elapsed.TotalSeconds, 1), thresholds, tests);
        OutputFile.Write(file, JsonSerializer.Serialize(result, AblationJson.Default.AblationResult) + "\n");
        folder.Tidy();
        return result;
    }

    private (PromptThresholds, OrderedDictionary<string, PromptScores>) Measure(
        ClipSegModel network, TrainRecipe recipe, SegmentationData validation, int size, CancellationToken stop)
    {
        using Segmenter segmenter = new(network, _clip.Preprocessing with { Width = size, Height = size },
            () => new(_vocabulary), new(Threads));
        VisualPrompt engineering = VisualPrompt.Named(recipe.VisualPrompt ?? new TrainRecipe().VisualPrompt!) with
        {
            ImageSize = size,
        };
        PromptThresholds thresholds = PromptComparison.Run(
            segmenter, validation, (_recipe.Samples + 1) / 2, engineering, threshold: null, stop).BestThresholds();
        OrderedDictionary<string, PromptScores> tests = [];
        foreach ((string name, SegmentationData data) in _data.Tests(size))
        {
            tests.Add(name, PromptComparison.Run(
                segmenter, data, _recipe.Samples, engineering, thresholds.Words, stop).ScoresAt(thresholds));
        }
        return (thresholds, tests);
    }

    private static AblationResult Known(string file, string identity)
    {
        AblationResult result;
        try
        {
            result = JsonSerializer.Deserialize(File.ReadAllBytes(file), AblationJson.Default.AblationResult)!;
        }
        catch (JsonException e)
        {
            throw new CheckpointException($"'{file}': {e.Message} Delete it to measure again.", e);
        }
        return result.Run == identity ? result : throw new CheckpointException(
            $"'{file}' is of another recipe, model or data than this: name a new folder, or delete that one.");
    }
}
