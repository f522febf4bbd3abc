using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ClipSeg.Files;
using ClipSeg.Formats;
using ClipSeg.Imaging;
using ClipSeg.Scenes;
using ClipSeg.Scenes.Evaluation;
using ClipSeg.Training.Data;
using ClipSeg.Training.Evaluation;
using ClipSeg.Training.Reports;
using Spectre.Console;

namespace ClipSeg.Cli;

/// <summary>What the commands under <c>evaluate</c> have in common: data, model, results; and how they run.</summary>
internal sealed class TaskOptions
{
    private const int DefaultScenes = 1000, DefaultSeed = 1;

    private readonly Option<string?> _data;

    private readonly Option<bool> _asPublished;

    private readonly Option<double> _threshold = new("--threshold")
    {
        Description = "A pixel belongs to the thing if its probability is above.",
        HelpName = "T",
        DefaultValueFactory = _ => 0.5,
    };

    private readonly Option<int?> _limit = new Option<int?>("--limit")
    {
        Description = "Measure on so many pictures only, spread over all of them.",
        HelpName = "N",
    }.Between(1, int.MaxValue);

    private readonly Option<string?> _json = new("--json")
    {
        Description = "Write all numbers to a file.",
        HelpName = "FILE",
    };

    private readonly ReportOption _report = new();

    private readonly Option<string?> _save = new("--save")
    {
        Description = "Write each answer as NumPy's .npy, [height, width]: probabilities, and beside them the truth as "
            + ".png, 255 on the thing and 128 where pixels do not count; or classes, and beside them NAME-truth.npy.",
        HelpName = "DIR",
    };

    private readonly Option<string?> _resume = new("--resume")
    {
        Description = "Note each picture's scores in this file; if it is there, go on where it ends.",
        HelpName = "FILE",
    };

    private readonly Option<int?> _scenes = new Option<int?>("--scenes")
    {
        Description = $"How many scenes, without --data; by default {DefaultScenes}.",
        HelpName = "N",
    }.Between(1, 1_000_000);

    private readonly Option<int?> _seed = new Option<int?>("--seed")
    {
        Description = $"Which of the many sets of scenes or episodes; by default {DefaultSeed}.",
        HelpName = "N",
    }.Between(0, int.MaxValue);

    private readonly ModelOptions _model = new();
    private readonly ArtworkOptions _artwork = new();

    /// <param name="needs">What --data leads to, for people to read.</param>
    /// <param name="published">What the paper's code does in its own way, for people to read.</param>
    public TaskOptions(string needs, string published = "")
    {
        _asPublished = new("--as-published")
        {
            Description = $"Do as the paper's code does, to compare with its tables: {published} By default pictures "
                + "are read as the model reads them, and scored at their own size.",
        };
        _data = new("--data") { Description = $"{needs}; without it, scenes of emoji.", HelpName = "DIR" };
    }

    /// <summary>Whether the paper's protocol is asked for.</summary>
    public bool AsPublished(ParseResult parsed) => parsed.GetValue(_asPublished);

    public double Threshold(ParseResult parsed)
    {
        double threshold = parsed.GetValue(_threshold);
        return threshold is >= 0 and <= 1 ? threshold
            : throw new UsageException($"--threshold is {threshold}, expected 0 to 1.");
    }

    public int Seed(ParseResult parsed) => parsed.GetValue(_seed) ?? DefaultSeed;

    /// <summary>Where the data set is; null for scenes.</summary>
    public string? Data(ParseResult parsed) => parsed.GetValue(_data);

    /// <summary>Adds all of them; what a task has of its own comes first.</summary>
    /// <param name="command">Whose they are.</param>
    /// <param name="withThreshold">Whether answers are masks at a threshold.</param>
    /// <param name="withAnswers">Whether there are answers to save.</param>
    /// <param name="withScenes">Whether there are scenes in place of data.</param>
    /// <param name="published">Whether there is a paper's protocol.</param>
    public void AddTo(Command command, bool withThreshold = true, bool withAnswers = true, bool withScenes = true,
        bool published = true)
    {
        command.Options.Insert(0, _data);
        if (published) command.Options.Add(_asPublished);
        if (withThreshold) command.Options.Add(_threshold);
        command.Options.Add(_limit);
        command.Options.Add(_json);
        _report.AddTo(command);
        if (withAnswers) command.Options.Add(_save);
        command.Options.Add(_resume);
        _model.AddTo(command);
        if (!withScenes)
        {
            _data.Required = true;
            return;
        }
        command.Options.Add(_scenes);
        command.Options.Add(_seed);
        _artwork.AddTo(command);
    }

