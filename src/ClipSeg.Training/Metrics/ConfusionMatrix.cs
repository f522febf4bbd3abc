namespace ClipSeg.Training.Metrics;

/// <summary>
/// Semantic segmentation: every pixel has one class. Counts what was taken for what; memory is classes squared.
/// </summary>
internal sealed class ConfusionMatrix
{
    private readonly long[] _counts;            // [truth, prediction]
    private readonly int _classes;

    /// <param name="classes">Their number, the background's among them if it is one.</param>
    public ConfusionMatrix(int classes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(classes);
        (_classes, _counts) = (classes, new long[checked(classes * classes)]);
    }

    /// <summary>Adds a picture.</summary>
    /// <param name="predicted">A class for each pixel.</param>
    /// <param name="truth">A class for each pixel; any other number, such as 255, is not scored.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a prediction is no class.</exception>
    public void Add(ReadOnlySpan<byte> predicted, ReadOnlySpan<byte> truth)
    {
        Add(Count(predicted, truth, _classes));
    }

    /// <summary>What is taken for what in a picture: truth, prediction, pixels, in turn; for adding it later.</summary>
    /// <param name="predicted">A class for each pixel.</param>
    /// <param name="truth">A class for each pixel; any other number, such as 255, is not scored.</param>
    /// <param name="classes">Their number.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a prediction is no class.</exception>
    public static long[] Count(ReadOnlySpan<byte> predicted, ReadOnlySpan<byte> truth, int classes)
    {
        if (predicted.Length != truth.Length)
            throw new ArgumentException($"The truth has {truth.Length} pixels, the prediction {predicted.Length}.");
        long[] counts = new long[(byte.MaxValue + 1) * (byte.MaxValue + 1)];
        for (int i = 0; i < truth.Length; i++)
        {
            if (truth[i] >= classes) continue;
            if (predicted[i] >= classes)
                throw new ArgumentException($"Pixel {i} is predicted as {predicted[i]}; there are {classes} classes.");
            counts[truth[i] << 8 | predicted[i]]++;
        }
        List<long> seen = [];
        for (int pair = 0; pair < counts.Length; pair++)
            if (counts[pair] > 0) seen.AddRange([pair >> 8, pair & byte.MaxValue, counts[pair]]);
        return [.. seen];
    }

    /// <summary>Adds a picture by its <see cref="Count"/>.</summary>
    /// <exception cref="ArgumentException">It is not what that returns.</exception>
    public void Add(ReadOnlySpan<long> counts)
    {
        for (int i = 0; i < counts.Length; i += 3)
        {
            if (i + 2 >= counts.Length || counts[i] < 0 || counts[i] >= _classes
                || counts[i + 1] < 0 || counts[i + 1] >= _classes)
                throw new ArgumentException($"Counts come in threes: two of {_classes} classes, and pixels.");
            _counts[counts[i] * _classes + counts[i + 1]] += counts[i + 2];
        }
    }

    /// <summary>The share of pixels that got their class; not a number if there are none.</summary>
    public double Accuracy()
        => (double)Enumerable.Range(0, _classes).Sum(c => _counts[c * _classes + c]) / _counts.Sum();

    /// <summary>Adds all that was added to another one.</summary>
    public void Merge(ConfusionMatrix other)
    {
        for (int i = 0; i < _counts.Length; i++) _counts[i] += other._counts[i];
    }

    /// <summary>Intersection over union of a class; not a number if no pixel has it or is taken for it.</summary>
    public double Iou(int classId)
    {
        (long both, long union) = Pixels(classId);
        return union == 0 ? double.NaN : (double)both / union;
    }

    /// <summary>Class, pixels that are right, pixels that have it or were given it, in turn.</summary>
    public long[] Unions()
    {
        List<long> unions = [];
        for (int c = 0; c < _classes; c++)
        {
            (long both, long union) = Pixels(c);
            if (union > 0) unions.AddRange([c, both, union]);
        }
        return [.. unions];
    }

    /// <summary>"mIoU" of some classes' IoUs: those without a pixel anywhere do not count.</summary>
    public static double MeanIou(IEnumerable<double> ious)
        => ious.Where(iou => !double.IsNaN(iou)).DefaultIfEmpty(double.NaN).Average();

    /// <summary>
    /// As <see cref="MeanIou"/>, as the paper's Table 4 was computed: classes that do not occur count as 0.
    /// </summary>
    /// <remarks>training-and-evaluation.md §6.2.</remarks>
    public static double AuthorsMeanIou(IEnumerable<double> ious)
        => ious.Average(iou => double.IsNaN(iou) ? 0 : iou);

    /// <summary>Of the scores of seen and unseen classes; 0 if either is.</summary>
    public static double HarmonicMean(double seen, double unseen)
        => seen + unseen == 0 ? 0 : 2 * seen * unseen / (seen + unseen);

    /// <summary>Those that are right of a class, and those that have it or were given it.</summary>
    private (long Both, long Union) Pixels(int c)
    {
        long both = _counts[c * _classes + c], union = -both;
        for (int k = 0; k < _classes; k++) union += _counts[c * _classes + k] + _counts[k * _classes + c];
        return (both, union);
    }
}
