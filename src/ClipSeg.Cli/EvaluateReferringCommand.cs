using System.CommandLine;
using ClipSeg.Training.Data;
using ClipSeg.Training.Evaluation;

namespace ClipSeg.Cli;

/// <summary>
/// <c>clipseg evaluate referring</c>: what phrases mean in pictures. <c>folder</c> is the same on one's own pictures.
/// </summary>
internal sealed class EvaluateReferringCommand
{
    private const string Examples = """
        clipseg evaluate referring --model runs/emoji/best
        clipseg evaluate referring --data VGPhraseCut_v0 --model CIDAS/clipseg-rd64-refined
        clipseg evaluate referring --data VGPhraseCut_v0 --as-published --json phrasecut.json --resume phrasecut.part
        clipseg evaluate referring --data refcoco --split val --limit 200
        """;

    private const string FolderExamples = """
        clipseg evaluate folder --data my-test-pictures --model runs/mine/best
        clipseg evaluate folder --data my-test-pictures --model CIDAS/clipseg-rd64-refined --json scores.json
        """;

    private const string Pillow = "pillow";

    private readonly Option<string?> _split = new("--split")
    {
        Description = "Which part, of data sets that have several; by default the test.",
        HelpName = "NAME",
    };

    private readonly Option<string> _polygons = new("--polygons")
    {
        Description = "How PhraseCut's outlines become masks: as CLIPSeg fills them, with scikit-image, or as "
            + "PhraseCut does, with Pillow.",
        HelpName = $"scikit-image|{Pillow}",
        DefaultValueFactory = _ => "scikit-image",
    };

    private readonly TaskOptions _task;
    private readonly Terminal _terminal;

    private EvaluateReferringCommand(Terminal terminal, TaskOptions task)
    {
        (_terminal, _task) = (terminal, task);
        _polygons.AcceptOnlyFromAmong("scikit-image", Pillow);
    }

    public static Command Create(Terminal terminal)
    {
        EvaluateReferringCommand evaluate = new(terminal, new("PhraseCut, RefCOCO, gRefCOCO, or what 'train' reads",
            "pictures and masks are squashed to the model's size, with aligned corners and no averaging, and scored "
            + "there."));
        ExampleCommand command = new("referring",
            "Measure a model on phrases and what they mean in pictures: the paper's Table 3.", Examples)
        {
            evaluate._split, evaluate._polygons,
        };
        evaluate._task.AddTo(command);
        command.SetAction(evaluate.Run);
        return command;
    }

    public static Command CreateFolder(Terminal terminal)
    {
        EvaluateReferringCommand evaluate = new(terminal,
            new("What 'train' reads: pictures that the model was not trained on"));
        ExampleCommand command = new(
            "folder", "Measure a model on your own pictures, masks and phrases.", FolderExamples) { evaluate._split };
        evaluate._task.AddTo(command, withScenes: false, published: false);
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
                return new ReferringTask(
                    _task.Scenes(parsed, _terminal, model()).Questions(), threshold, _task.AsPublished(parsed))
                {
                    Data = "scenes",
                };
            }
            DataSetKind kind = DataSetKind.Of(path);
            string? split = parsed.GetValue(_split);
            if (split is not null && kind.Splits is null)
                throw new UsageException($"'{path}' is {kind.Name} and has no parts: leave --split out.");
            split ??= kind.Splits?.Test;
            SegmentationData data = kind.Open(
                path, split, new() { PillowPolygons = parsed.GetValue(_polygons) == Pillow });
            ReferringTask task = new(data, threshold, _task.AsPublished(parsed))
            {
                Data = split is null ? kind.Name : $"{kind.Name}, {split}",
            };
            if (parsed.GetValue(_polygons) == Pillow) task.Settings["polygons"] = Pillow;
            return task;
        });
    }
}
