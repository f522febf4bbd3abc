using System.Globalization;
using ClipSeg.Scenes;
using ClipSeg.Scenes.Artwork;
using ClipSeg.Scenes.Evaluation;
using Spectre.Console;

namespace ClipSeg.Cli;

/// <summary>What <c>clipseg evaluate scenes</c> prints.</summary>
internal static class SceneTables
{
    public static IEnumerable<Table> Of(SceneReport report) =>
    [
        Figures(report), Kinds(report, PromptSource.Text), Kinds(report, PromptSource.Picture), Blend(report),
        Retrieval(report),
    ];

    private static Table Figures(SceneReport report)
    {
        string size = Text($"{report.Options.Scenes} test scenes of {report.Size} x {report.Size}");
        Table table = New(Text($"{size}, threshold {report.Threshold:0.00}"), "figure", "IoU", "mean IoU");
        foreach (Figure figure in report.Figures)
            Row(table, figure.Label, Text($"{figure.Value:0.000}"), Text($"{figure.Mean:0.000}"));
        table.Caption = new("IoU: of all pixels together; mean IoU: of each sample, averaged");
        return table;
    }

    /// <summary>A row for each kind of phrase, a column for each part of the scenes.</summary>
    private static Table Kinds(SceneReport report, PromptSource source)
    {
        string title = source == PromptSource.Text ? "Asked for in words" : "Shown by a picture of the same";
        Table table = New($"{title}: IoU / mean IoU", "phrase", "seen scenes", "mixed: seen", "mixed: both",
            "mixed: held out", "all scenes");
        foreach (PhraseKind? kind in Enum.GetValues<PhraseKind>().Select(k => (PhraseKind?)k).Append(null))
        {
            if (kind is not null && report.Score(source, kind: kind) is null) continue;
            Row(table, kind?.ToString().ToLowerInvariant() ?? "all",
                Of(report.Score(source, ScenePart.Seen, kind)),
                Of(report.Score(source, ScenePart.Mixed, kind, Exposure.Seen)),
                Of(report.Score(source, ScenePart.Mixed, kind, Exposure.Mixed)),
                Of(report.Score(source, ScenePart.Mixed, kind, Exposure.HeldOut)),
                Of(report.Score(source, kind: kind)));
        }
        return table;
    }

    private static Table Blend(SceneReport report)
    {
        Table table = New("Words and picture blended: IoU / mean IoU", "picture's weight", "all", "seen", "held out");
        foreach (BlendPoint point in report.Blend)
            Row(table, Text($"{point.Weight:0.0}"), Of(point.All), Of(point.Seen), Of(point.HeldOut));
        return table;
    }

    private static Table Retrieval(SceneReport report)
    {
        Table table = New("CLIP alone: the name of a picture", "style", "pictures", "names", "top 1", "top 5");
        foreach (RetrievalScore score in report.Retrieval)
        {
            Row(table, score.Style, Text($"{score.Pictures}"), Text($"{score.Names}"),
                Text($"{100 * score.Top1:0.0} %"), Text($"{100 * score.Top5:0.0} %"));
        }
        return table;
    }

    private static string Of(SegmentationScore? score)
        => score is null ? "" : Text($"{score.ForegroundIou:0.00} / {score.MeanSampleIou:0.00}");

    private static Table New(string title, params ReadOnlySpan<string> columns)
    {
        Table table = new() { Border = TableBorder.Simple, Title = new(Markup.Escape(title)) };
        table.AddColumns(columns.ToArray());
        return table;
    }

    private static void Row(Table table, params ReadOnlySpan<string> cells)
        => table.AddRow([.. cells.ToArray().Select(Terminal.Cell)]);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
