using System.CommandLine;
using ClipSeg.Training.Data;
using ClipSeg.Training.Evaluation;

namespace ClipSeg.Cli;

/// <summary><c>clipseg evaluate prompts</c>: phrases that name no class.</summary>
internal sealed class EvaluatePromptsCommand
{
    private const string Examples = """
        clipseg evaluate prompts --model runs/emoji/best
        clipseg evaluate prompts --data lvis_v1_val.json --model CIDAS/clipseg-rd64-refined
        """;

    private readonly TaskOptions _task = new("An annotation file of LVIS or COCO, with its pictures beside it");
    private readonly Terminal _terminal;

    private EvaluatePromptsCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        EvaluatePromptsCommand evaluate = new(terminal);
        ExampleCommand command = new("prompts",
            "Measure a model on affordances, attributes and parts: 'sit on', 'can fly', 'has wheels'.", Examples);
        evaluate._task.AddTo(command, published: false);
        command.SetAction(evaluate.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        double threshold = _task.Threshold(parsed);
        return _task.Run(parsed, _terminal, model =>
        {
            if (_task.Data(parsed) is not { } path)
            {
                return new PromptsTask(_task.Scenes(parsed, _terminal, model()).Prompts(), threshold)
                {
                    Data = "scenes",
                };
            }
            return new PromptsTask(
                new GeneralisedPrompts(InstanceData.FileOf(path, "val"), _task.Seed(parsed)), threshold)
            {
                Data = "LVIS or COCO",
                IsPublishedData = true,
            };
        });
    }
}
