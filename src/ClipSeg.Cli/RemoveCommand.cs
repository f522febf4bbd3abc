using System.CommandLine;
using ClipSeg.Checkpoints;

namespace ClipSeg.Cli;

/// <summary><c>clipseg rm</c>: deletes models that were pulled.</summary>
internal static class RemoveCommand
{
    private const string Examples = """
        clipseg rm CIDAS/clipseg-rd64-refined
        clipseg rm CIDAS/clipseg-rd64-refined@v1
        """;

    public static Command Create(Terminal terminal)
    {
        Argument<string[]> names = new("NAME")
        {
            Description = "As 'clipseg list' shows it.",
            Arity = ArgumentArity.OneOrMore,
        };
        ExampleCommand command = new("rm", "Delete models that were pulled, and only those.", Examples) { names };
        command.SetAction(parsed =>
        {
            Hub hub = PullCommand.HubOf(terminal);
            foreach (string name in parsed.GetValue(names)!) UsageException.Check(() => hub.Remove(name));
            return CommandLine.Done;
        });
        return command;
    }
}
