using System.CommandLine;
using ClipSeg.Checkpoints;
using Spectre.Console;

namespace ClipSeg.Cli;

/// <summary><c>clipseg pull</c>: downloads a model from the Hugging Face hub.</summary>
internal sealed class PullCommand
{
    private const string Examples = """
        clipseg pull CIDAS/clipseg-rd64-refined
        clipseg pull CIDAS/clipseg-rd64-refined --revision main --verify
        clipseg segment photo.jpg "a cup" --model CIDAS/clipseg-rd64-refined
        """;

    private readonly Argument<string> _name = new("NAME")
    {
        Description = "ORGANISATION/NAME as the hub has it; a revision may follow after an @.",
    };

    private readonly Option<string?> _revision = new("--revision")
    {
        Description = "A branch, tag or commit; by default the one after the @, or main.",
        HelpName = "NAME",
    };

    private readonly Option<bool> _verify = new("--verify")
    {
        Description = "Compare what is there already with the hub's checksums, and fetch again what differs.",
    };

    private readonly Terminal _terminal;

    private PullCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        PullCommand pull = new(terminal);
        ExampleCommand command = new("pull",
            "Download a model from the Hugging Face hub into the cache that Python's tools use too.", Examples)
        {
            pull._name, pull._revision, pull._verify,
        };
        command.SetAction(pull.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        string folder =
            Pull(_terminal, parsed.GetValue(_name)!, parsed.GetValue(_revision), parsed.GetValue(_verify));
        _terminal.Output.WriteLine(folder);
        if (Licence.NameOf(file => InFolder(folder, file)) is { } licence) _terminal.Warn($"Licence: {licence}");
        return CommandLine.Done;
    }

    /// <summary>
    /// Asks whether to download a model that is not there, with its size and licence; null if that cannot be asked, or
    /// the answer is no.
    /// </summary>
    /// <returns>The folder of the model.</returns>
    public static string? Offer(Terminal terminal, string model, string? revision)
    {
        if (!terminal.CanAsk || HubName.TryParse(model, revision) is not { } name) return null;
        HubOffer offer = terminal.Wait($"Asking for {name}", () => HubOf(terminal)
            .Offer(name.Name, name.Revision, terminal.Stop).GetAwaiter().GetResult());
        string licence = offer.Licence is null ? "its card names no licence" : $"licence: {offer.Licence}";
        return terminal.Confirm($"'{offer.Name}' is not here. Download {Terminal.Bytes(offer.Bytes)} ({licence})?")
            ? Pull(terminal, name.Name, name.Revision, verify: false)
            : null;
    }

    public static Hub HubOf(Terminal terminal) => new(HubSettings.FromEnvironment(terminal.Variable));

    private static string Pull(Terminal terminal, string name, string? revision, bool verify)
    {
        Hub hub = HubOf(terminal);
        if (!terminal.Interactive) return Fetch(null);
        string folder = "";
        terminal.Download(name, bar => folder = Fetch(new Bar(bar)));
        return folder;

        string Fetch(IProgress<HubProgress>? progress)
            => UsageException.Check(
                () => hub.Pull(name, revision, progress, verify, terminal.Stop).GetAwaiter().GetResult());
    }

    private static string? InFolder(string folder, string file)
        => Path.Combine(folder, file) is { } path && File.Exists(path) ? path : null;

    /// <summary>One bar for all files.</summary>
    private sealed class Bar(ProgressTask task) : IProgress<HubProgress>
    {
        public void Report(HubProgress value)
        {
            task.MaxValue = Math.Max(1, value.Size);
            task.Value = value.Received;
        }
    }
}
