using System.CommandLine;
using System.Globalization;
using ClipSeg.Scenes.Evaluation;
using ClipSeg.Training.Data;
using ClipSeg.Training.Evaluation;

namespace ClipSeg.Cli;

/// <summary>
/// <c>clipseg evaluate classes</c>: a class for every pixel, by names. <c>zero-shot</c> tells apart the classes that
/// the model was trained without.
/// </summary>
internal sealed class EvaluateClassesCommand
{
    private const string Ignore = "ignore";
    private const int DefaultUnseen = 10;

    private const string Examples = """
        clipseg evaluate classes --model runs/emoji/best
        clipseg evaluate classes --data VOC2012 --background ignore
        clipseg evaluate classes --data ade20k --limit 100 --json ade20k.json
        clipseg evaluate classes --data VOC2012 --background-names "sky, wall, grass, road, water"
        """;

    private const string ZeroShotExamples = """
        clipseg evaluate zero-shot --model runs/emoji/best
        clipseg evaluate zero-shot --data VOC2012 --unseen 4 --as-published --model rd64-uni-zs2.pth --clip ViT-B-16.pt
        clipseg evaluate zero-shot --data my-classes --unseen "cow, motorbike"
        """;

    private readonly Option<string?> _split = new("--split")
    {
        Description = "Which part, of data sets that have several; by default val.",
        HelpName = "NAME",
    };

    private readonly Option<string> _background = new("--background")
    {
        Description = "From which probability on a pixel is of a class and not of the background, or "
            + $"'{Ignore}': then the background's pixels are not scored.",
        HelpName = $"T|{Ignore}",
        DefaultValueFactory = _ => "0.5",
    };

    private readonly Option<string?> _backgroundNames = new("--background-names")
    {
        Description = "What the background is made of, with commas: these names compete with the classes.",
        HelpName = "LIST",
    };

    private readonly Option<string> _unseen = new("--unseen")
    {
        Description = "The classes that the model was trained without: 2, 4, 6, 8 or 10 for Pascal VOC's splits, or "
            + "names with commas.",
        HelpName = "N|NAMES",
        DefaultValueFactory = _ => DefaultUnseen.ToString(CultureInfo.InvariantCulture),
    };

    private readonly TaskOptions _task = new("Pascal VOC, or images, labels and classes.txt",
        "all is squashed and scored at the model's size; 'background' is asked for, three times as likely as it is "
        + "found; names stand alone and as in the paper's files; classes that do not occur count as 0. (The paper's "
        + "columns of seen and unseen classes are very probably exchanged: both readings are printed.)");
    private readonly Terminal _terminal;
    private readonly bool _zeroShot;

    private EvaluateClassesCommand(Terminal terminal, bool zeroShot) => (_terminal, _zeroShot) = (terminal, zeroShot);

    public static Command Create(Terminal terminal) => Create(new(terminal, zeroShot: false), new("classes",
        "Measure a model on naming every pixel: mIoU of open-vocabulary segmentation.", Examples));

    public static Command CreateZeroShot(Terminal terminal) => Create(new(terminal, zeroShot: true), new("zero-shot",
        "Measure a model on classes that it was trained with and without: generalised zero-shot segmentation.",
        ZeroShotExamples));

    private static Command Create(EvaluateClassesCommand evaluate, ExampleCommand command)
    {
        command.Options.Add(evaluate._split);
        if (evaluate._zeroShot) command.Options.Add(evaluate._unseen);
        command.Options.Add(evaluate._background);
        command.Options.Add(evaluate._backgroundNames);
        evaluate._task.AddTo(command, withThreshold: false, published: evaluate._zeroShot);
        command.SetAction(evaluate.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        bool published = _zeroShot && _task.AsPublished(parsed);
        string said = parsed.GetValue(_background)!;
        bool ignore = said == Ignore;
        double threshold = 0;
        if (!ignore && !(double.TryParse(said, NumberStyles.Float, CultureInfo.InvariantCulture, out threshold)
            && threshold is >= 0 and <= 1))
            throw new UsageException($"--background is '{said}', expected 0 to 1 or '{Ignore}'.");
        BackgroundRule rule = published ? BackgroundRule.Published
            : ignore ? BackgroundRule.Ignored : BackgroundRule.Threshold;
        string[] names = Names(parsed.GetValue(_backgroundNames) ?? "");
        return _task.Run(parsed, _terminal, model =>
        {
            (string name, ClassData data) = Open(parsed, published, model);
            return new ClassesTask(data, rule, threshold, names)
            {
                Data = name,
                Published = name.StartsWith("Pascal VOC") ? PublishedScores.ZeroShot(data.Unseen.Count) : [],
            };
        });
    }

    private (string Name, ClassData Data) Open(ParseResult parsed, bool published, Func<Segmenter> model)
    {
        if (_task.Data(parsed) is not { } path)
            return ("scenes", new SceneClasses(_task.Scenes(parsed, _terminal, model()), _zeroShot));
        bool voc = LabelledPictures.IsVoc(path);
        string split = parsed.GetValue(_split) ?? "val";
        LabelledPictures pictures = voc
            ? LabelledPictures.OpenVoc(path, split, names: published ? VocClasses.ZeroShot : null)
            : LabelledPictures.IsAt(path) ? LabelledPictures.Open(path)
            : throw new DataFormatException($"'{path}' has no class for every pixel: expected Pascal VOC (JPEGImages, "
                + "SegmentationClass, ImageSets/Segmentation), or images, labels and classes.txt.");
        return (voc ? $"Pascal VOC, {split}" : "pictures with maps of classes",
            new LabelledClasses(pictures, _zeroShot ? Unseen(parsed.GetValue(_unseen)!, pictures, voc) : []));
    }

    private static IReadOnlyList<int> Unseen(string said, LabelledPictures pictures, bool voc)
    {
        if (voc && int.TryParse(said, NumberStyles.None, CultureInfo.InvariantCulture, out int count))
        {
            return count is 2 or 4 or 6 or 8 or 10 ? VocClasses.Unseen(count)
                : throw new UsageException($"--unseen is {count}, expected 2, 4, 6, 8 or 10, or names.");
        }
        return [.. Names(said).Select(name => Enumerable.Range(0, pictures.Names.Count)
            .Where(c => pictures.Names[c].Contains(name)).DefaultIfEmpty(-1).First() is var found and >= 0 ? found
            : throw new UsageException($"--unseen names '{name}', which is none of the classes: "
                + string.Join(", ", pictures.Classes) + "."))];
    }

    private static string[] Names(string list)
        => list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
