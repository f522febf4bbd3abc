using ClipSeg.Numerics;

namespace ClipSeg.Training.Metrics;

/// <summary>A score with the range that it would lie in if other pictures of the same kind had been measured.</summary>
internal readonly record struct Interval(double Score, double Low, double High);

/// <summary>
/// The interval of a ratio of sums over pictures, such as intersection over union, by resampling the pictures.
/// </summary>
/// <remarks>
/// Each resample counts each picture a Poisson(1) number of times (Chamandy et al. 2012): the bootstrap without keeping
/// the pictures. Memory does not grow with them, and the same pictures give the same interval.
/// </remarks>
internal sealed class Bootstrap(int seed = 0)
{
    internal const int Resamples = 1000;

    private readonly double[] _numerators = new double[Resamples], _denominators = new double[Resamples];
    private double _numerator, _denominator;

    /// <summary>Adds what a picture contributes to both sums.</summary>
    /// <param name="picture">Its number: parts of one picture are drawn together.</param>
    /// <param name="numerator">Such as its intersections.</param>
    /// <param name="denominator">Such as its unions.</param>
    public void Add(long picture, double numerator, double denominator)
    {
        _numerator += numerator;
        _denominator += denominator;
        RandomStream random = new(RandomUse.Bootstrap, seed, picture);
        for (int i = 0; i < Resamples; i++)
        {
            int times = Poisson(random.NextDouble());
            _numerators[i] += times * numerator;
            _denominators[i] += times * denominator;
        }
    }

    /// <summary>The score and the middle 95 % of the resamples; not numbers if there is nothing to score.</summary>
    public Interval Of()
    {
        return Middle(_numerator / _denominator, _numerators.Zip(_denominators, (n, d) => n / d));
    }

    /// <summary>A score and the middle 95 % of its resamples.</summary>
    internal static Interval Middle(double score, IEnumerable<double> resamples)
    {
        double[] scores = [.. resamples.Where(double.IsFinite).Order()];
        if (scores.Length == 0) return new(double.NaN, double.NaN, double.NaN);
        int tail = (int)(0.025 * scores.Length);
        return new(score, scores[tail], scores[^(tail + 1)]);
    }

    /// <summary>The number of times whose cumulative probability, for a mean of 1, first exceeds u.</summary>
    internal static int Poisson(double u)
    {
        int times = 0;
        for (double p = Math.Exp(-1), sum = p; u >= sum && p > 0; sum += p) p /= ++times;
        return times;
    }
}
