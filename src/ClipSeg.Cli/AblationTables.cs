using System.Globalization;
using ClipSeg.Training.Ablation;

namespace ClipSeg.Cli;

/// <summary>What <c>clipseg ablate</c> prints and writes: tables of at most 80 columns, each below its title.</summary>
/// <remarks>A number is the mean of all seeds; after ± comes half of what lies between the seeds.</remarks>
internal static class AblationTables
{
    public static IEnumerable<(string Title, TextTable Table)> Of(AblationReport report)
    {
        string[] tests = [.. report.Rows.SelectMany(row => row.Results).SelectMany(r => r.Tests.Keys).Distinct()];
        foreach (string test in tests) yield return ($"Mean IoU of samples: {test}", Iou(report, test));
        yield return ("Average precision of pixels", Precision(report, tests));
        yield return ("Share of the picture that is taken for something absent; what it took", Cost(report, tests));
        if (report.Rows.Any(row => row.Published is not null))
            yield return ("In the paper, on PhraseCut, at the best threshold", Published(report));
    }

    private static TextTable Iou(AblationReport report, string test)
    {
        TextTable table = new("row", ">words, all", ">shown: words", ">picture", ">both");
        foreach (AblationReportRow row in report.Rows)
        {
            table.Add(row.Name, Of(s => s.Words), Of(s => s.WordsOfShown), Of(s => s.Pictures), Of(s => s.Both));

            string Of(Func<PromptScores, PromptScore?> score)
                => Text(row.Of(result => ScoreOf(result, test, score)?.Iou));
        }
        return table;
    }

    private static TextTable Precision(AblationReport report, string[] tests)
    {
        TextTable table = new(["row", .. tests.SelectMany(test => (string[])[$">{test}: words", ">picture"])]);
        foreach (AblationReportRow row in report.Rows)
        {
            table.Add([row.Name, .. tests.SelectMany(test => (string[])
            [
                Text(row.Of(result => ScoreOf(result, test, s => s.Words)?.Ap)),
                Text(row.Of(result => ScoreOf(result, test, s => s.Pictures)?.Ap)),
            ])]);
        }
        return table;
    }

    private static TextTable Cost(AblationReport report, string[] tests)
    {
        TextTable table = new(
            "row", ">share", ">seeds", ">samples", ">s to train", ">to measure");
        foreach (AblationReportRow row in report.Rows)
        {
            table.Add(row.Name,
                tests.Length == 0 ? "" : Text(row.Of(r => r.Tests.GetValueOrDefault(tests[0])?.AbsentArea)),
                Text($"{row.Results.Count}"),
                Text($"{row.Of(r => r.TrainedSamples)?.Mean:0}"), Text($"{row.Of(r => r.TrainedSeconds)?.Mean:0}"),
                Text($"{row.Of(r => r.MeasuredSeconds)?.Mean:0}"));
        }
        return table;
    }

    private static TextTable Published(AblationReport report)
    {
        TextTable table = new("row", ">words: mIoU", ">AP", ">pictures: mIoU", ">AP");
        foreach (AblationReportRow row in report.Rows)
        {
            if (row.Published is not { } paper) continue;
            table.Add(row.Name, Share(paper.WordsIou), Share(paper.WordsAp), Share(paper.PicturesIou),
                Share(paper.PicturesAp));
        }
        return table;

        static string Share(double? percent) => Text($"{percent / 100:0.000}");
    }

    private static PromptScore? ScoreOf(AblationResult result, string test, Func<PromptScores, PromptScore?> score)
        => result.Tests.GetValueOrDefault(test) is { } scores ? score(scores) : null;

    private static string Text(Spread? spread) => spread switch
    {
        null => "",
        { Count: 1 } one => Text($"{one.Mean:0.000}"),
        { } many => Text($"{many.Mean:0.000} ± {many.HalfRange:0.000}"),
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
