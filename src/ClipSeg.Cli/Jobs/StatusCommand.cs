using System.CommandLine;
using System.Globalization;
using ClipSeg.Jobs;

namespace ClipSeg.Cli.Jobs;

/// <summary><c>clipseg jobs status</c>: how far jobs are.</summary>
internal sealed class StatusCommand
{
    private const string Examples = """
        clipseg jobs status
        clipseg jobs status 4f1d2a90c3b85e67 --json
        """;

    private readonly Argument<string?> _id = new("JOB")
    {
        Description = "By default all of the store.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<bool> _json = new("--json") { Description = "Print a line of JSON for each job." };

    private readonly PlaceOptions _place = new(needsBroker: false);
    private readonly Terminal _terminal;

    private StatusCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        StatusCommand status = new(terminal);
        ExampleCommand command = new("status", "Say how far jobs are: pictures done, failed, put aside.", Examples)
        {
            status._id, status._json,
        };
        status._place.AddTo(command);
        command.SetAction(status.Run);
        return command;
    }

    private int Run(ParseResult parsed) => _place.AtDesk(parsed, _terminal, async desk =>
    {
        List<string> ids = [];
        if (parsed.GetValue(_id) is { } one) ids.Add(one);
        else await foreach (JobRecord job in desk.List(_terminal.Stop)) ids.Add(job.Id);
        List<JobStatus> jobs = [];
        foreach (string id in ids) jobs.Add(await desk.Status(id, _terminal.Stop));
        StatusTable.Write(_terminal, jobs, parsed.GetValue(_json));
        if (await desk.Depth(_terminal.Stop) is { } depth)
        {
            _terminal.Warn(string.Create(CultureInfo.InvariantCulture,
                $"{depth.Waiting:N0} messages wait, {depth.Dead:N0} were put aside, {depth.Workers:N0} workers."));
        }
        return CommandLine.Done;
    });
}
