using ClipSeg.Imaging;
using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Prompts;
using ClipSeg.Training.Data;
using ClipSeg.Training.Metrics;

namespace ClipSeg.Training.Ablation;

/// <summary>
/// How well a model finds the same things asked for in words, shown by a picture, and both; and what it finds where
/// there is nothing to find.
/// </summary>
internal sealed class PromptComparison
{
    private const int PicturesAtOnce = 8;
    private const float Blend = 0.5f;

    private readonly SegmentationMetrics _words = new(), _wordsOfShown = new(), _pictures = new(), _both = new();
    private double _absentArea;
    private int _absent;

    /// <summary>Asks for samples of a data set, spread over all of it.</summary>
    /// <param name="segmenter">The model.</param>
    /// <param name="data">What is asked for.</param>
    /// <param name="samples">At most so many; those that cannot be read are left out.</param>
    /// <param name="engineering">How support pictures are shown.</param>
    /// <param name="threshold">Where absent things count as found; null to ask for none.</param>
    /// <param name="stop">Ends it after a few pictures.</param>
    public static PromptComparison Run(Segmenter segmenter, SegmentationData data, int samples,
        VisualPrompt engineering, double? threshold, CancellationToken stop)
    {
        using Compute.Entry entry = segmenter.Compute.Enter(stop);
        int count = Math.Min(samples, data.Count);
        int[][] pictures = [.. Enumerable.Range(0, count).Select(i => (int)((long)i * data.Count / count))
            .GroupBy(data.GroupOf).Select(group => group.ToArray())];
        PromptComparison all = new();
        foreach (int[][] some in pictures.Chunk(PicturesAtOnce))
        {
            PromptComparison[] parts = new PromptComparison[some.Length];
            Workers.Each(some.Length, i =>
            {
                parts[i] = new();
                if (!stop.IsCancellationRequested) parts[i].Add(segmenter, data, some[i], engineering, threshold);
            });
            stop.ThrowIfCancellationRequested();
            foreach (PromptComparison part in parts) all.Merge(part);       // in order: the last digit stays
        }
        if (all._words.Samples == 0) throw new DataFormatException($"None of the {count} samples can be read.");
        return all;
    }

    /// <summary>The thresholds at which the mean IoU is highest; they are to be used on other samples.</summary>
    public PromptThresholds BestThresholds() => new(Best(_words), Best(_pictures), Best(_both));

    /// <summary>The scores at these thresholds.</summary>
    public PromptScores ScoresAt(PromptThresholds thresholds) => new(
        _words.Samples, _pictures.Samples, Score(_words, thresholds.Words), Score(_wordsOfShown, thresholds.Words),
        Score(_pictures, thresholds.Pictures), Score(_both, thresholds.Both),
        _absent == 0 ? null : _absentArea / _absent);

    private static double Best(SegmentationMetrics metrics)
    {
        const double Half = 0.5;
        if (metrics.Samples == 0) return Half;
        IouCurve curve = metrics.Plain().MeanSampleIou;
        return double.IsNaN(curve.Best) ? Half : curve.BestThreshold;
    }

    private static PromptScore? Score(SegmentationMetrics metrics, double threshold)
    {
        if (metrics.Samples == 0 || !metrics.HasForeground) return null;
        PlainMetrics plain = metrics.Plain();
        return new(plain.MeanSampleIou.At(threshold), plain.AveragePrecision);
    }

    private void Add(
        Segmenter segmenter, SegmentationData data, int[] indices, VisualPrompt engineering, double? threshold)
    {
        EncodedImage? encoded = null;
        foreach (int index in indices)
        {
            try
            {
                SegmentationSample sample = data.Get(index);
                encoded ??= segmenter.Encode(sample.Picture);
                Add(segmenter, encoded, sample, data.Support(index, draw: 0), engineering);
                if (threshold is null) continue;
                string absent = data.Negative(index, draw: 0, withSupport: false).Phrase;
                Mask found = segmenter.Segment(encoded, [absent])[0];
                _absent++;
                _absentArea += found.Values.Count(p => p > threshold) / (double)found.Values.Length;
            }
            catch (Exception e) when (BatchDrawer.IsUnreadable(e))
            {
                // A sample less: training has said which it was.
            }
        }
    }

    private void Add(Segmenter segmenter, EncodedImage encoded, SegmentationSample sample,
        SegmentationSample? support, VisualPrompt engineering)
    {
        Prompt words = segmenter.Prompt(sample.Phrase);
        float[] truth = sample.Mask.Values, valid = sample.Valid?.Values ?? [];
        if (support is null || !support.Mask.Values.Any(value => value > 0))
        {
            _words.AddProbabilities(segmenter.Segment(encoded, [words])[0].Values, truth, classId: 0, valid);
            return;
        }
        Prompt picture = segmenter.Prompt(support.Picture, support.Mask, engineering);
        Mask[] masks = segmenter.Segment(encoded, [words, picture, Prompt.Mix(picture, words, Blend)]);
        _words.AddProbabilities(masks[0].Values, truth, classId: 0, valid);
        _wordsOfShown.AddProbabilities(masks[0].Values, truth, classId: 0, valid);
        _pictures.AddProbabilities(masks[1].Values, truth, classId: 0, valid);
        _both.AddProbabilities(masks[2].Values, truth, classId: 0, valid);
    }

    private void Merge(PromptComparison other)
    {
        _words.Merge(other._words);
        _wordsOfShown.Merge(other._wordsOfShown);
        _pictures.Merge(other._pictures);
        _both.Merge(other._both);
        _absentArea += other._absentArea;
        _absent += other._absent;
    }
}

/// <summary>Above which a pixel counts as found.</summary>
internal sealed record PromptThresholds(double Words, double Pictures, double Both);

/// <summary>How well some prompts did.</summary>
/// <param name="Iou">The mean IoU of samples.</param>
/// <param name="Ap">The average precision of pixels.</param>
internal sealed record PromptScore(double Iou, double Ap);

/// <summary>The scores of one test.</summary>
/// <param name="Samples">All of them.</param>
/// <param name="Shown">Those that another picture shows.</param>
/// <param name="Words">Of all.</param>
/// <param name="WordsOfShown">Of those that are shown, too: what the next two are compared with.</param>
/// <param name="Pictures">Shown, not named.</param>
/// <param name="Both">Half shown, half named.</param>
/// <param name="AbsentArea">The mean share of a picture that is taken for something that is not there.</param>
internal sealed record PromptScores(
    int Samples, int Shown, PromptScore? Words = null, PromptScore? WordsOfShown = null, PromptScore? Pictures = null,
    PromptScore? Both = null, double? AbsentArea = null);
