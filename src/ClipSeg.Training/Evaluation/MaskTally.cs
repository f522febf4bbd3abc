using System.Globalization;
using ClipSeg.Training.Data;
using ClipSeg.Training.Metrics;
using ClipSeg.Training.Reports;

namespace ClipSeg.Training.Evaluation;

/// <summary>Adds up answers that are masks. Memory does not grow with their number.</summary>
internal sealed class MaskTally
{
    private readonly double _threshold;
    private readonly SegmentationMetrics _metrics = new();
    private readonly ReferringMetrics _referring;
    private readonly Bootstrap _mean = new(), _cumulative = new(), _boundary = new();
    private readonly SortedDictionary<(string By, string Name), Part> _parts = [];
    private readonly ExampleChoice _examples = new();

    /// <param name="threshold">That the scores were taken at.</param>
    public MaskTally(double threshold) => (_threshold, _referring) = (threshold, new(threshold));

    /// <summary>Questions added.</summary>
    public int Samples => _metrics.Samples;

    public void Add(int unit, int sample, SampleScore score)
    {
        _metrics.Add(score.Levels, score.Class);
        _referring.Add(score.Both, score.Predicted, score.There);
        if (score.Union > 0)
        {
            _mean.Add(score.Picture, score.Iou, 1);
            _cumulative.Add(score.Picture, score.Both, score.Union);
            _boundary.Add(score.Picture, score.Boundary, 1);
        }
        foreach (PartName name in score.Parts)
        {
            if (!_parts.TryGetValue((name.By, name.Name), out Part? part))
                _parts.Add((name.By, name.Name), part = new());
            part.Add(score);
        }
        _examples.Add(unit, sample, score.Phrase, score.Iou);
    }

    /// <summary>The usual definitions.</summary>
    public IEnumerable<(string Key, Figure Figure)> Figures()
    {
        yield return ("mean_iou", Of("mean IoU", _mean.Of()));
        yield return ("cumulative_iou", Of("cumulative IoU", _cumulative.Of()));
        yield return ("boundary_iou", Of("mean boundary IoU", _boundary.Of()));
        foreach (double level in ReferringMetrics.Levels)
        {
            string text = level.ToString("0.0", CultureInfo.InvariantCulture);
            yield return ($"precision_at_{text}", Of($"IoU of at least {text}", _referring.PrecisionAt(level)));
        }
        yield return ("generalised_iou", Of("gIoU: mean IoU, nothing found of nothing is 1",
            _referring.GeneralisedIou));
        yield return ("target_accuracy", Of("T-acc: there, and something found", _referring.TargetAccuracy));
        yield return ("no_target_accuracy", Of("N-acc: not there, and nothing found", _referring.NoTargetAccuracy));
        PlainMetrics plain = _metrics.Plain();
        yield return ("average_precision", Of("average precision of pixels", plain.AveragePrecision));
        IouCurve curve = plain.ForegroundIou;
        yield return ("best_cumulative_iou", Of("cumulative IoU at the best threshold for it", curve.Best));
        if (!double.IsNaN(curve.Best))
            yield return ("best_threshold", Of("that threshold", curve.BestThreshold));
    }

    /// <summary>The definitions of the paper's tables, at one of its thresholds.</summary>
    public IEnumerable<(string Key, Figure Figure)> Authors(params ReadOnlySpan<double> thresholds)
    {
        List<(string, Figure)> figures = [];
        AuthorsMetrics authors = _metrics.Authors();
        foreach (double t in thresholds)
        {
            string at = t.ToString("0.0", CultureInfo.InvariantCulture);
            figures.Add(($"paper_miou_{at}", Of($"the paper's mIoU at {at}", authors.MeanIou.At(t))));
            figures.Add(($"paper_iou_fg_{at}", Of($"the paper's IoU-FG at {at}", authors.ForegroundIou.At(t))));
            figures.Add(($"paper_iou_bin_{at}", Of($"the paper's IoU-BIN at {at}", authors.BinaryIou.At(t))));
        }
        figures.Add(("paper_miou_best", Of("the paper's mIoU, best threshold", authors.MeanIou.Best)));
        figures.Add(("paper_iou_fg_best", Of("the paper's IoU-FG, best threshold", authors.ForegroundIou.Best)));
        figures.Add(("paper_ap", Of("the paper's AP", authors.AveragePrecision)));
        return figures;
    }

    public IReadOnlyList<TaskPart> Parts() => [.. _parts.Select(p => p.Value.Of(p.Key.By, p.Key.Name))];

    public TaskCurves Curves()
    {
        PlainMetrics plain = _metrics.Plain();
        (double Precision, double Recall)[] points = _metrics.PrecisionRecall();
        return new(SegmentationMetrics.Thresholds, [.. plain.ForegroundIou.Scores.Select(Number)],
            [.. plain.MeanSampleIou.Scores.Select(Number)], [.. points.Select(p => Number(p.Precision))],
            [.. points.Select(p => Number(p.Recall))]);
    }

    /// <summary>The best, the worst, and some at random.</summary>
    public IReadOnlyList<TaskExample> Examples() => _examples.All();

    /// <summary>A score, or null for none.</summary>
    public static double? Number(double score) => double.IsFinite(score) ? score : null;

    public static Figure Of(string name, double score) => new(name, Number(score));

    public static Figure Of(string name, Interval score)
        => new(name, Number(score.Score), Number(score.Low), Number(score.High));

    /// <summary>The scores of some of the answers.</summary>
    private sealed class Part
    {
        private readonly Bootstrap _mean = new(), _cumulative = new();
        private readonly SegmentationMetrics _metrics = new();

        public void Add(SampleScore score)
        {
            _metrics.Add(score.Levels, score.Class);
            if (score.Union == 0) return;
            _mean.Add(score.Picture, score.Iou, 1);
            _cumulative.Add(score.Picture, score.Both, score.Union);
        }

        public TaskPart Of(string by, string name)
        {
            (Interval mean, Interval cumulative) = (_mean.Of(), _cumulative.Of());
            AuthorsMetrics authors = _metrics.Authors();
            return new(by, name, _metrics.Samples, new()
            {
                ["mean_iou"] = Number(mean.Score),
                ["mean_iou_low"] = Number(mean.Low),
                ["mean_iou_high"] = Number(mean.High),
                ["cumulative_iou"] = Number(cumulative.Score),
                ["paper_iou_fg_best"] = Number(authors.ForegroundIou.Best),
                ["paper_ap"] = Number(authors.AveragePrecision),
            });
        }
    }
}
