using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using ClipSeg.Formats;
using ClipSeg.Numerics;
using ClipSeg.Training;
using ClipSeg.Training.Reports;
using Spectre.Console;

namespace ClipSeg.Cli;

/// <summary>
/// The options of commands that train: where the run lives, how it is watched, by what recipe, and on what artwork
/// where there is no data.
/// </summary>
internal sealed class RunOptions<T>(T defaults, IReadOnlyList<RecipeKey<T>> keys)
{
    // A run may move, and so may what it reads: these can be named anew when it is resumed.
    private static readonly string[] _movable =
    [
        "data", "validation", "model", "clip", "activation-cache", "remove-words", "wordnet", "artwork", "photos",
        "config", "from", "vision",
    ];

    private readonly Option<string?> _out = new("--out", "-o")
    {
        Description = "The run's folder: how it was started, state, log, loss.png, and the models 'last' and 'best'.",
        HelpName = "DIR",
    };

    private readonly Option<string?> _resume = new("--resume")
    {
        Description = "Go on where the run in this folder stopped; the result is the same as without the stop. "
            + "Nothing else need be said again.",
        HelpName = "DIR",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly TimeSpan _longSilence = TimeSpan.FromSeconds(20);

    private readonly ComputeOptions _compute = new(training: true);
    private readonly RecipeOptions<T> _recipes = new(defaults, keys);
    private RunRecord? _record;

    public ArtworkOptions Artwork { get; } = new();

    public void AddTo(Command command)
    {
        command.Options.Add(_out);
        command.Options.Add(_resume);
        _compute.AddTo(command);
        Artwork.AddTo(command);
        _recipes.AddTo(command);
    }

    /// <summary>
    /// What was said, with what was said when the run was started, if it is resumed; and the recipe of all that.
    /// </summary>
    /// <exception cref="UsageException">Something that was said now is not the run's.</exception>
    public (ParseResult Parsed, T Recipe) Start(ParseResult given)
    {
        Command command = given.CommandResult.Command;
        string folder = Folder(given);
        if (!IsResumed(given))
        {
            T fresh = _recipes.Read(given);
            _record = new(command.Name, Said(given), _recipes.Values(fresh));
            return (given, fresh);
        }

        RunRecord record = new TrainingFolder(folder).ReadRecord();
        if (record.Command != command.Name)
            throw new UsageException($"'{folder}' is a run of '{record.Command}', not of '{command.Name}'.");
        T recipe = _recipes.Resume(given, record, folder);
        List<string> args = [];
        foreach ((string name, string value) in Said(given))
        {
            if (!_movable.Contains(name) && record.Options.GetValueOrDefault(name) is var saved && saved != value)
            {
                throw new UsageException($"--{name} is {value}, but the run in '{folder}' was started "
                    + (saved is null ? "without it" : $"with {saved}")
                    + ": leave it out to resume the run, or start another in a new folder.");
            }
        }
        foreach (Option option in command.Options)
        {
            string name = option.Name.TrimStart('-');
            if (given.GetResult(option) is { Implicit: false } result)
                args.AddRange([option.Name, .. result.Tokens.Select(token => token.Value)]);
            else if (record.Options.TryGetValue(name, out string? value))
                args.AddRange(option.ValueType == typeof(bool) ? [option.Name] : [option.Name, value]);
        }
        ParseResult all = command.Parse(args, new() { ResponseFileTokenReplacer = null, EnablePosixBundling = false });
        if (all.Errors.Count > 0)
            throw new CheckpointException($"'{folder}' cannot be resumed: {all.Errors[0].Message}");
        _record = new(command.Name, Said(all), _recipes.Values(recipe));
        return (all, recipe);
    }

    /// <summary>The run's folder: a new one, or, to resume, one with a run in it.</summary>
    public TrainingFolder Open(ParseResult parsed)
    {
        string path = Folder(parsed);
        if (!IsResumed(parsed) && Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
        {
            throw new IOException(
                $"'{path}' is not empty. Go on with its run with --resume {path}, or name a new folder.");
        }
        TrainingFolder folder = new(path);
        if (IsResumed(parsed) && !folder.HasState && !folder.HasRecord)
            throw new IOException($"'{path}' holds no run to resume.");
        return folder;
    }

    private bool IsResumed(ParseResult parsed) => parsed.GetResult(_resume) is not null;

    private string Folder(ParseResult parsed)
    {
        string? made = parsed.GetValue(_out), resumed = parsed.GetValue(_resume);
        if (made is not null && resumed is not null && Path.GetFullPath(made) != Path.GetFullPath(resumed))
            throw new UsageException($"The run is resumed in its own folder, '{resumed}': leave -o out.");
        return resumed ?? made ?? throw new UsageException("Name the run's folder with -o DIR.");
    }

    /// <summary>The options that were given, but for the run's folder, the recipe and the threads.</summary>
    private SortedDictionary<string, string> Said(ParseResult parsed)
    {
        SortedDictionary<string, string> said = new(StringComparer.Ordinal);
        foreach (Option option in parsed.CommandResult.Command.Options)
        {
            if (option == _out || option == _resume || option.Name == "--threads" || _recipes.Has(option)) continue;
            if (parsed.GetResult(option) is not { Implicit: false } result) continue;
            string value = option.ValueType == typeof(bool) ? "true" : result.Tokens[^1].Value;
            said[option.Name.TrimStart('-')] = Path.Exists(value) ? Path.GetFullPath(value) : value;
        }
        return said;
    }

    /// <summary>Keeps an option's value that was not said, but taken from elsewhere.</summary>
    public void Remember(string name, string value) => _record?.Options.TryAdd(name, value);

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
        if (_record is not null) folder.WriteRecord(_record);
        double? best;
        terminal.Errors.WriteLine(FormattableString.Invariant($"step {training.Optimizer.Steps}/{training.Steps}, ")
            + FormattableString.Invariant($"{(long)training.Steps * training.Batch:N0} {samples} in all"));
        try
        {
            best = terminal.Interactive ? WithBar() : WithLines();
        }
        catch (DivergedException e)
        {
            terminal.Fail(e.Message);
            return CommandLine.BadFile;
        }
        string score = best is null ? "none yet" : string.Create(CultureInfo.InvariantCulture, $"{best:F4} ({scored})");
        terminal.Output.WriteLine(
            $"{folder.Path}: step {training.Optimizer.Steps} of {training.Steps}, best score {score}");
        if (terminal.Stop.IsCancellationRequested) terminal.Errors.WriteLine($"Go on with --resume {folder.Path}");
        return terminal.Stop.IsCancellationRequested ? CommandLine.Stopped : CommandLine.Done;

        double? WithBar()
        {
            double? found = null;
            terminal.Bars(bars =>
            {
                ProgressTask bar = bars.AddTask("Training", maxValue: training.Steps);
                found = Loop(p =>
                {
                    bar.Value = p.Step;
                    bar.Description = Markup.Escape(Line(p));
                });
            });
            return found;
        }

        double? WithLines()
        {
            Stopwatch quiet = Stopwatch.StartNew();
            int first = training.Optimizer.Steps + 1;
            return Loop(p =>
            {
                if (p.Step % Math.Min(50, interval) != 0 && p.Step != first && quiet.Elapsed < _longSilence) return;
                terminal.Errors.WriteLine($"step {p.Step}/{p.Steps}, {Line(p)}");
                quiet.Restart();
            });
        }

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
            $"loss {p.Loss:F4}, {Score(p.Score)}, {p.PerSecond:F1} {samples}/s, {Time(p.Left)} left");

        static string Score(double? score)
            => score is { } value ? string.Create(CultureInfo.InvariantCulture, $"score {value:F4}") : "no score yet";
    }

    /// <summary>"12 days 18:47", "18:47:46".</summary>
    internal static string Time(TimeSpan time) => time.Days switch
    {
        0 => time.ToString(@"hh\:mm\:ss", CultureInfo.InvariantCulture),
        1 => time.ToString(@"'1 day 'hh\:mm", CultureInfo.InvariantCulture),
        _ => time.ToString(@"d' days 'hh\:mm", CultureInfo.InvariantCulture),
    };

    private static void Plot(TrainingFolder folder, string scored)
    {
        IReadOnlyList<LogLine> log = folder.ReadLog();
        LinePlot.Draw("Training", "step", "", [
            new("loss", [.. log.Select(l => ((double)l.Step, l.Loss))]),
            new(scored, [.. log.Where(l => l.Score is not null).Select(l => ((double)l.Step, l.Score!.Value))]),
        ]).Save(Path.Combine(folder.Path, "loss.png"));
    }
}
