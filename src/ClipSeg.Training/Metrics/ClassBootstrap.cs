using ClipSeg.Numerics;

namespace ClipSeg.Training.Metrics;

/// <summary>
/// Intersection over union of classes, and the intervals of what is computed from them, by resampling the pictures as
/// <see cref="Bootstrap"/> does. Memory is classes times 16 KB.
/// </summary>
internal sealed class ClassBootstrap(int classes)
{
    // [resample, class]; the first is no resample, but everything once.
    private readonly double[] _both = new double[(Bootstrap.Resamples + 1) * classes];
    private readonly double[] _union = new double[(Bootstrap.Resamples + 1) * classes];

    /// <summary>Adds what a picture contributes.</summary>
    /// <param name="picture">Its number.</param>
    /// <param name="counts">Class, pixels that have it and were given it, pixels of which one is true, in turn.</param>
    /// <exception cref="ArgumentException">They are not that.</exception>
    public void Add(long picture, ReadOnlySpan<long> counts)
    {
        RandomStream random = new(RandomUse.Bootstrap, seed: 0, picture);
        for (int i = 0; i < counts.Length; i += 3)
            if (i + 2 >= counts.Length || counts[i] < 0 || counts[i] >= classes)
                throw new ArgumentException($"Counts come in threes: one of {classes} classes, and pixels twice.");
        for (int resample = 0; resample <= Bootstrap.Resamples; resample++)
        {
            int times = resample == 0 ? 1 : Bootstrap.Poisson(random.NextDouble());
            for (int i = 0; times > 0 && i < counts.Length; i += 3)
            {
                int at = resample * classes + (int)counts[i];
                _both[at] += times * counts[i + 1];
                _union[at] += times * counts[i + 2];
            }
        }
    }

    /// <summary>A score of the classes' IoUs, which are no numbers where a class has no pixel.</summary>
    public Interval Of(Func<double[], double> score)
    {
        return Bootstrap.Middle(At(0), Enumerable.Range(1, Bootstrap.Resamples).Select(At));

        double At(int resample) => score([.. Enumerable.Range(resample * classes, classes)
            .Select(at => _both[at] / _union[at])]);
    }
}
