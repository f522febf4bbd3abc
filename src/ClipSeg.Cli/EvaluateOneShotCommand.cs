using System.CommandLine;
using ClipSeg.Prompts;
using ClipSeg.Scenes.Evaluation;
using ClipSeg.Training.Data;
using ClipSeg.Training.Evaluation;
using ClipSeg.Training.Reports;

namespace ClipSeg.Cli;

/// <summary><c>clipseg evaluate one-shot</c>: find what another picture shows.</summary>
internal sealed class EvaluateOneShotCommand
{
    private const string ByPicture = "picture", ByText = "text";
    private const int DefaultSeeds = 3;

    private const string Examples = """
        clipseg evaluate one-shot --model runs/emoji/best
        clipseg evaluate one-shot --data VOC2012 --fold 0 --model rd64-uni-phrasepas5i-0.pth --clip ViT-B-16.pt
        clipseg evaluate one-shot --data VOC2012 --list lists/pascal/val.txt --as-published --seeds 5
        clipseg evaluate one-shot --data VOC2012 --prompt text
        clipseg evaluate one-shot --data COCO-20i --as-published
        clipseg evaluate one-shot --data fss-1000 --seeds 1 --limit 500
        """;

    private readonly Option<string?> _list = new("--list")
    {
        Description = "Pascal-5i's pictures: a file of VOC's ids, or PFENet's pairs; by default VOC's own list of val.",
        HelpName = "FILE",
    };

    private readonly Option<string> _prompt = new("--prompt")
    {
        Description = "How the class is told: shown (the paper's Tables 5 and 6) or named (Table 7).",
        HelpName = $"{ByPicture}|{ByText}",
        DefaultValueFactory = _ => ByPicture,
    };

    private readonly Option<string?> _engineering = new("--visual-prompt")
    {
        Description = $"What makes the shown object stand out: {string.Join(", ", VisualPrompt.Names)}.",
        HelpName = "NAME",
    };

    private readonly Option<int?> _fold = new Option<int?>("--fold")
    {
        Description = "One fold only, 0 to 3: the one that the model was trained without. By default all.",
        HelpName = "K",
    }.Between(0, 3);

    private readonly Option<int?> _seeds = new Option<int?>("--seeds")
    {
        Description = $"How often supports are drawn, from --seed on; by default {DefaultSeeds}.",
        HelpName = "N",
    }.Between(1, 1000);

    private readonly TaskOptions _task = new("Pascal VOC, COCO-20i or COCO, FSS-1000, or pictures of classes",
        "Pascal's pictures come on PFENet's black square, the answer is stretched over one of the longer side, and "
        + "classes are named as in VOC's files (diningtable); COCO's are squashed and scored at the model's size.");
    private readonly Terminal _terminal;

    private EvaluateOneShotCommand(Terminal terminal)
    {
        _terminal = terminal;
        _prompt.AcceptOnlyFromAmong(ByPicture, ByText);
    }

    public static Command Create(Terminal terminal)
    {
        EvaluateOneShotCommand evaluate = new(terminal);
        ExampleCommand command = new("one-shot",
            "Measure a model on finding what another picture shows: Pascal-5i, COCO-20i, FSS-1000.", Examples)
        {
            evaluate._list, evaluate._prompt, evaluate._engineering, evaluate._fold, evaluate._seeds,
        };
        evaluate._task.AddTo(command);
        command.SetAction(evaluate.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        double threshold = _task.Threshold(parsed);
        VisualPrompt? engineering = parsed.GetValue(_engineering) is { } name
            ? UsageException.Check(() => VisualPrompt.Named(name)) : null;
        AskedBy by = parsed.GetValue(_prompt) == ByText ? AskedBy.Text : AskedBy.Picture;
        return _task.Run(parsed, _terminal, model =>
        {
            Source source = Open(parsed, by, model);
            if (parsed.GetValue(_fold) is { } fold && fold >= source.Episodes.Folds)
                throw new UsageException($"--fold is {fold}, but {source.Name} has no folds: leave it out.");
            Framing framing = _task.AsPublished(parsed) ? source.PublishedFraming : Framing.Whole;
            OneShotTask task = new(source.Episodes, threshold, by, framing,
                (_task.Seed(parsed), parsed.GetValue(_seeds) ?? DefaultSeeds), parsed.GetValue(_fold), engineering)
            {
                Data = source.Name,
                Published = source.Published,
            };
            if (parsed.GetValue(_engineering) is { } preset) task.Settings["visual-prompt"] = preset;
            return task;
        });
    }

    private Source Open(ParseResult parsed, AskedBy by, Func<Segmenter> model)
    {
        string? list = parsed.GetValue(_list);
        if (_task.Data(parsed) is not { } path)
            return new("scenes", new SceneEpisodes(_task.Scenes(parsed, _terminal, model())), Framing.Squashed, []);
        if (LabelledPictures.IsVoc(path))
        {
            LabelledPictures voc = LabelledPictures.OpenVoc(
                path, "val", list, _task.AsPublished(parsed) ? VocClasses.OneShot : null);
            return new("Pascal-5i", new PascalEpisodes(voc), Framing.Canvas, PublishedScores.Pascal5i(by));
        }
        if (list is not null) throw new UsageException("--list goes with Pascal VOC.");
        DataSetKind kind = DataSetKind.Of(path);
        if (kind.Open(path, kind.Splits?.Validation, new()) is not PhraseData data)
        {
            throw new DataFormatException(
                $"'{path}' is {kind.Name}; expected pictures of classes, such as Pascal VOC's.");
        }
        bool coco = data is Coco20i || data.Classes.Count == 80;
        return new(coco ? "COCO-20i" : kind.Name, new DrawnEpisodes(data, data.Classes, coco ? 4 : 1), Framing.Squashed,
            coco && by == AskedBy.Picture ? PublishedScores.Coco20i : []);
    }

    /// <summary>Where the episodes come from, and how the paper reads such pictures.</summary>
    private sealed record Source(
        string Name, EpisodeData Episodes, Framing PublishedFraming,
        IReadOnlyList<PublishedRow> Published);
}
