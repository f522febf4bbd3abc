using System.CommandLine;
using ClipSeg.Checkpoints;
using ClipSeg.Formats;

namespace ClipSeg.Cli;

/// <summary><c>clipseg convert</c>: any model this library opens, as a folder of safetensors.</summary>
internal static class ConvertCommand
{
    private const string Examples = """
        clipseg convert rd64-uni.pth my-model --clip ViT-B-16.pt
        clipseg convert CIDAS/clipseg-rd64-refined small --type float16
        """;

    public static Command Create(Terminal terminal)
    {
        Argument<string> source = new("MODEL") { Description = "A folder, a file, or the name of a pulled model." };
        Argument<string> target = new("DIR") { Description = "The folder to write, which must not exist yet." };
        Option<string> type = new("--type")
        {
            Description = "How weights are stored.",
            HelpName = "TYPE",
            DefaultValueFactory = _ => "float32",
        };
        type.AcceptOnlyFromAmong("float32", "float16", "bfloat16");
        ExampleCommand command = new("convert",
            "Write a model as a folder that this program and Hugging Face's tools open.", Examples)
        {
            source, target, type,
        };
        ModelOptions files = new();
        files.AddFilesTo(command);
        files.AddSizeTo(command);
        command.SetAction(parsed =>
        {
            string folder = parsed.GetValue(target)!;
            if (Path.Exists(folder))
                throw new IOException($"'{folder}' exists already; a model is written to a new folder.");
            using Segmenter model = files.Load(parsed.GetValue(source)!, parsed, terminal);
            Checkpoint checkpoint = model.Checkpoint!;
            string[] licence = [.. ShowCommand.LicenceFiles(checkpoint)];
            terminal.Wait($"Writing {folder}", () =>
            {
                ModelFiles.Write(folder, checkpoint.Tensors.Values, model.Model.Config, model.Preprocessing,
                    ModelFiles.ReadVocabulary(checkpoint, new()),
                    Enum.Parse<StoredType>(parsed.GetValue(type)!, ignoreCase: true), licence);
                return folder;
            });
            terminal.Output.WriteLine(folder);
            return CommandLine.Done;
        });
        return command;
    }
}
