using ClipSeg.Training.Reports;

namespace ClipSeg.Training.Evaluation;

/// <summary>The numbers of the paper's tables, by the keys of the figures that compare with them.</summary>
/// <remarks>
/// training-and-evaluation.md §7. They compare where the whole test set was measured <c>--as-published</c>, with the
/// checkpoint that the row names.
/// </remarks>
internal static class PublishedScores
{
    /// <summary>Table 3, PhraseCut's test split.</summary>
    public static IReadOnlyList<PublishedRow> PhraseCut { get; } =
    [
        Row("CLIPSeg (PC+)", "Table 3", ("paper_miou_0.3", 43.4), ("paper_iou_fg_0.3", 54.7), ("paper_ap", 76.7)),
        Row("CLIPSeg (PC, D=128)", "Table 3", ("paper_miou_0.3", 48.2), ("paper_iou_fg_0.3", 56.5), ("paper_ap", 78.2)),
        Row("CLIPSeg (PC)", "Table 3", ("paper_miou_0.3", 46.1), ("paper_iou_fg_0.3", 56.2), ("paper_ap", 78.2)),
        Row("CLIP-Deconv", "Table 3", ("paper_miou_0.3", 37.7), ("paper_iou_fg_0.3", 49.5), ("paper_ap", 71.2)),
        Row("ViTSeg (PC)", "Table 3", ("paper_miou_0.3", 38.9), ("paper_iou_fg_0.3", 51.2), ("paper_ap", 74.4)),
        Row("MDETR", "Table 3", ("phrasecut_mean_iou", 53.7)),
        Row("HulaNet", "Table 3", ("phrasecut_mean_iou", 41.3), ("phrasecut_cumulative_iou", 50.8)),
        Row("Mask-RCNN top", "Table 3", ("phrasecut_mean_iou", 39.4), ("phrasecut_cumulative_iou", 47.4)),
        Row("RMI", "Table 3", ("phrasecut_mean_iou", 21.1), ("phrasecut_cumulative_iou", 42.5)),
    ];

    // Percent, as printed.
    private static PublishedRow Row(
        string method, string source, params ReadOnlySpan<(string Key, double Percent)> scores)
        => new(method, source,
            new(scores.ToArray().ToDictionary(s => s.Key, s => s.Percent / 100), StringComparer.Ordinal));
}
