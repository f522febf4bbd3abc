using System.CommandLine;
using System.Text.Json;
using ClipSeg.Files;
using ClipSeg.Scenes.Artwork;
using ClipSeg.Scenes.Evaluation;
using Spectre.Console;

namespace ClipSeg.Cli;

/// <summary><c>clipseg evaluate</c>: how good a model is. <c>scenes</c> measures it on generated scenes.</summary>
internal sealed class EvaluateCommand
{
    private const string Examples = """
        clipseg evaluate scenes --model runs/emoji/best
        clipseg evaluate scenes --json scenes.json --sheet scenes.png --blend-plot blend.png
        clipseg evaluate scenes --styles fxemoji --scene-size 352
        clipseg evaluate scenes --scene-size 1024 --words --fine --guided 16
        clipseg evaluate scenes --model runs/emoji/best --calibrate runs/clipseg-emoji
        clipseg evaluate scenes --model CIDAS/clipseg-rd64-refined --scenes 200
        """;

    private readonly Option<int?> _scenes = new Option<int?>("--scenes")
    {
        Description = "Test scenes; by default 1000. Half of them show concepts that decoders do not train on.",
        HelpName = "N",
    }.Between(2, 1_000_000);

    private readonly Option<int?> _validation = new Option<int?>("--validation-scenes")
    {
        Description = "Scenes to choose the threshold on; by default 300.",
        HelpName = "N",
    }.Between(1, 1_000_000);

    private readonly Option<float?> _threshold = new Option<float?>("--threshold", "-t")
    {
        Description = "The probability from which a pixel is found; by default the best of the validation scenes.",
        HelpName = "T",
    }.Between(0, 1);

    private readonly Option<int?> _seed = new Option<int?>("--seed")
    {
        Description = "Which of the many sets of scenes; by default 1.",
        HelpName = "N",
    }.Between(0, int.MaxValue);

    private readonly Option<int?> _sceneSize = new Option<int?>("--scene-size")
    {
        Description = "Sides of the scenes in pixels, the same for every model; by default as the model reads.",
        HelpName = "N",
    }.Between(16, 4096);

    private readonly Option<int?> _guided = new Option<int?>("--guided")
    {
        Description = "Move the edges of masks to those of the pictures, in windows of this radius in pixels.",
        HelpName = "R",
    }.Between(1, 10_000);

    private readonly Option<bool> _words = new("--words")
    {
        Description = "Ask in words only: no picture prompts and no blends, in a fraction of the time.",
    };

    private readonly Option<string?> _calibrate = new("--calibrate")
    {
        Description = "Only choose the threshold, write the model so that 0.5 is the best one, and in its "
            + "config.json the score below which things are best taken for absent.",
        HelpName = "DIR",
    };

    private readonly Option<string?> _json = new("--json")
    {
        Description = "Write all numbers to a file.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _sheet = new("--sheet")
    {
        Description = "Write examples: query, prompt, truth, predictions.",
        HelpName = "FILE.png",
    };

    private readonly Option<string?> _blendPlot = new("--blend-plot")
    {
        Description = "Write a plot of the score against the mixing weight of text and picture.",
        HelpName = "FILE.png",
    };

    private readonly ReportOption _report = new();
    private readonly ModelOptions _model = new();
    private readonly ArtworkOptions _artwork = new();
    private readonly Terminal _terminal;

    private EvaluateCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        EvaluateCommand evaluate = new(terminal);
        ExampleCommand scenes = new("scenes",
            "Measure a model on scenes of emoji: text and picture prompts, blends, absent things, retrieval.", Examples)
        {
            evaluate._scenes, evaluate._validation, evaluate._threshold, evaluate._seed, evaluate._sceneSize,
            evaluate._guided, evaluate._words, evaluate._calibrate, evaluate._json, evaluate._sheet,
            evaluate._blendPlot,
        };
        evaluate._report.AddTo(scenes);
        evaluate._model.AddTo(scenes);
        evaluate._model.AddFineTo(scenes);
        evaluate._artwork.AddTo(scenes);
        scenes.SetAction(evaluate.RunScenes);
        return new("evaluate", "Measure how good a model is.")
        {
            scenes, EvaluateReferringCommand.Create(terminal), EvaluateReferringCommand.CreateFolder(terminal),
            EvaluateOneShotCommand.Create(terminal), EvaluateClassesCommand.CreateZeroShot(terminal),
            EvaluateClassesCommand.Create(terminal), EvaluatePromptsCommand.Create(terminal),
            EvaluateVisualPromptsCommand.Create(terminal),
        };
    }

