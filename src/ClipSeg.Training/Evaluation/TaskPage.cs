using System.Globalization;
using ClipSeg.Imaging;
using ClipSeg.Numerics;
using ClipSeg.Training.Reports;

namespace ClipSeg.Training.Evaluation;

/// <summary>The result of a task as a page.</summary>
internal static class TaskPage
{
    private const int Tiles = 4;

    /// <summary>The colour of what is there.</summary>
    public static Rgb Truth => new(0x00, 0xC7, 0x8B);

    /// <summary>The colour of what was found.</summary>
    public static Rgb Found => new(0xFF, 0x8A, 0x1F);

    /// <summary>The colour of what was shown.</summary>
    public static Rgb Shown => new(0x56, 0xB4, 0xE9);

    /// <summary>The page as HTML; the examples of the result are asked for once more, to be shown.</summary>
    /// <param name="result">What was measured.</param>
    /// <param name="task">By what.</param>
    /// <param name="segmenter">Of what.</param>
    public static string Of(TaskResult result, EvaluationTask task, Segmenter segmenter)
    {
        using Compute.Entry entry = segmenter.Compute.Enter();
        string settings = string.Join(", ", result.Settings.Select(setting => $"{setting.Key} {setting.Value}"));
        string skipped = result.Skipped == 0 ? "" : $", {result.Skipped} could not be read";
        HtmlPage page = new($"{result.Task}: {result.Data}",
            $"Model {result.Model}. {result.Samples} questions, {result.Units} pictures{skipped}. {settings}.");
        page.Tiles(result.Figures.Values.Take(Tiles).Select(f => (f.Name, Text(f.Score), Range(f))));
        double? threshold = result.Settings.TryGetValue("threshold", out string? set)
            ? double.Parse(set, CultureInfo.InvariantCulture) : null;
        if (result.Curves is { } curves) page.Charts(Charts(curves, threshold));
        Figures(page, result);
        Parts(page, result);
        Examples(page, result, task, segmenter);
        return page.ToHtml();
    }

    private static IEnumerable<PageChart> Charts(TaskCurves curves, double? threshold)
    {
        yield return new("IoU over the threshold", "threshold", "IoU",
        [
            new("mean IoU", Line(curves.Thresholds, curves.MeanIou)),
            new("cumulative IoU", Line(curves.Thresholds, curves.CumulativeIou)),
        ])
        {
            Marked = threshold is { } at ? (at, FormattableString.Invariant($"threshold {at:0.##}")) : null,
        };
        yield return new("Precision over recall, of pixels", "recall", "precision",
            [new("all", [.. curves.Recall.Zip(curves.Precision, (r, p) => (Number(r), Number(p)))])]);

        static (double, double)[] Line(IReadOnlyList<double> x, IReadOnlyList<double?> y)
            => [.. x.Zip(y, (a, b) => (a, Number(b)))];
    }

    private static void Figures(HtmlPage page, TaskResult result)
    {
        page.Heading("Scores", result.Published.Count == 0 ? null
            : "Published numbers compare where all was measured as published, with the same checkpoint.");
        string range = result.Figures.Values.Any(f => f.Spread is not null) ? "spread over seeds" : "95 % interval";
        page.Table(["", ">score", range, .. result.Published.Select(p => $">{p.Method} ({p.Source})")],
            result.Figures.Select(f => (IReadOnlyList<string>)
            [
                f.Value.Name, Text(f.Value.Score), Range(f.Value),
                .. result.Published.Select(p => p.Scores.TryGetValue(f.Key, out double score) ? Text(score) : ""),
            ]), bar: 1);
    }

    private static void Parts(HtmlPage page, TaskResult result)
    {
        string[] first = ["kind", "size"];
        foreach (IGrouping<string, TaskPart> parts in result.Parts.GroupBy(part => part.By)
            .OrderBy(by => Array.IndexOf(first, by.Key) is >= 0 and int place ? place : first.Length))
        {
            string[] keys = [.. parts.SelectMany(part => part.Scores.Keys).Distinct()
                .Where(key => !key.EndsWith("_low", StringComparison.Ordinal)
                    && !key.EndsWith("_high", StringComparison.Ordinal))];
            page.Heading($"By {parts.Key}");
            page.Table([parts.Key, ">questions", .. keys.Select(key => ">" + key.Replace('_', ' '))],
                parts.Select(part => (IReadOnlyList<string>)
                [
                    part.Name, part.Samples.ToString(CultureInfo.InvariantCulture),
                    .. keys.Select(key => Text(part.Scores.GetValueOrDefault(key))),
                ]), bar: 2);
        }
    }

    private static void Examples(HtmlPage page, TaskResult result, EvaluationTask task, Segmenter segmenter)
    {
        foreach (IGrouping<string, TaskExample> examples in result.Examples.GroupBy(example => example.Choice))
        {
            page.Heading(examples.Key switch
            {
                "best" => "The best answers",
                "worst" => "The worst answers",
                _ => $"Some answers, {examples.Key}",
            });
            page.Examples(examples.Select(example => task.Show(segmenter, example)).OfType<PageExample>());
        }
    }

    private static string Range(Figure figure) => figure switch
    {
        { Spread: { } spread } => Text(spread),
        { Low: { } low, High: { } high } => $"{Text(low)} to {Text(high)}",
        _ => "",
    };

    private static double Number(double? score) => score ?? double.NaN;

    private static string Text(double? score) => score?.ToString("0.000", CultureInfo.InvariantCulture) ?? "none";
}
