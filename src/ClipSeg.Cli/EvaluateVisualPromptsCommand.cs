using System.CommandLine;
using ClipSeg.Training.Data;
using ClipSeg.Training.Evaluation;

namespace ClipSeg.Cli;

/// <summary><c>clipseg evaluate visual-prompts</c>: which engineering of pictures CLIP understands best.</summary>
internal sealed class EvaluateVisualPromptsCommand
{
    private const string Examples = """
        clipseg evaluate visual-prompts --model runs/emoji/best
        clipseg evaluate visual-prompts --data lvis_v1_val.json --as-published --limit 1600
        """;

    private readonly TaskOptions _task = new("COCO, LVIS or Pascal VOC",
        "engineered pictures are shrunk to the size that CLIP was made for, objects cover a tenth of the picture or "
        + "more, and two of the cropped rows have the parameters of the paper's code and not those of their labels.");
    private readonly Terminal _terminal;

    private EvaluateVisualPromptsCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        EvaluateVisualPromptsCommand evaluate = new(terminal);
        ExampleCommand command = new("visual-prompts",
            "Measure how well CLIP sees an object that is cropped, blurred, darkened: the paper's Table 2.", Examples);
        evaluate._task.AddTo(command, withThreshold: false, withAnswers: false);
        command.SetAction(evaluate.Run);
        return command;
    }

    private int Run(ParseResult parsed) => _task.Run(parsed, _terminal, model =>
    {
        bool published = _task.AsPublished(parsed);
        if (_task.Data(parsed) is not { } path)
        {
            return new VisualPromptsTask(_task.Scenes(parsed, _terminal, model()).Names(), published)
            {
                Data = "scenes",
            };
        }
        DataSetKind kind = DataSetKind.Of(path);
        return new VisualPromptsTask(kind.Open(path, kind.Splits?.Validation, new()), published) { Data = kind.Name };
    });
}
