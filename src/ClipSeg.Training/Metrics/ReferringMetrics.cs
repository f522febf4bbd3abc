namespace ClipSeg.Training.Metrics;

/// <summary>
/// The scores of referring segmentation, where a phrase may name something that is not there: masks at one threshold,
/// sample by sample.
/// </summary>
/// <remarks>
/// Liu, Ding and Jiang, "GRES: Generalized Referring Expression Segmentation", CVPR 2023. A sample whose mask is empty
/// has no target; predicting nothing there scores 1, anything 0.
/// </remarks>
internal sealed class ReferringMetrics
{
    private const int Steps = 5;

    private readonly double _threshold;
    private readonly long[] _above = new long[Steps];
    private double _sumIou;
    private long _intersection, _union, _targets, _found, _absent, _rejected;

    /// <param name="threshold">A pixel is taken for the object if its probability is above.</param>
    public ReferringMetrics(double threshold) => _threshold = threshold;

    /// <summary>0.5, 0.6, 0.7, 0.8, 0.9: the IoU that <see cref="PrecisionAt"/> asks for.</summary>
    public static IReadOnlyList<double> Levels { get; } = [0.5, 0.6, 0.7, 0.8, 0.9];

    /// <summary>Samples added.</summary>
    public long Samples => _targets + _absent;

    /// <summary>"gIoU": the mean IoU over all samples, those without a target among them.</summary>
    public double GeneralisedIou => _sumIou / Samples;

    /// <summary>"cIoU": all intersections over all unions.</summary>
    public double CumulativeIou => _union == 0 ? double.NaN : (double)_intersection / _union;

    /// <summary>"T-acc": the share of samples with a target for which anything is predicted.</summary>
    public double TargetAccuracy => (double)_found / _targets;

    /// <summary>"N-acc": the share of samples without a target for which nothing is predicted.</summary>
    public double NoTargetAccuracy => (double)_rejected / _absent;

    /// <summary>"Pr@0.7": the share of samples with a target whose IoU is at least so much.</summary>
    /// <param name="level">One of <see cref="Levels"/>.</param>
    public double PrecisionAt(double level)
    {
        int i = Levels.ToList().IndexOf(level);
        if (i < 0) throw new ArgumentException($"Precision is known at {string.Join(", ", Levels)}, not at {level}.");
        return (double)_above[i] / _targets;
    }

    /// <summary>Adds a sample; both are of one size, the mask above 0.5 on the object.</summary>
    /// <param name="probabilities">The prediction.</param>
    /// <param name="mask">The truth.</param>
    /// <param name="valid">0 on pixels that do not count; empty if all do.</param>
    /// <returns>Its pixels.</returns>
    public (long Intersection, long Union) Add(
        ReadOnlySpan<float> probabilities, ReadOnlySpan<float> mask, ReadOnlySpan<float> valid = default)
    {
        if (mask.Length != probabilities.Length)
            throw new ArgumentException($"The mask has {mask.Length} pixels, the prediction {probabilities.Length}.");
        (long both, long predicted, long there) = (0, 0, 0);
        for (int i = 0; i < mask.Length; i++)
        {
            if (!valid.IsEmpty && valid[i] == 0) continue;
            bool taken = probabilities[i] > _threshold, on = mask[i] > 0.5f;
            if (taken) predicted++;
            if (on) there++;
            if (taken && on) both++;
        }
        Add(both, predicted, there);
        return (both, predicted + there - both);
    }

    /// <summary>Adds a sample by its pixels: those in both, in the prediction, and in the mask.</summary>
    public void Add(long both, long predicted, long there)
    {
        long union = predicted + there - both;
        double iou = union == 0 ? 1 : (double)both / union;
        _intersection += both;
        _union += union;
        _sumIou += iou;
        if (there == 0)
        {
            _absent++;
            if (predicted == 0) _rejected++;
            return;
        }
        _targets++;
        if (predicted > 0) _found++;
        for (int i = 0; i < Steps; i++)
            if (iou >= Levels[i]) _above[i]++;
    }
}
