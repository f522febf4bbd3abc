using System.CommandLine;
using ClipSeg.Checkpoints;

namespace ClipSeg.Cli;

/// <summary><c>clipseg rm</c>: deletes models that were pulled.</summary>
internal sealed class RemoveCommand
{
    private const string Examples = """
        clipseg rm CIDAS/clipseg-rd64-refined
        clipseg rm CIDAS/clipseg-rd64-refined@v1
        """;

    private readonly Argument<string[]> _names = new("NAME")
    {
        Description = "As 'clipseg list' shows it.",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Terminal _terminal;

    private RemoveCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        RemoveCommand remove = new(terminal);
        ExampleCommand command =
            new("rm", "Delete models that were pulled, and only those.", Examples) { remove._names };
        command.SetAction(remove.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        Hub hub = PullCommand.HubOf(_terminal);
        foreach (string name in parsed.GetValue(_names)!) UsageException.Check(() => hub.Remove(name));
        return CommandLine.Done;
    }
}
