using ClipSeg.Formats;
using ClipSeg.Imaging;
using ClipSeg.Numerics;
using ClipSeg.Training.Data;
using ClipSeg.Training.Metrics;

namespace ClipSeg.Training.Evaluation;

/// <summary>What a model scores on pictures with masks and phrases, in words, at the pictures' own size.</summary>
internal sealed record DataReport
{
    public required int Pictures { get; init; }

    public required int Samples { get; init; }

    /// <summary>Samples that could not be read.</summary>
    public required int Skipped { get; init; }

    /// <summary>At which pixels are taken for the object in all but <see cref="Curves"/>.</summary>
    public required double Threshold { get; init; }

    /// <summary>The mean IoU of phrases whose mask or prediction has a pixel.</summary>
    public required Interval MeanIou { get; init; }

    /// <summary>All intersections over all unions.</summary>
    public required Interval CumulativeIou { get; init; }

    public required ReferringMetrics Referring { get; init; }

    /// <summary>Scores at every threshold.</summary>
    public required PlainMetrics Curves { get; init; }

    /// <summary>The mean IoU of each kind of phrase that the data names.</summary>
    public required IReadOnlyList<KindScore> Kinds { get; init; }
}

/// <summary>The mean IoU of a kind of phrases.</summary>
internal sealed record KindScore(string Kind, int Samples, Interval MeanIou);

/// <summary>Measures a model on a data set.</summary>
internal static class DataEvaluation
{
    private const int PicturesAtOnce = 8;

    /// <param name="segmenter">The model.</param>
    /// <param name="data">What it is measured on.</param>
    /// <param name="threshold">In [0, 1].</param>
    /// <param name="limit">Pictures, spread over all of them; null for all.</param>
    /// <param name="onUnreadable">Told of each sample that is left out, by several threads.</param>
    /// <param name="onPicture">Told how many of how many pictures are done.</param>
    /// <param name="stop">Ends it after a few pictures.</param>
    /// <exception cref="DataFormatException">No sample can be read.</exception>
    public static DataReport Run(
        Segmenter segmenter, SegmentationData data, double threshold, int? limit = null,
        Action<string>? onUnreadable = null, Action<int, int>? onPicture = null, CancellationToken stop = default)
    {
        using Compute.Entry entry = segmenter.Compute.Enter(stop);
        int[][] pictures = [.. Enumerable.Range(0, data.Count).GroupBy(data.GroupOf).Select(g => g.ToArray())];
        int count = Math.Min(limit ?? pictures.Length, pictures.Length), samples = 0, skipped = 0;
        pictures = [.. Enumerable.Range(0, count).Select(i => pictures[(long)i * pictures.Length / count])];

        SegmentationMetrics curves = new();
        ReferringMetrics referring = new(threshold);
        Bootstrap mean = new(), cumulative = new();
        SortedDictionary<string, (int Samples, Bootstrap Mean)> kinds = new(StringComparer.Ordinal);
        for (int first = 0; first < count; first += PicturesAtOnce)
        {
            (SegmentationSample Sample, Mask Mask)[][] answers =
                new (SegmentationSample, Mask)[Math.Min(PicturesAtOnce, count - first)][];
            int start = first;
            Workers.Each(answers.Length, i =>
            {
                if (stop.IsCancellationRequested) return;
                answers[i] = Answer(segmenter, data, pictures[start + i], onUnreadable);
            });
            stop.ThrowIfCancellationRequested();
            for (int i = 0; i < answers.Length; i++)
            {
                skipped += pictures[first + i].Length - answers[i].Length;
                foreach ((SegmentationSample sample, Mask mask) in answers[i]) Add(sample, mask);
            }
            onPicture?.Invoke(first + answers.Length, count);
        }
        if (samples == 0) throw new DataFormatException($"None of the {skipped} samples can be read.");
        return new()
        {
            Pictures = count,
            Samples = samples,
            Skipped = skipped,
            Threshold = threshold,
            MeanIou = mean.Of(),
            CumulativeIou = cumulative.Of(),
            Referring = referring,
            Curves = curves.Plain(),
            Kinds = [.. kinds.Select(k => new KindScore(k.Key, k.Value.Samples, k.Value.Mean.Of()))],
        };

        void Add(SegmentationSample sample, Mask mask)
        {
            samples++;
            float[] valid = sample.Valid?.Values ?? [];
            curves.AddProbabilities(mask.Values, sample.Mask.Values, classId: null, valid);
            (long intersection, long union) = referring.Add(mask.Values, sample.Mask.Values, valid);
            if (union == 0) return;
            cumulative.Add(sample.Group, intersection, union);
            mean.Add(sample.Group, (double)intersection / union, 1);
            if (sample.Kind.Length == 0) return;
            (int n, Bootstrap ofKind) = kinds.GetValueOrDefault(sample.Kind, (0, new()));
            ofKind.Add(sample.Group, (double)intersection / union, 1);
            kinds[sample.Kind] = (n + 1, ofKind);
        }
    }

    /// <summary>All samples of a picture that can be read, and the model's answers.</summary>
    private static (SegmentationSample, Mask)[] Answer(
        Segmenter segmenter, SegmentationData data, int[] indices, Action<string>? onUnreadable)
    {
        List<SegmentationSample> samples = [];
        foreach (int index in indices)
        {
            try
            {
                samples.Add(data.Get(index));
            }
            catch (Exception e) when (e is ImageFormatException or DataFormatException or IOException)
            {
                onUnreadable?.Invoke(e.Message);
            }
        }
        if (samples.Count == 0) return [];
        EncodedImage encoded = segmenter.Encode(samples[0].Picture);
        Mask[] masks = segmenter.Segment(encoded, [.. samples.Select(s => s.Phrase)]);
        return [.. samples.Zip(masks)];
    }
}
