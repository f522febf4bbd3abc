using System.CommandLine;
using ClipSeg.Jobs;

namespace ClipSeg.Cli.Jobs;

/// <summary><c>clipseg jobs watch</c>: waits for the end of a job.</summary>
internal sealed class WatchCommand
{
    private const string Examples = """
        clipseg jobs watch 4f1d2a90c3b85e67
        clipseg jobs watch 4f1d2a90c3b85e67 --json && clipseg jobs fetch 4f1d2a90c3b85e67 -o out
        """;

    private readonly Argument<string> _id = JobsCommand.Id();

    private readonly Option<bool> _json = new("--json") { Description = "Print a line of JSON whenever it changes." };

    private readonly PlaceOptions _place = new(needsBroker: false);
    private readonly Terminal _terminal;

    private WatchCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        WatchCommand watch = new(terminal);
        ExampleCommand command = new("watch",
            "Wait until a job is done, cancelled, or put aside. The exit code is 0 if every picture was read.",
            Examples)
        {
            watch._id, watch._json,
        };
        watch._place.AddTo(command);
        command.SetAction(watch.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        string id = parsed.GetValue(_id)!;
        bool json = parsed.GetValue(_json);
        JobStatus? last = null;
        _terminal.Advance("Segmenting", advance => last = _place.AtDesk(parsed, _terminal, async desk =>
        {
            JobStatus? status = null;
            await foreach (JobStatus now in desk.Watch(id, _terminal.Stop))
            {
                status = now;
                advance(now.Done, now.Pictures);
                if (json) StatusTable.Write(_terminal, [now], json);
            }
            return status;
        }));
        if (!json) StatusTable.Write(_terminal, [last!], json);
        if (last!.State == JobState.Dead)
        {
            _terminal.Warn($"{last.Dead} pictures were put aside after workers died of them: 'clipseg jobs retry {id}' "
                + "tries each alone.");
        }
        return last is { State: JobState.Done, Failed: 0 } ? CommandLine.Done : CommandLine.BadFile;
    }
}
