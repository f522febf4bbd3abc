using System.CommandLine;
using ClipSeg.Checkpoints;
using ClipSeg.Text;

namespace ClipSeg.Cli;

/// <summary>A model that is open, to be written as another: what convert and export share.</summary>
/// <param name="Source">With its weights as they are read.</param>
/// <param name="Vocabulary">Of its tokenizer.</param>
/// <param name="Licence">Paths of the files that say what one may do with it, which go along.</param>
/// <param name="Folder">To write; it does not exist.</param>
/// <param name="Type">How weights are to be stored.</param>
internal sealed record Conversion(
    Segmenter Source, BpeVocabulary Vocabulary, string[] Licence, string Folder, string Type)
{
    public Checkpoint Checkpoint => Source.Checkpoint!;

    /// <summary>Adds the arguments and options to a command, and runs it.</summary>
    /// <param name="command">With the options that it has alone.</param>
    /// <param name="files">Which of the model's options it has is up to the command.</param>
    /// <param name="terminal">Where the folder's name goes.</param>
    /// <param name="types">How weights may be stored; the first is the default.</param>
    /// <param name="write">Writes the folder.</param>
    public static Command Run(Command command, ModelOptions files, Terminal terminal, string[] types,
        Action<Conversion, ParseResult> write)
    {
        Argument<string> source = new("MODEL") { Description = "A folder, a file, or the name of a pulled model." };
        Argument<string> target = new("DIR") { Description = "The folder to write, which must not exist yet." };
        Option<string> type = new("--type")
        {
            Description = "How weights are stored.",
            HelpName = "TYPE",
            DefaultValueFactory = _ => types[0],
        };
        type.AcceptOnlyFromAmong(types);
        command.Arguments.Add(source);
        command.Arguments.Add(target);
        command.Options.Add(type);
        files.AddFilesTo(command);
        command.SetAction(parsed =>
        {
            string folder = parsed.GetValue(target)!;
            if (Path.Exists(folder))
                throw new IOException($"'{folder}' exists already; a model is written to a new folder.");
            using Segmenter model = files.Load(parsed.GetValue(source)!, parsed, terminal);
            Checkpoint checkpoint = model.Checkpoint!;
            Conversion conversion = new(model, ModelFiles.ReadVocabulary(checkpoint, new()),
                [.. Checkpoints.Licence.Files.Select(checkpoint.File).OfType<string>()], folder,
                parsed.GetValue(type)!);
            terminal.Wait($"Writing {folder}", () =>
            {
                write(conversion, parsed);
                return folder;
            });
            terminal.Output.WriteLine(folder);
            return CommandLine.Done;
        });
        return command;
    }
}
