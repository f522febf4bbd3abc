using System.CommandLine;

namespace ClipSeg.Cli;

/// <summary>The options of the commands that write a model anew: from where, to where, and how it is stored.</summary>
internal sealed class ConversionOptions
{
    private readonly Argument<string> _source =
        new("MODEL") { Description = "A folder, a file, or the name of a pulled model." };

    private readonly Argument<string> _target =
        new("DIR") { Description = "The folder to write, which must not exist yet." };

    private readonly Option<string> _type;
    private readonly ModelOptions _files = new();

    /// <param name="types">How weights may be stored; the first is the default.</param>
    public ConversionOptions(params string[] types)
    {
        _type = new("--type")
        {
            Description = "How weights are stored.",
            HelpName = "TYPE",
            DefaultValueFactory = _ => types[0],
        };
        _type.AcceptOnlyFromAmong(types);
    }

    /// <summary>The size that the written model reads pictures at.</summary>
    public void AddSizeTo(Command command) => _files.AddSizeTo(command);

    public void AddTo(Command command)
    {
        command.Arguments.Add(_source);
        command.Arguments.Add(_target);
        command.Options.Add(_type);
        _files.AddFilesTo(command);
    }

    /// <summary>Opens the model, has it written, and prints the folder's name.</summary>
    public int Run(ParseResult parsed, Terminal terminal, Action<Conversion> write)
    {
        string folder = parsed.GetValue(_target)!;
        if (Path.Exists(folder))
            throw new IOException($"'{folder}' exists already; a model is written to a new folder.");
        using Segmenter model = _files.Load(parsed.GetValue(_source)!, parsed, terminal);
        Conversion conversion = new(model, folder, parsed.GetValue(_type)!);
        terminal.Wait($"Writing {folder}", () =>
        {
            write(conversion);
            return folder;
        });
        terminal.Output.WriteLine(folder);
        return CommandLine.Done;
    }
}
