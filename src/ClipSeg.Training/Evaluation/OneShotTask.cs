using System.Globalization;
using ClipSeg.Imaging;
using ClipSeg.Prompts;
using ClipSeg.Training.Data;
using ClipSeg.Training.Metrics;
using ClipSeg.Training.Reports;

namespace ClipSeg.Training.Evaluation;

/// <summary>How a class is told to the model.</summary>
internal enum AskedBy
{
    /// <summary>By a support picture and its mask: the paper's Tables 5 and 6.</summary>
    Picture,

    /// <summary>By its name: the paper's Table 7.</summary>
    Text,
}

/// <summary>One-shot segmentation: find what another picture shows. A unit is an episode.</summary>
/// <remarks>
/// Scores are of each fold, averaged over folds, then over seeds, as their spread says. The paper's mean IoU averages
/// over a fold's classes; so does ours, without its additional pixel.
/// </remarks>
internal sealed class OneShotTask : MaskTask
{
    private const string Template = "a photo of a {}.";
    private static readonly double[] _paperThresholds = [0.1, 0.2, 0.3];

    private readonly EpisodeData _episodes;
    private readonly AskedBy _by;
    private readonly Framing _framing;
    private readonly VisualPrompt? _engineering;
    private readonly int _seed, _seeds;
    private readonly int[] _folds;
    private readonly int _perSeed;
    private readonly SortedDictionary<(int Seed, int Fold), FoldScores> _scores = [];

    /// <param name="episodes">The questions.</param>
    /// <param name="threshold">A pixel is found if its probability is above.</param>
    /// <param name="by">How the class is told.</param>
    /// <param name="framing">How pictures are read and scored.</param>
    /// <param name="seeds">The first seed, and how many.</param>
    /// <param name="fold">One fold only; null for all.</param>
    /// <param name="engineering">What makes the object of a support picture stand out; null for the default.</param>
    public OneShotTask(EpisodeData episodes, double threshold, AskedBy by, Framing framing,
        (int First, int Count) seeds, int? fold = null, VisualPrompt? engineering = null) : base(threshold)
    {
        (_episodes, _by, _framing, _engineering) = (episodes, by, framing, engineering);
        (_seed, _seeds) = seeds;
        _folds = fold is { } one ? [one] : [.. Enumerable.Range(0, episodes.Folds)];
        _perSeed = _folds.Sum(episodes.Count);
        if (_perSeed == 0) throw new DataFormatException("There is no episode: no class is on two pictures.");
        Settings["protocol"] = framing == Framing.Whole ? "standard" : "published";
        Settings["prompt"] = by == AskedBy.Picture ? "picture" : "text";
        Settings["seeds"] = _seeds.ToString(CultureInfo.InvariantCulture);
        if (fold is not null) Settings["fold"] = _folds[0].ToString(CultureInfo.InvariantCulture);
    }

    public override string Name => "one-shot";

    public override bool IsSeeded => true;

    /// <summary>What has been published on such episodes.</summary>
    public IReadOnlyList<PublishedRow> Published { get; init; } = [];

    protected override int Count => _perSeed * _seeds;

    public override IReadOnlyList<Answer> Ask(Segmenter segmenter, int unit, Action<string> onUnreadable)
    {
        (int seed, int fold, int index) = Place(unit);
        if (Readable.Get(() => _episodes.Get(fold, index, seed), onUnreadable) is not { } episode) return [];
        SegmentationSample query = _framing.Fit(segmenter, episode.Query);
        SegmentationSample support = _framing.Support(segmenter, episode.Support);
        Prompt prompt = _by == AskedBy.Text ? segmenter.Prompt(query.Phrase, Template)
            : segmenter.Prompt(support.Picture, support.Mask, _engineering);
        return [new()
        {
            Sample = query,
            Mask = _framing.Ask(segmenter, episode.Query.Picture, [prompt])[0],
            Support = _by == AskedBy.Picture ? support : null,
            Class = episode.Class,
            Parts = [new("class", query.Phrase)],
            Name = $"seed{seed}-fold{fold}-{index:D6}",
        }];
    }