    private int RunScenes(ParseResult parsed)
    {
        // Whatever would keep the results from being written shows now, not at the end of a long run.
        string? json = Prepare(parsed.GetValue(_json), "");
        string? sheet = Prepare(parsed.GetValue(_sheet), ".png"), plot = Prepare(parsed.GetValue(_blendPlot), ".png");
        string? page = _report.Of(parsed);
        EmojiCatalogue catalogue = _terminal.Wait("Reading the artwork", () => _artwork.Catalogue(parsed));
        SceneEvaluationOptions defaults = new(), options = defaults with
        {
            Scenes = parsed.GetValue(_scenes) ?? defaults.Scenes,
            ValidationScenes = parsed.GetValue(_validation) ?? defaults.ValidationScenes,
            Threshold = parsed.GetValue(_threshold),
            Seed = parsed.GetValue(_seed) ?? defaults.Seed,
            Photos = _artwork.Photos(parsed),
            Size = parsed.GetValue(_sceneSize),
            Fine = _model.Fine(parsed),
            Guided = parsed.GetValue(_guided),
            WordsOnly = parsed.GetValue(_words),
        };
        string? calibrated = parsed.GetValue(_calibrate);
        if (Path.Exists(calibrated))
            throw new IOException($"'{calibrated}' exists already; a model is written to a new folder.");
        using Segmenter segmenter = _model.Load(parsed, _terminal);
        if (calibrated is not null)
        {
            Calibrate(segmenter, calibrated, catalogue, options);
            return CommandLine.Done;
        }
        SceneReport report = Measure(segmenter, catalogue, options);

        if (json is not null) WriteJson(json, report);
        if (sheet is not null) ContactSheet.Draw(report.Examples, report.Threshold).Save(sheet);
        if (page is not null) OutputFile.Write(page, ScenePage.Of(report, _model.Name(parsed, _terminal)));
        if (plot is not null) report.PlotBlend().Save(plot);
        foreach ((string title, TextTable table) in SceneTables.Of(report))
        {
            _terminal.Output.WriteLine(title);
            _terminal.Write(table);
        }
        return CommandLine.Done;
    }

    // The scores are the moved model's, so it is asked once more.
    private void Calibrate(
        Segmenter segmenter, string folder, EmojiCatalogue catalogue, SceneEvaluationOptions options)
    {
        ValidationScore before = SceneEvaluation.Validate(segmenter, catalogue, options, _terminal.Stop);
        using Segmenter moved = Calibration.Move(segmenter, before.Threshold);
        ValidationScore after = SceneEvaluation.Validate(moved, catalogue, options, _terminal.Stop);
        Calibration.Write(folder, segmenter, before.Threshold, after.NotFoundBelow);
        _terminal.Output.WriteLine(FormattableString.Invariant(
            $"{folder}: threshold {before.Threshold:0.00} is 0.5 now, IoU {before.Iou:0.000}; ")
            + FormattableString.Invariant($"what scores below {after.NotFoundBelow:0.000} is not found"));
    }

    private SceneReport Measure(Segmenter segmenter, EmojiCatalogue catalogue, SceneEvaluationOptions options)
    {
        if (!_terminal.Interactive)
            return SceneEvaluation.Run(segmenter, catalogue, options, stop: _terminal.Stop);
        SceneReport? report = null;
        _terminal.Bars(bars =>
        {
            Dictionary<string, ProgressTask> stages = [];
            report = SceneEvaluation.Run(segmenter, catalogue, options, progress =>
            {
                if (!stages.TryGetValue(progress.Stage, out ProgressTask? bar))
                {
                    bar = bars.AddTask(Markup.Escape(progress.Stage), maxValue: progress.Total);
                    stages.Add(progress.Stage, bar);
                }
                bar.Value = progress.Done;
            }, _terminal.Stop);
        });
        return report!;
    }

    private static string? Prepare(string? file, string extension)
    {
        if (file is null) return null;
        if (!file.EndsWith(extension, StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"Pictures are saved as PNG; the path must end in .png, got '{file}'.");
        OutputFile.Check(file);
        return file;
    }

    private static void WriteJson(string path, SceneReport report)
        => OutputFile.Write(path, JsonSerializer.Serialize(report.ToFile(), ReportJson.Default.ReportFile));
}
