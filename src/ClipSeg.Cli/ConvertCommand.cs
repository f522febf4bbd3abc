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
        ExampleCommand command = new("convert",
            "Write a model as a folder that this program and Hugging Face's tools open.", Examples);
        ModelOptions files = new();
        files.AddSizeTo(command);
        return Conversion.Run(command, files, terminal, ["float32", "float16", "bfloat16"], (model, _)
            => ModelFiles.Write(model.Folder, model.Checkpoint.Tensors.Values, model.Source.Model.Config,
                model.Source.Preprocessing, model.Vocabulary,
                Enum.Parse<StoredType>(model.Type, ignoreCase: true), model.Licence));
    }
}
