using System.Globalization;
using Spectre.Console;

namespace ClipSeg.Cli;

/// <summary>What a command has of its surroundings: streams, environment, a way to be stopped.</summary>
internal sealed class Terminal
{
    private readonly IAnsiConsole? _progress;
    private readonly bool _toTerminal;

    /// <param name="output">For results.</param>
    /// <param name="errors">For everything else.</param>
    /// <param name="variable">Looks up an environment variable.</param>
    /// <param name="stop">Cancelled by Ctrl-C.</param>
    /// <param name="toTerminal">Whether results go to a person, and not to a file or a program.</param>
    /// <param name="interactive">Whether progress may be drawn on the error stream.</param>
    public Terminal(TextWriter output, TextWriter errors, Func<string, string?> variable, CancellationToken stop,
        bool toTerminal = false, bool interactive = false)
    {
        (Output, Errors, Variable, Stop, _toTerminal) = (output, errors, variable, stop, toTerminal);
        if (!interactive) return;
        _progress = AnsiConsole.Create(new()
        {
            Out = new AnsiConsoleOutput(errors),
            Ansi = AnsiSupport.Detect,
            Interactive = InteractionSupport.Yes,
        });
    }

    public TextWriter Output { get; }

    public TextWriter Errors { get; }

    public Func<string, string?> Variable { get; }

    public CancellationToken Stop { get; }

    /// <summary>Whether somebody watches the error stream, so that progress may be drawn.</summary>
    public bool Interactive => _progress is not null;

    /// <summary>Whether somebody can be asked: what is piped in is no answer.</summary>
    public bool CanAsk => Interactive && OpenInput() is null;

    /// <summary>
    /// Where the program lies; the model that comes with it is looked for here and in the folders above.
    /// </summary>
    public string Home { get; init; } = AppContext.BaseDirectory;

    /// <summary>Opens the standard input for bytes; null if a person would have to type them.</summary>
    public Func<Stream?> OpenInput { get; init; } = () => null;

    /// <summary>Opens the standard output for bytes; null if they would come onto a screen.</summary>
    public Func<Stream?> OpenOutput { get; init; } = () => null;

    public static Terminal OfProcess(CancellationToken stop) => new(Console.Out, Console.Error,
        Environment.GetEnvironmentVariable, stop, !Console.IsOutputRedirected,
        !Console.IsErrorRedirected)
    {
        OpenInput = () => Console.IsInputRedirected ? Console.OpenStandardInput() : null,
        OpenOutput = () => Console.IsOutputRedirected ? Console.OpenStandardOutput() : null,
    };

    /// <summary>Writes the line of a command that failed.</summary>
    public void Fail(string message) => Errors.WriteLine($"clipseg: {OneLine(message)}");

    /// <summary>Writes a line about something that did not keep the command from going on.</summary>
    public void Warn(string message)
    {
        string line = $"clipseg: {OneLine(message)}";
        if (_progress is null) Errors.WriteLine(line);
        else _progress.WriteLine(line);         // above the progress bar, if one is drawn
    }

    /// <summary>Writes a line of results at once, so that it stays if the command is stopped.</summary>
    public void WriteLine(string line)
    {
        Output.WriteLine(line);
        Output.Flush();
    }

    public void Write(TextTable table)
    {
        foreach (string line in table.Lines()) Output.WriteLine(line);
        Output.WriteLine();
    }

    /// <summary>Runs something that takes a while.</summary>
    public T Wait<T>(string title, Func<T> work)
        => _progress is null ? work() : _progress.Status().Start(Markup.Escape(title), _ => work());

    /// <summary>
    /// Runs something that goes through items, which writes results and calls what it is given after each. There is a
    /// bar, with how many a second, if there are several items and the results are not seen.
    /// </summary>
    public void Count(string title, int items, Action<Action> work)
    {
        if (_progress is null || _toTerminal || items < 2)
        {
            work(() => { });
            return;
        }
        Bars(bars =>
        {
            ProgressTask bar = bars.AddTask(Markup.Escape(title), maxValue: items);
            work(() =>
            {
                bar.Increment(1);
                bar.Description = string.Create(
                    CultureInfo.InvariantCulture, $"{Markup.Escape(title)}, {bar.Speed ?? 0:0.0} a second");
            });
        });
    }

    /// <summary>Runs something that says how far it is, so many of so many, which a bar shows.</summary>
    public void Advance(string title, Action<Action<int, int>> work)
    {
        if (_progress is null)
        {
            work((_, _) => { });
            return;
        }
        Bars(bars =>
        {
            ProgressTask bar = bars.AddTask(Markup.Escape(title));
            work((done, all) => (bar.MaxValue, bar.Value) = (Math.Max(1, all), done));
        });
    }

    /// <summary>Draws bars while <paramref name="work"/> runs; must be interactive.</summary>
    public void Bars(Action<ProgressContext> work) => _progress!.Progress()
        .Columns(
            new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
        .Start(work);

    /// <summary>Draws a bar of bytes while <paramref name="work"/> runs; must be interactive.</summary>
    public void Download(string title, Action<ProgressTask> work) => _progress!.Progress()
        .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new DownloadedColumn(),
            new TransferSpeedColumn(), new RemainingTimeColumn())
        .Start(bars => work(bars.AddTask(Markup.Escape(title))));

    /// <summary>Asks a question that is answered with yes or no; needs <see cref="CanAsk"/>.</summary>
    public bool Confirm(string question) => _progress!.Confirm(Markup.Escape(OneLine(question)));

    /// <summary>A size as people read it: "1.3 MB".</summary>
    public static string Bytes(long bytes)
    {
        string[] units = ["bytes", "kB", "MB", "GB", "TB"];
        double size = bytes;
        int unit = 0;
        for (; size >= 1000 && unit < units.Length - 1; unit++) size /= 1000;
        return string.Create(CultureInfo.InvariantCulture, $"{size:0.#} {units[unit]}");
    }

    /// <summary>Text from a file as a terminal may show it: no control characters.</summary>
    public static string OneLine(string text)
        => string.Concat(text.Select(c => c is '\n' or '\r' or '\t' ? ' ' : char.IsControl(c) ? '?' : c));
}
