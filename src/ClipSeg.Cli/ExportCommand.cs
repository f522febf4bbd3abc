using System.CommandLine;
using ClipSeg.Onnx;

namespace ClipSeg.Cli;

/// <summary><c>clipseg export</c>: a model for other programs' runtimes.</summary>
internal sealed class ExportCommand
{
    private const string Examples = """
        clipseg export CIDAS/clipseg-rd64-refined for-the-web --onnx --type int8
        clipseg export rd64-uni.pth parts --onnx --split --clip ViT-B-16.pt
        """;

    private readonly Option<bool> _onnx =
        new("--onnx") { Description = "Write ONNX, which is the only format so far." };

    private readonly Option<bool> _split = new("--split")
    {
        Description = "Write vision.onnx, picture.onnx, text.onnx and decoder.onnx instead of model.onnx.",
    };

    private readonly ConversionOptions _conversion = new("float32", "float16", "int8");
    private readonly Terminal _terminal;

    private ExportCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        ExportCommand export = new(terminal);
        ExampleCommand command =
            new("export", "Write a model for ONNX Runtime.", Examples) { export._onnx, export._split };
        export._conversion.AddTo(command);
        command.Validators.Add(result =>
        {
            if (!result.GetValue(export._onnx))
                result.AddError("No format to export to: add --onnx, the only one so far.");
        });
        command.SetAction(export.Run);
        return command;
    }

    private int Run(ParseResult parsed) => _conversion.Run(parsed, _terminal, model
        => OnnxFolder.Write(model.Source, model.Folder, Enum.Parse<OnnxType>(model.Type, ignoreCase: true),
            parsed.GetValue(_split)));
}
