namespace ClipSeg.Training.Metrics;

/// <summary>A score at each of <see cref="SegmentationMetrics.Thresholds"/>.</summary>
public sealed class IouCurve
{
    private readonly double[] _scores;

    internal IouCurve(double[] scores) => _scores = scores;

    /// <summary>In the order of the thresholds; not a number where there is nothing to score.</summary>
    public IReadOnlyList<double> Scores => _scores;

    /// <summary>
    /// The highest score; not a number if there is none. Its threshold was chosen on the pictures that it is measured
    /// on.
    /// </summary>
    public double Best => _scores.Where(score => !double.IsNaN(score)).DefaultIfEmpty(double.NaN).Max();

    /// <summary>The threshold of <see cref="Best"/>; the lowest, if several have it.</summary>
    public double BestThreshold => SegmentationMetrics.Thresholds[Array.IndexOf(_scores, Best)];

    /// <summary>The score at a threshold: a multiple of 0.02 from 0.02 to 0.98.</summary>
    /// <exception cref="ArgumentException">It is another number.</exception>
    public double At(double threshold)
    {
        double index = Math.Round(threshold * 50);
        if (index is >= 1 and <= 49 && Math.Abs(index / 50 - threshold) < 1e-6) return _scores[(int)index - 1];
        throw new ArgumentException(
            $"There is no score at threshold {threshold}. There is one at every multiple of 0.02 from 0.02 to 0.98.");
    }
}
