using System.Globalization;
using ClipSeg.Imaging;
using ClipSeg.Prompts;
using ClipSeg.Training.Data;
using ClipSeg.Training.Metrics;
using ClipSeg.Training.Reports;

namespace ClipSeg.Training.Evaluation;

/// <summary>Referring expressions: what phrases mean in pictures. A unit is a picture with its phrases.</summary>
/// <remarks>
/// The paper's Table 3. Bare phrases, as the authors score (training-and-evaluation.md §2.1); as published, in
/// <see cref="Framing.AlignedCorners"/>.
/// </remarks>
internal class ReferringTask : MaskTask
{
    private const double PaperThreshold = 0.3;

    private readonly SegmentationData _data;
    private readonly int[][] _pictures;
    private readonly Framing _framing;
    private readonly bool _wholePhraseCut;
    private PhraseCutScores? _phraseCut;

    public ReferringTask(SegmentationData data, double threshold, bool asPublished) : base(threshold)
    {
        _data = data;
        _pictures = [.. Enumerable.Range(0, data.Count).GroupBy(data.GroupOf).Select(g => g.ToArray())];
        _framing = asPublished ? Framing.AlignedCorners : Framing.Whole;
        _wholePhraseCut = data is PhraseCut && !asPublished;
        Settings["protocol"] = asPublished ? "published" : "standard";
    }

    public override string Name => "referring";

    protected override int Count => _pictures.Length;

    public override IReadOnlyList<Answer> Ask(Segmenter segmenter, int unit, Action<string> onUnreadable)
    {
        SegmentationSample[] samples = [.. _pictures[unit].Select(i => Readable.Get(() => _data.Get(i), onUnreadable))
            .OfType<SegmentationSample>()];
        if (samples.Length == 0) return [];
        Prompt[] prompts = segmenter.Prompts.Texts([.. samples.Select(s => s.Phrase)]);
        Mask[] masks = _framing.Ask(segmenter, samples[0].Picture, prompts);
        return [.. samples.Select((sample, i) => new Answer
        {
            Sample = _framing.Fit(segmenter, sample),
            Mask = masks[i],
            Parts = sample.Parts,
            Name = sample.Name.Length > 0 ? sample.Name : $"{unit:D6}-{i}",
        })];
    }

    protected override void Begin() => _phraseCut = _wholePhraseCut ? new() : null;

    protected override void Observe(int unit, SampleScore score) => _phraseCut?.Add(score);

    protected override TaskResult Conclude(MaskTally tally, TaskResult result)
    {
        foreach ((string key, Figure figure) in tally.Figures().Concat(tally.Authors(PaperThreshold)))
            result.Figures.Add(key, figure);
        foreach ((string key, Figure figure) in _phraseCut?.Figures() ?? []) result.Figures.Add(key, figure);
        return _data is PhraseCut ? result with { Published = PublishedScores.PhraseCut } : result;
    }

    /// <summary>
    /// What PhraseCut's own evaluator says of masks at the pictures' size; comparable if polygons are filled by
    /// Pillow's rule.
    /// </summary>
    /// <remarks>training-and-evaluation.md §6.3: no overlap is 0, and the levels are exceeded, not reached.</remarks>
    private sealed class PhraseCutScores
    {
        private readonly int[] _above = new int[ReferringMetrics.Levels.Count];
        private double _sum;
        private long _both, _union;
        private int _samples;

        public void Add(SampleScore score)
        {
            double iou = score.Both == 0 ? 0 : (double)score.Both / score.Union;
            _samples++;
            _sum += iou;
            _both += score.Both;
            _union += score.Union;
            for (int i = 0; i < _above.Length; i++)
                if (iou > ReferringMetrics.Levels[i]) _above[i]++;
        }

        public IEnumerable<(string Key, Figure Figure)> Figures()
        {
            yield return ("phrasecut_mean_iou", MaskTally.Of("PhraseCut's evaluator: mean IoU", _sum / _samples));
            yield return ("phrasecut_cumulative_iou",
                MaskTally.Of("PhraseCut's evaluator: cumulative IoU", (double)_both / _union));
            for (int i = 0; i < _above.Length; i++)
            {
                string level = ReferringMetrics.Levels[i].ToString("0.0", CultureInfo.InvariantCulture);
                yield return ($"phrasecut_precision_{level}",
                    MaskTally.Of($"PhraseCut's evaluator: IoU above {level}", (double)_above[i] / _samples));
            }
        }
    }
}
