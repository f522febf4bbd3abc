using System.CommandLine;

namespace ClipSeg.Cli.Jobs;

/// <summary><c>clipseg jobs cancel</c>: calls a job off.</summary>
internal sealed class CancelCommand
{
    private readonly Argument<string> _id = JobsCommand.Id();
    private readonly PlaceOptions _place = new(needsBroker: false);
    private readonly Terminal _terminal;

    private CancelCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        CancelCommand cancel = new(terminal);
        ExampleCommand command = new("cancel",
            "Call a job off: workers stop within a second and a picture. What is done stays; submitting the same again "
            + "goes on.", "clipseg jobs cancel 4f1d2a90c3b85e67")
        {
            cancel._id,
        };
        cancel._place.AddTo(command);
        command.SetAction(cancel.Run);
        return command;
    }

    private int Run(ParseResult parsed) => _place.AtDesk(parsed, _terminal, async desk =>
    {
        await desk.Cancel(parsed.GetValue(_id)!, _terminal.Stop);
        return CommandLine.Done;
    });
}
