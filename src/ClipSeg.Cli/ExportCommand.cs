using System.CommandLine;
using ClipSeg.Checkpoints;
using ClipSeg.Onnx;

namespace ClipSeg.Cli;

/// <summary><c>clipseg export</c>: a model for other programs' runtimes.</summary>
internal static class ExportCommand
{
    private const string Examples = """
        clipseg export CIDAS/clipseg-rd64-refined for-the-web --onnx --type int8
        clipseg export rd64-uni.pth parts --onnx --split --clip ViT-B-16.pt
        """;

    public static Command Create(Terminal terminal)
    {
        Argument<string> source = new("MODEL") { Description = "A folder, a file, or the name of a pulled model." };
        Argument<string> target = new("DIR") { Description = "The folder to write, which must not exist yet." };
        Option<bool> onnx = new("--onnx") { Description = "Write ONNX, which is the only format so far." };
        Option<bool> split = new("--split")
        {
            Description = "Write vision.onnx, picture.onnx, text.onnx and decoder.onnx instead of model.onnx.",
        };
        Option<string> type = new("--type")
        {
            Description = "How weights are stored.",
            HelpName = "TYPE",
            DefaultValueFactory = _ => "float32",
        };
        type.AcceptOnlyFromAmong("float32", "float16", "int8");
        ExampleCommand command = new("export", "Write a model for ONNX Runtime.", Examples)
        {
            source, target, onnx, type, split,
        };
        ModelOptions files = new();
        files.AddFilesTo(command);
        command.SetAction(parsed =>
        {
            if (!parsed.GetValue(onnx))
                throw new UsageException("No format to export to: add --onnx, the only one so far.");
            string folder = parsed.GetValue(target)!;
            using Segmenter model = files.Load(parsed.GetValue(source)!, parsed, terminal);
            Checkpoint checkpoint = model.Checkpoint!;
            string[] licence = [.. ShowCommand.LicenceFiles(checkpoint)];
            terminal.Wait($"Writing {folder}", () =>
            {
                OnnxFolder.Write(folder, model.Model, model.Preprocessing, ModelFiles.ReadVocabulary(checkpoint, new()),
                    Enum.Parse<OnnxType>(parsed.GetValue(type)!, ignoreCase: true), parsed.GetValue(split), licence);
                return folder;
            });
            terminal.Output.WriteLine(folder);
            return CommandLine.Done;
        });
        return command;
    }
}