    /// <summary>Scenes in place of a data set, at the size that the model reads.</summary>
    public SceneTestSet Scenes(ParseResult parsed, Terminal terminal, Segmenter segmenter)
        => new(terminal.Wait("Reading the artwork", () => _artwork.Catalogue(parsed)), Seed(parsed),
            ScenesOf(parsed),
            new() { Size = segmenter.Preprocessing.Height, Photos = _artwork.Photos(parsed) });

    /// <summary>Runs a task: measures, writes what was asked for, prints the numbers.</summary>
    /// <param name="parsed">What was said.</param>
    /// <param name="terminal">Where to.</param>
    /// <param name="open">Makes the task; the data is opened before the model, which takes longer.</param>
    public int Run(ParseResult parsed, Terminal terminal, Func<Func<Segmenter>, EvaluationTask> open)
    {
        string? json = parsed.GetValue(_json), save = parsed.GetValue(_save), journal = parsed.GetValue(_resume);
        if (json is not null) OutputFile.Check(json);
        string? report = _report.Of(parsed);
        if (Data(parsed) is not null) _artwork.Refuse(parsed, "scenes, without --data,");
        if (save is not null) Directory.CreateDirectory(save);
        Segmenter? segmenter = null;
        try
        {
            EvaluationTask task = open(Model);
            if (Data(parsed) is { } data) task.Settings["data"] = data;
            else task.Settings["scenes"] = Text(ScenesOf(parsed));
            if (Data(parsed) is null || task.IsSeeded) task.Settings["seed"] = Text(Seed(parsed));
            Lock reporting = new();
            EvaluationRun run = new()
            {
                Limit = parsed.GetValue(_limit),
                Journal = journal,
                OnAnswer = save is null ? null : answer => Save(save, answer),
                OnClasses = save is null ? null : answer => Save(save, answer),
                OnUnreadable = message =>
                {
                    lock (reporting) terminal.Warn($"Skipped: {message}");
                },
                Stop = terminal.Stop,
            };
            string model = _model.Name(parsed, terminal);
            TaskResult result = Measure(terminal, onUnit => task.Run(Model(), model, run with { OnUnit = onUnit }));
            if (json is not null)
                OutputFile.Write(json, JsonSerializer.Serialize(result, TaskJson.Readable.TaskResult) + "\n");
            if (report is not null) OutputFile.Write(report, TaskPage.Of(result, task, Model()));
            foreach ((string title, TextTable table) in TaskTables.Of(result))
            {
                terminal.Output.WriteLine(title);
                terminal.Write(table);
            }
            return CommandLine.Done;
        }
        finally
        {
            segmenter?.Dispose();
        }

        Segmenter Model() => segmenter ??= _model.Load(parsed, terminal);
    }

    private int ScenesOf(ParseResult parsed) => parsed.GetValue(_scenes) ?? DefaultScenes;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static TaskResult Measure(Terminal terminal, Func<Action<int, int>?, TaskResult> run)
    {
        if (!terminal.Interactive) return run(null);
        TaskResult? result = null;
        terminal.Bars(bars =>
        {
            ProgressTask bar = bars.AddTask("Measuring", maxValue: 1);
            result = run((done, all) => (bar.MaxValue, bar.Value) = (all, done));
        });
        return result!;
    }

    private static void Save(string folder, Answer answer)
    {
        Mask mask = answer.Mask, truth = answer.Sample.Mask;
        NpyFile.Write(Path.Combine(folder, $"{answer.Name}.npy"), [mask.Height, mask.Width], mask.Values);
        if (answer.Sample.Valid is { } valid)
        {
            const float Void = 128 / 255f;
            truth = new(truth.Width, truth.Height, [.. truth.Values.Zip(valid.Values, (t, v) => v == 0 ? Void : t)]);
        }
        truth.Save(Path.Combine(folder, $"{answer.Name}.png"));
    }

    private static void Save(string folder, ClassAnswer answer)
    {
        int width = answer.Width, height = answer.Predicted.Length / width;
        Write(answer.Name, answer.Predicted);
        Write($"{answer.Name}-truth", answer.Labels);

        void Write(string name, byte[] labels) => NpyFile.Write(
            Path.Combine(folder, $"{name}.npy"), [height, width], Array.ConvertAll(labels, label => (float)label));
    }
}
