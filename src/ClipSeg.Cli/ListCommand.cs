using System.CommandLine;
using ClipSeg.Checkpoints;

namespace ClipSeg.Cli;

/// <summary><c>clipseg list</c>: the models that were pulled.</summary>
internal sealed class ListCommand
{
    private readonly Terminal _terminal;

    private ListCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        ListCommand list = new(terminal);
        ExampleCommand command =
            new("list", "List the CLIPSeg models that were pulled: name, size, folder.", "clipseg list");
        command.SetAction(list.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        IReadOnlyList<CachedModel> models = PullCommand.HubOf(_terminal).List();
        if (models.Count == 0)
        {
            _terminal.Warn("No models were pulled. 'clipseg pull CIDAS/clipseg-rd64-refined' fetches one.");
            return CommandLine.Done;
        }
        TextTable table = new("model", ">size", "folder");
        foreach (CachedModel model in models) table.Add(model.Name, Terminal.Bytes(model.Bytes), model.Folder);
        _terminal.Write(table);
        return CommandLine.Done;
    }
}
