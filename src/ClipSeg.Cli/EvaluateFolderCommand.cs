using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using ClipSeg.Files;
using ClipSeg.Training.Data;
using ClipSeg.Training.Evaluation;
using ClipSeg.Training.Metrics;
using Spectre.Console;

namespace ClipSeg.Cli;

/// <summary><c>clipseg evaluate folder</c>: how good a model is on one's own pictures.</summary>
internal sealed class EvaluateFolderCommand
{
    private const string Examples = """
        clipseg evaluate folder --data my-test-pictures --model runs/mine/best
        clipseg evaluate folder --data my-test-pictures --model CIDAS/clipseg-rd64-refined --json scores.json
        """;

    private readonly Option<string> _data = new("--data")
    {
        Description = "What 'train' reads: pictures that the model was not trained on.",
        HelpName = "DIR",
        Required = true,
    };

    private readonly Option<string?> _split = new("--split")
    {
        Description = "Which part, of data sets that have several; by default the test.",
        HelpName = "NAME",
    };

    private readonly Option<double> _threshold = new("--threshold")
    {
        Description = "A pixel belongs to the thing if its probability is above.",
        HelpName = "T",
        DefaultValueFactory = _ => 0.5,
    };

    private readonly Option<int?> _limit = new Option<int?>("--limit")
    {
        Description = "Measure on so many pictures only, spread over all of them.",
        HelpName = "N",
    }.Between(1, int.MaxValue);

    private readonly Option<string?> _json = new("--json")
    {
        Description = "Write all numbers to a file.",
        HelpName = "FILE",
    };

    private readonly ModelOptions _model = new();
    private readonly Terminal _terminal;

    private EvaluateFolderCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        EvaluateFolderCommand evaluate = new(terminal);
        ExampleCommand command = new(
            "folder", "Measure a model on your own pictures, masks and phrases, or on PhraseCut.", Examples)
        {
            evaluate._data, evaluate._split, evaluate._threshold, evaluate._limit, evaluate._json,
        };
        evaluate._model.AddTo(command);
        command.SetAction(evaluate.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        double cut = parsed.GetValue(_threshold);
        if (!(cut is >= 0 and <= 1)) throw new UsageException($"--threshold is {cut}, expected 0 to 1.");
        string path = parsed.GetValue(_data)!;
        DataSetKind kind = DataSetKind.Of(path);
        string? part = parsed.GetValue(_split);
        if (part is not null && kind.Splits is null)
            throw new UsageException($"'{path}' is {kind.Name} and has no parts: leave --split out.");
        string? report = parsed.GetValue(_json);
        if (report is not null) OutputFile.Check(report);
        SegmentationData pictures = kind.Open(path, part ?? kind.Splits?.Test, new());
        using Segmenter segmenter = _model.Load(parsed, _terminal);
        DataReport result = Measure(segmenter, pictures, cut, parsed.GetValue(_limit));
        if (report is not null)
            OutputFile.Write(report, JsonSerializer.Serialize(Scores.Of(result), ScoresJson.Default.Scores) + "\n");
        _terminal.Write(TableOf(result));
        return CommandLine.Done;
    }

    private DataReport Measure(Segmenter segmenter, SegmentationData data, double threshold, int? limit)
    {
        Lock reporting = new();
        if (!_terminal.Interactive) return Over(null);
        DataReport? report = null;
        _terminal.Bars(bars =>
        {
            ProgressTask bar = bars.AddTask("Pictures", maxValue: 1);
            report = Over((done, all) => (bar.MaxValue, bar.Value) = (all, done));
        });
        return report!;

        DataReport Over(Action<int, int>? onPicture) => DataEvaluation.Run(segmenter, data, threshold, limit,
            message =>
            {
                lock (reporting) _terminal.Warn($"Skipped: {message}");
            }, onPicture, _terminal.Stop);
    }

    private static TextTable TableOf(DataReport report)
    {
        TextTable table = new("", ">score", "95 % interval");
        Row($"mean IoU of {report.Samples} phrases, {report.Pictures} pictures", report.MeanIou);
        Row("cumulative IoU", report.CumulativeIou);
        foreach (KindScore kind in report.Kinds) Row($"mean IoU of {kind.Samples} phrases, {kind.Kind}", kind.MeanIou);
        foreach (double level in ReferringMetrics.Levels)
            Value($"phrases with IoU of at least {Text(level)}", report.Referring.PrecisionAt(level));
        Value("phrases of things that are there, found", report.Referring.TargetAccuracy);
        Value("phrases of things that are not there, nothing found", report.Referring.NoTargetAccuracy);
        Value("average precision of pixels", report.Curves.AveragePrecision);
        IouCurve curve = report.Curves.ForegroundIou;
        if (!double.IsNaN(curve.Best))
            Value($"cumulative IoU at the best threshold for it, {Text(curve.BestThreshold)}", curve.Best);
        return table;

        void Row(string name, Interval score)
            => table.Add(name, Text(score.Score), $"{Text(score.Low)} to {Text(score.High)}");

        void Value(string name, double score) => table.Add(name, Text(score), "");
    }

    private static string Text(double score)
        => double.IsNaN(score) ? "none" : score.ToString("0.0##", CultureInfo.InvariantCulture);
}

/// <summary>The file of <c>--json</c>; what has no score is left out.</summary>
internal sealed record Scores(
    int Pictures, int Samples, int Skipped, double Threshold, ScoreRange? MeanIou, ScoreRange? CumulativeIou,
    SortedDictionary<string, ScoreRange?> MeanIouByKind, double? GeneralisedIou, double? TargetAccuracy,
    double? NoTargetAccuracy, SortedDictionary<string, double?> PrecisionAtIou, double? AveragePrecision,
    double? BestCumulativeIou, double? BestThreshold)
{
    public static Scores Of(DataReport report)
    {
        ReferringMetrics referring = report.Referring;
        IouCurve curve = report.Curves.ForegroundIou;
        double? best = Number(curve.Best);
        return new(
            report.Pictures, report.Samples, report.Skipped, report.Threshold,
            ScoreRange.Of(report.MeanIou), ScoreRange.Of(report.CumulativeIou),
            new(report.Kinds.ToDictionary(k => k.Kind, k => ScoreRange.Of(k.MeanIou)), StringComparer.Ordinal),
            Number(referring.GeneralisedIou), Number(referring.TargetAccuracy), Number(referring.NoTargetAccuracy),
            new(ReferringMetrics.Levels.ToDictionary(
                l => l.ToString(CultureInfo.InvariantCulture), l => Number(referring.PrecisionAt(l))),
                StringComparer.Ordinal),
            Number(report.Curves.AveragePrecision), best, best is null ? null : curve.BestThreshold);
    }

    private static double? Number(double value) => double.IsFinite(value) ? value : null;
}

/// <summary>A score and its 95 % interval.</summary>
internal sealed record ScoreRange(double Score, double Low, double High)
{
    public static ScoreRange? Of(Interval interval)
        => double.IsNaN(interval.Score) ? null : new(interval.Score, interval.Low, interval.High);
}

[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Scores))]
internal sealed partial class ScoresJson : JsonSerializerContext;
