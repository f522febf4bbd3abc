using System.CommandLine;
using ClipSeg.Checkpoints;
using ClipSeg.Formats;

namespace ClipSeg.Cli;

/// <summary><c>clipseg convert</c>: any model this library opens, as a folder of safetensors.</summary>
internal sealed class ConvertCommand
{
    private const string Examples = """
        clipseg convert rd64-uni.pth my-model --clip ViT-B-16.pt
        clipseg convert CIDAS/clipseg-rd64-refined small --type float16
        """;

    private readonly ConversionOptions _conversion = new("float32", "float16", "bfloat16");
    private readonly Terminal _terminal;

    private ConvertCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        ConvertCommand convert = new(terminal);
        ExampleCommand command = new("convert",
            "Write a model as a folder that this program and Hugging Face's tools open.", Examples);
        convert._conversion.AddSizeTo(command);
        convert._conversion.AddTo(command);
        command.SetAction(convert.Run);
        return command;
    }

    private int Run(ParseResult parsed) => _conversion.Run(parsed, _terminal, model =>
    {
        Checkpoint checkpoint = model.Source.Checkpoint!;
        ModelFiles.Write(model.Folder, checkpoint.Tensors.Values, model.Source.Model.Config, model.Source.Preprocessing,
            ModelFiles.ReadVocabulary(checkpoint, new()), Enum.Parse<StoredType>(model.Type, ignoreCase: true),
            [.. Licence.Of(checkpoint)]);
    });
}
