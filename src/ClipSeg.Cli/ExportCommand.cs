using System.CommandLine;
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
        Option<bool> onnx = new("--onnx") { Description = "Write ONNX, which is the only format so far." };
        Option<bool> split = new("--split")
        {
            Description = "Write vision.onnx, picture.onnx, text.onnx and decoder.onnx instead of model.onnx.",
        };
        ExampleCommand command = new("export", "Write a model for ONNX Runtime.", Examples) { onnx, split };
        command.Validators.Add(result =>
        {
            if (!result.GetValue(onnx)) result.AddError("No format to export to: add --onnx, the only one so far.");
        });
        return Conversion.Run(command, new(), terminal, ["float32", "float16", "int8"], (model, parsed)
            => OnnxFolder.Write(model.Folder, model.Source.Model, model.Source.Preprocessing, model.Vocabulary,
                Enum.Parse<OnnxType>(model.Type, ignoreCase: true), parsed.GetValue(split), model.Licence));
    }
}
