using System.CommandLine;
using System.Globalization;
using ClipSeg.Numerics;
using ClipSeg.Training;
using ClipSeg.Training.Reports;
using Spectre.Console;

namespace ClipSeg.Cli;

/// <summary>The options of commands that train: where the run lives, and how it is watched.</summary>
internal sealed class RunOptions
{
    private readonly Option<string> _out = new("--out", "-o")
    {
        Description = "The run's folder: state, log, loss.png, and the models 'last' and 'best'.",
        HelpName = "DIR",
        Required = true,
    };

    private readonly Option<bool> _resume = new("--resume")
    {
        Description = "Go on where the run in this folder stopped; the result is the same as without the stop.",
    };

    private readonly ComputeOptions _compute = new(training: true);

    public void AddTo(Command command)
    {
        command.Options.Add(_out);
        command.Options.Add(_resume);
        _compute.AddTo(command);
    }

    /// <summary>The run's folder: a new one, or, to resume, one with a run in it.</summary>
    public TrainingFolder Open(ParseResult parsed)
    {
        string path = parsed.GetValue(_out)!;
        bool resume = parsed.GetValue(_resume);
        if (!resume && Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
            throw new IOException($"'{path}' is not empty. Add --resume to go on with its run, or name a new folder.");
        TrainingFolder folder = new(path);
        if (resume && !folder.HasState)
            throw new IOException($"'{path}' holds no run to resume: there is no saved state.");
        return folder;
    }

    /// <summary>What the training's matrix products multiply.</summary>
    public Precision Precision(ParseResult parsed) => _compute.PrecisionOf(parsed);

    /// <summary>Runs the training with a progress bar, or a line now and then where nobody watches.</summary>
    /// <param name="samples">What a step is made of, in the plural.</param>
    /// <param name="scored">What the validation score is.</param>
    public int Train(
        ParseResult parsed, Terminal terminal, ITraining training, TrainingFolder folder, int interval, string samples,
        string scored)
    {
        using Compute compute = new(_compute.Threads(parsed));
        using Compute.Entry entry = compute.Enter();
        double? best = null;
        if (terminal.Interactive)
        {
            terminal.Bars(bars =>
            {
                ProgressTask bar = bars.AddTask("Training", maxValue: training.Steps);
                best = Loop(p =>
                {
                    bar.Value = p.Step;
                    bar.Description = Markup.Escape(Line(p));
                });
            });
        }
        else
        {
            best = Loop(p =>
            {
                if (p.Step % Math.Min(50, interval) == 0)
                    terminal.Errors.WriteLine($"step {p.Step}/{p.Steps}, {Line(p)}");
            });
        }
        string score = best is null ? "none yet" : string.Create(CultureInfo.InvariantCulture, $"{best:F4} ({scored})");
        terminal.Output.WriteLine(
            $"{folder.Path}: step {training.Optimizer.Steps} of {training.Steps}, best score {score}");
        return terminal.Stop.IsCancellationRequested ? CommandLine.Stopped : CommandLine.Done;

        double? Loop(Action<TrainingProgress> onStep)
        {
            TrainingLoop loop = new(training, folder)
            {
                Interval = interval,
                OnStep = onStep,
                OnSave = () => Plot(folder, scored),
            };
            return loop.Run(terminal.Stop);
        }

        string Line(TrainingProgress p) => string.Create(CultureInfo.InvariantCulture,
            $"loss {p.Loss:F4}, score {p.Score ?? 0:F4}, {p.PerSecond:F1} {samples}/s, {p.Left:hh\\:mm\\:ss} left");
    }

    private static void Plot(TrainingFolder folder, string scored)
    {
        IReadOnlyList<LogLine> log = folder.ReadLog();
        LinePlot.Draw("Training", "step", "", [
            new("loss", [.. log.Select(l => ((double)l.Step, l.Loss))]),
            new(scored, [.. log.Where(l => l.Score is not null).Select(l => ((double)l.Step, l.Score!.Value))]),
        ]).Save(Path.Combine(folder.Path, "loss.png"));
    }
}
