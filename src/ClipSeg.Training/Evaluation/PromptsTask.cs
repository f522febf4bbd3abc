using ClipSeg.Training.Data;
using ClipSeg.Training.Reports;

namespace ClipSeg.Training.Evaluation;

/// <summary>Phrases that name no class but what things are for, do or have: the paper's Table 8.</summary>
/// <remarks>
/// The score of a kind of phrases is, as there, foreground IoU at the threshold that suits it best, and the paper's AP.
/// </remarks>
internal sealed class PromptsTask(SegmentationData data, double threshold)
    : ReferringTask(data, threshold, asPublished: false)
{
    public override string Name => "prompts";

    public override bool IsSeeded => IsPublishedData;

    /// <summary>Whether the data is that of the paper's table.</summary>
    public bool IsPublishedData { get; init; }

    protected override TaskResult Conclude(MaskTally tally, TaskResult result)
    {
        foreach (TaskPart kind in result.Parts.Where(p => p.By == "kind"))
        {
            result.Figures.Add($"{kind.Name}_iou_fg", new($"{kind.Name}: the paper's IoU-FG, best threshold",
                kind.Scores["paper_iou_fg_best"]));
            result.Figures.Add($"{kind.Name}_ap", new($"{kind.Name}: the paper's AP", kind.Scores["paper_ap"]));
        }
        foreach ((string key, Figure figure) in tally.Figures()) result.Figures.Add(key, figure);
        return IsPublishedData ? result with { Published = PublishedScores.Prompts } : result;
    }
}