    protected override void Begin() => _scores.Clear();

    protected override void Observe(int unit, SampleScore score)
    {
        (int seed, int fold, _) = Place(unit);
        if (!_scores.TryGetValue((seed, fold), out FoldScores? scores))
            _scores.Add((seed, fold), scores = new());
        scores.Add(score);
    }

    protected override TaskResult Conclude(MaskTally tally, TaskResult result)
    {
        OrderedDictionary<string, (string Name, Func<FoldScores, double> Of)> figures = new()
        {
            ["class_miou"] = ("mIoU over classes", s => s.ClassIou()),
            ["fb_iou"] = ("FB-IoU: object and background", s => s.ForegroundBackgroundIou()),
        };
        foreach (double t in _paperThresholds)
        {
            string at = t.ToString("0.0", CultureInfo.InvariantCulture);
            figures[$"paper_miou_{at}"] = ($"the paper's mIoU at {at}", s => s.Authors.MeanIou.At(t));
            figures[$"paper_iou_bin_{at}"] = ($"the paper's IoU-BIN at {at}", s => s.Authors.BinaryIou.At(t));
        }
        figures["paper_ap"] = ("the paper's AP", s => s.Authors.AveragePrecision);
        foreach ((string key, (string name, Func<FoldScores, double> of)) in figures)
            result.Figures.Add(key, OverSeeds(name, of));
        foreach ((string key, Figure figure) in tally.Figures()) result.Figures.Add(key, figure);
        return result with { Published = Published, Parts = [.. Folds(figures), .. result.Parts] };
    }

    private Figure OverSeeds(string name, Func<FoldScores, double> of)
    {
        double[] seeds = [.. _scores.GroupBy(s => s.Key.Seed).Select(folds => folds.Average(f => of(f.Value)))];
        double mean = seeds.Average(), squares = seeds.Sum(s => (s - mean) * (s - mean));
        return new(name, MaskTally.Number(mean),
            Spread: seeds.Length > 1 ? MaskTally.Number(Math.Sqrt(squares / (seeds.Length - 1))) : null);
    }

    private IEnumerable<TaskPart> Folds(OrderedDictionary<string, (string Name, Func<FoldScores, double> Of)> figures)
        => _scores.Select(s => new TaskPart("fold and seed", $"fold {s.Key.Fold}, seed {s.Key.Seed}", s.Value.Samples,
            new(figures.Select(f => KeyValuePair.Create(f.Key, MaskTally.Number(f.Value.Of(s.Value)))))));

    private (int Seed, int Fold, int Index) Place(int unit)
    {
        (int seed, int rest) = Math.DivRem(unit, _perSeed);
        foreach (int fold in _folds)
        {
            int count = _episodes.Count(fold);
            if (rest < count) return (_seed + seed, fold, rest);
            rest -= count;
        }
        throw new ArgumentOutOfRangeException(nameof(unit), unit, "There are not so many episodes.");
    }

    /// <summary>What the episodes of a fold scored, at one seed.</summary>
    private sealed class FoldScores
    {
        private readonly SegmentationMetrics _metrics = new();
        private readonly SortedDictionary<int, (long Both, long Union)> _classes = [];
        private long _both, _union, _neither, _notBoth;

        public int Samples => _metrics.Samples;

        public AuthorsMetrics Authors => field ??= _metrics.Authors();

        public void Add(SampleScore score)
        {
            _metrics.Add(score.Levels, score.Class);
            (long both, long union) = _classes.GetValueOrDefault(score.Class!.Value);
            _classes[score.Class.Value] = (both + score.Both, union + score.Union);
            _both += score.Both;
            _union += score.Union;
            long pixels = score.Pixels;
            _neither += pixels - score.Union;
            _notBoth += pixels - score.Both;
        }

        public double ClassIou() => _classes.Values.Where(c => c.Union > 0)
            .Select(c => (double)c.Both / c.Union).DefaultIfEmpty(double.NaN).Average();

        public double ForegroundBackgroundIou() => ((double)_both / _union + (double)_neither / _notBoth) / 2;
    }
}
