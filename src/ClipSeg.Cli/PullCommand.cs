using System.CommandLine;
using ClipSeg.Checkpoints;
using Spectre.Console;

namespace ClipSeg.Cli;

/// <summary><c>clipseg pull</c>: downloads a model from the Hugging Face hub.</summary>
internal static class PullCommand
{
    private const string Examples = """
        clipseg pull CIDAS/clipseg-rd64-refined
        clipseg segment photo.jpg "a cup" --model CIDAS/clipseg-rd64-refined
        """;

    public static Command Create(Terminal terminal)
    {
        Argument<string> name = new("NAME") { Description = "ORGANISATION/NAME, as the hub has it." };
        Option<string> revision = new("--revision")
        {
            Description = "A branch, tag or commit.",
            HelpName = "NAME",
            DefaultValueFactory = _ => "main",
        };
        ExampleCommand command = new("pull",
            "Download a model from the Hugging Face hub into the cache that Python's tools use too.", Examples)
        {
            name, revision,
        };
        command.SetAction(parsed => Run(terminal, parsed.GetValue(name)!, parsed.GetValue(revision)!));
        return command;
    }

    private static int Run(Terminal terminal, string name, string revision)
    {
        Hub hub = new(HubSettings.FromEnvironment(terminal.Variable));
        string folder = "";
        if (terminal.Interactive) terminal.Bars(bars => folder = Pull(new Bars(bars)));
        else folder = Pull(null);
        terminal.Output.WriteLine(folder);
        return CommandLine.Done;

        string Pull(IProgress<HubProgress>? progress)
            => UsageException.Check(() => hub.Pull(name, revision, progress, terminal.Stop).GetAwaiter().GetResult());
    }

    /// <summary>A bar for each file.</summary>
    private sealed class Bars(ProgressContext context) : IProgress<HubProgress>
    {
        private readonly Dictionary<string, ProgressTask> _bars = [];

        public void Report(HubProgress value)
        {
            lock (_bars)
            {
                if (!_bars.TryGetValue(value.File, out ProgressTask? bar))
                    _bars.Add(value.File,
                        bar = context.AddTask(Markup.Escape(value.File), maxValue: Math.Max(1, value.Size)));
                bar.Value = value.Received;
            }
        }
    }
}
