using System.CommandLine;
using ClipSeg.Checkpoints;

namespace ClipSeg.Cli;

/// <summary><c>clipseg list</c>: the models that were pulled.</summary>
internal static class ListCommand
{
    private const string Examples = """
        clipseg list
        """;

    public static Command Create(Terminal terminal)
    {
        ExampleCommand command = new("list", "List the CLIPSeg models that were pulled: name, size, folder.", Examples);
        command.SetAction(_ =>
        {
            IReadOnlyList<CachedModel> models = PullCommand.HubOf(terminal).List();
            if (models.Count == 0)
            {
                terminal.Warn("No models were pulled. 'clipseg pull CIDAS/clipseg-rd64-refined' fetches one.");
                return CommandLine.Done;
            }
            TextTable table = new("model", ">size", "folder");
            foreach (CachedModel model in models) table.Add(model.Name, Terminal.Bytes(model.Bytes), model.Folder);
            terminal.Write(table);
            return CommandLine.Done;
        });
        return command;
    }
}
