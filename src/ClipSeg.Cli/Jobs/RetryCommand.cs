using System.CommandLine;
using System.Globalization;

namespace ClipSeg.Cli.Jobs;

/// <summary><c>clipseg jobs retry</c>: tries again what was put aside.</summary>
internal sealed class RetryCommand
{
    private const string Examples = """
        clipseg jobs retry 4f1d2a90c3b85e67
        clipseg jobs retry 4f1d2a90c3b85e67 --missing
        """;

    private readonly Argument<string> _id = JobsCommand.Id();

    private readonly Option<bool> _missing = new("--missing")
    {
        Description = "Put everything that has no receipt into the queue, after the broker has lost its disk.",
    };

    private readonly Option<bool> _json = new("--json") { Description = "Print an object of JSON." };

    private readonly PlaceOptions _place = new(needsBroker: true);
    private readonly Terminal _terminal;

    private RetryCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        RetryCommand retry = new(terminal);
        ExampleCommand command = new("retry",
            "Put messages that workers died of three times back into the queue, each picture alone: the one that kills "
            + "is put aside again, and the others are done.", Examples)
        {
            retry._id, retry._missing, retry._json,
        };
        retry._place.AddTo(command);
        command.SetAction(retry.Run);
        return command;
    }

    private int Run(ParseResult parsed) => _place.AtDesk(parsed, _terminal, async desk =>
    {
        string id = parsed.GetValue(_id)!;
        int published = await desk.Retry(id, parsed.GetValue(_missing), _terminal.Stop);
        _terminal.WriteLine(parsed.GetValue(_json) ? Json.Of(new(id, published), Json.Line.RetryResult)
            : string.Create(CultureInfo.InvariantCulture, $"{published:N0} messages are in the queue again."));
        return CommandLine.Done;
    });
}

/// <summary>What <c>clipseg jobs retry --json</c> prints.</summary>
/// <param name="Job">The job's name.</param>
/// <param name="Published">How many messages were put into the queue.</param>
internal sealed record RetryResult(string Job, int Published);
