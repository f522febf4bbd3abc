using System.Globalization;
using ClipSeg.Scenes;
using ClipSeg.Scenes.Artwork;
using ClipSeg.Scenes.Evaluation;

namespace ClipSeg.Cli;

/// <summary>What <c>clipseg evaluate scenes</c> prints: tables of at most 80 columns, each below its title.</summary>
internal static class SceneTables
{
    public static IEnumerable<(string Title, TextTable Table)> Of(SceneReport report) =>
    [
        (Text($"{report.Options.Scenes} test scenes of {report.Size} x {report.Size}, ")
            + Text($"threshold {report.Threshold:0.00}\n")
            + "IoU: of all pixels together; mean IoU: of each sample, averaged", Figures(report)),
        ("Asked for in words: IoU/mean IoU", Kinds(report, PromptSource.Text)),
        ("Shown by a picture of the same: IoU/mean IoU", Kinds(report, PromptSource.Picture)),
        ("Asked for in words, by size", Parts(report, "size")),
        ("Words and picture blended: IoU/mean IoU", Blend(report)),
        ("CLIP alone: the name of a picture", Retrieval(report)),
    ];

    private static TextTable Figures(SceneReport report)
    {
        TextTable table = new("figure", ">IoU", ">mean IoU");
        foreach (Figure figure in report.Figures)
            table.Add(figure.Label, Text($"{figure.Value:0.000}"), Text($"{figure.Mean:0.000}"));
        return table;
    }

    /// <summary>A row for each kind of phrase, a column for each part of the scenes.</summary>
    private static TextTable Kinds(SceneReport report, PromptSource source)
    {
        TextTable table = new("phrase", ">seen scenes", ">mixed: seen", ">mixed: both", ">mixed: held out", ">all");
        foreach (PhraseKind? kind in Enum.GetValues<PhraseKind>().Select(k => (PhraseKind?)k).Append(null))
        {
            if (kind is not null && report.Score(source, kind: kind) is null) continue;
            table.Add(kind?.ToString().ToLowerInvariant() ?? "all",
                Of(report.Score(source, ScenePart.Seen, kind)),
                Of(report.Score(source, ScenePart.Mixed, kind, Exposure.Seen)),
                Of(report.Score(source, ScenePart.Mixed, kind, Exposure.Mixed)),
                Of(report.Score(source, ScenePart.Mixed, kind, Exposure.HeldOut)),
                Of(report.Score(source, kind: kind)));
        }
        return table;
    }

    /// <summary>The scores of balanced phrases in words by what tells them apart.</summary>
    public static TextTable Parts(SceneReport report, string by)
    {
        TextTable table = new(by, ">IoU", ">mean IoU", ">samples");
        foreach ((string name, SegmentationScore score) in report.Parts(by))
            table.Add(name, Text($"{score.ForegroundIou:0.000}"), Text($"{score.MeanSampleIou:0.000}"),
                Text($"{score.Samples}"));
        return table;
    }

    private static TextTable Blend(SceneReport report)
    {
        TextTable table = new(">picture's weight", ">all", ">seen", ">held out");
        foreach (BlendPoint point in report.Blend)
            table.Add(Text($"{point.Weight:0.0}"), Of(point.All), Of(point.Seen), Of(point.HeldOut));
        return table;
    }

    private static TextTable Retrieval(SceneReport report)
    {
        TextTable table = new("style", ">pictures", ">names", ">top 1", ">top 5");
        foreach (RetrievalScore score in report.Retrieval)
        {
            table.Add(score.Style, Text($"{score.Pictures}"), Text($"{score.Names}"),
                Text($"{100 * score.Top1:0.0} %"), Text($"{100 * score.Top5:0.0} %"));
        }
        return table;
    }

    private static string Of(SegmentationScore? score)
        => score is null ? "" : Text($"{score.ForegroundIou:0.00}/{score.MeanSampleIou:0.00}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
