using System.Globalization;
using ClipSeg.Imaging;
using ClipSeg.Scenes;
using ClipSeg.Scenes.Evaluation;
using ClipSeg.Training.Metrics;
using ClipSeg.Training.Reports;

namespace ClipSeg.Cli;

/// <summary>What <c>clipseg evaluate scenes</c> measured, as a page.</summary>
internal static class ScenePage
{
    private static readonly Rgb _truth = new(0x00, 0xC7, 0x8B), _found = new(0xFF, 0x8A, 0x1F);
    private static readonly Rgb _shown = new(0x56, 0xB4, 0xE9);

    /// <summary>The page as HTML.</summary>
    public static string Of(SceneReport report, string model)
    {
        HtmlPage page = new("scenes of emoji", Text($"Model {model}. {report.Options.Scenes} test scenes of ")
            + Text($"{report.Size} x {report.Size}, seed {report.Options.Seed}; threshold {report.Threshold:0.00}, ")
            + (report.Options.Threshold is null
                ? Text($"chosen on {report.Options.ValidationScenes} validation scenes.") : "as asked for."));
        string[] keys = ["text", "text_held_out_names", "picture", "negatives_quiet"];
        page.Tiles(report.Figures.Where(figure => keys.Contains(figure.Key)).Select(figure => (figure.Label,
            Text($"{figure.Value:0.000}"), figure.Mean is { } mean ? Text($"mean of samples {mean:0.000}") : "")));
        page.Charts(Charts(report));
        (string, TextTable) groups = ("Asked for in words, by group of concepts", SceneTables.Parts(report, "group"));
        foreach ((string title, TextTable table) in SceneTables.Of(report).Append(groups))
        {
            string[] lines = title.Split('\n', 2);
            page.Heading(lines[0], lines.ElementAtOrDefault(1));
            page.Table(table.Columns, table.Rows, bar: table.Columns[1] == ">IoU" ? 1 : null);
        }
        Examples(page, "The best answers to words", report.Best, report.Threshold);
        Examples(page, "The worst answers to words", report.Worst, report.Threshold);
        Examples(page, "Some answers", report.Examples, report.Threshold);
        return page.ToHtml();
    }

    private static IEnumerable<PageChart> Charts(SceneReport report)
    {
        (string Name, SegmentationMetrics Metrics)[] sources =
        [
            ("words", report.Metrics(PromptSource.Text)), ("picture", report.Metrics(PromptSource.Picture)),
        ];
        sources = [.. sources.Where(source => source.Metrics.Samples > 0)];
        Series[] over = [.. sources.Select(s => new Series(
            s.Name, [.. SegmentationMetrics.Thresholds.Zip(s.Metrics.Plain().ForegroundIou.Scores)]))];
        yield return new("IoU over the threshold", "threshold", "IoU of all pixels", over)
        {
            Marked = (report.Threshold, Text($"threshold {report.Threshold:0.00}")),
        };
        yield return new("Precision over recall, of pixels", "recall", "precision", [.. sources.Select(s =>
            new Series(s.Name, [.. s.Metrics.PrecisionRecall().Select(p => (p.Recall, p.Precision))]))]);
        yield return new("Words and picture blended", "weight of the picture (0: words alone)", "IoU of all pixels",
            report.BlendLines());
    }

    private static void Examples(
        HtmlPage page, string title, IReadOnlyList<SceneExample> examples, double threshold)
    {
        if (examples.Count == 0) return;
        page.Heading(title);
        page.Examples(examples.Select(example =>
        {
            List<ExamplePicture> pictures =
            [
                new(example.Picture, "query"), Over(example.Picture, example.Truth, _truth, "truth"),
                Found(example, example.ByText, "found by words"),
            ];
            if (example is { Support: { } support, SupportMask: { } mask, ByPicture: { } answer })
            {
                pictures.Add(Over(support, mask, _shown, "shown"));
                pictures.Add(Found(example, answer, "found by the picture"));
            }
            return new PageExample(example.Phrase.Text, SceneData.KindOf(example.Phrase), pictures);
        }));

        ExamplePicture Found(SceneExample example, Mask answer, string how) => Over(example.Picture, answer, _found,
            Text($"{how}, IoU {WordingTally.Iou(answer, example.Truth, threshold):0.00}"), (float)threshold);
    }

    private static ExamplePicture Over(Image picture, Mask mask, Rgb colour, string caption, float threshold = 0.5f)
        => new(Overlay.Draw(picture, [mask], [colour], threshold), caption);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
