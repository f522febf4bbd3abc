namespace ClipSeg.Training.Metrics;

/// <summary>
/// The numbers of the paper's tables, as its authors compute them: every ratio has one more pixel in its denominator.
/// For comparison with the paper only; <see cref="PlainMetrics"/> are those that other work reports.
/// </summary>
/// <remarks>training-and-evaluation.md §6.1.</remarks>
public sealed record AuthorsMetrics
{
    /// <summary>
    /// "ap": precision integrated over recall between the thresholds 0.98 and 0.02, and nowhere else. A model that is
    /// never sure scores low, whatever its ranking.
    /// </summary>
    public required double AveragePrecision { get; init; }

    /// <summary>"fgiou": of all pixels of all samples together.</summary>
    public required IouCurve ForegroundIou { get; init; }

    /// <summary>"biniou": the mean of "fgiou" and the same for the background.</summary>
    public required IouCurve BinaryIou { get; init; }

    /// <summary>"miou": "fgiou" of each class, averaged over the classes.</summary>
    public required IouCurve MeanIou { get; init; }

    internal static AuthorsMetrics Of(Counts[] totals, double[] meanIou) => new()
    {
        AveragePrecision = Ap(totals),
        ForegroundIou = Curve(j => ForegroundIouOf(totals[j])),
        BinaryIou = Curve(j => (ForegroundIouOf(totals[j]) + ForegroundIouOf(totals[j].OfBackground)) / 2),
        MeanIou = new(meanIou),
    };

    /// <summary>Simpson's rule on unevenly spaced, sorted points, in the form that SciPy up to 1.10 has.</summary>
    internal static double Simpson(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        if (x.Length < 2) return 0;
        if (x.Length % 2 == 1) return Pairs(x, y);

        // An even number of points leaves one interval over: the last, then the first, as a trapezoid; and their mean.
        double last = (x[^1] - x[^2]) * (y[^1] + y[^2]) / 2;
        double first = (x[1] - x[0]) * (y[1] + y[0]) / 2;
        return (Pairs(x[..^1], y[..^1]) + last + first + Pairs(x[1..], y[1..])) / 2;
    }

    private static double Pairs(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        double sum = 0;
        for (int i = 0; i + 2 < x.Length; i += 2)
        {
            (double a, double b) = (x[i + 1] - x[i], x[i + 2] - x[i + 1]);
            sum += (a + b) / 6 * (y[i] * (2 - Ratio(b, a)) + y[i + 1] * (a + b) * Ratio(a + b, a * b)
                + y[i + 2] * (2 - Ratio(a, b)));
        }
        return sum;

        static double Ratio(double p, double q) => q == 0 ? 0 : p / q;
    }

    private static double Ap(Counts[] totals)
    {
        SortedSet<(double Recall, double Precision)> points = [];
        foreach (Counts c in totals)
        {
            if (c.TruePositive + c.FalsePositive == 0) continue;
            points.Add((c.TruePositive / (1.0 + c.TruePositive + c.FalseNegative),
                c.TruePositive / (1.0 + c.TruePositive + c.FalsePositive)));
        }
        return Simpson([.. points.Select(p => p.Recall)], [.. points.Select(p => p.Precision)]);
    }

    private static IouCurve Curve(Func<int, double> score)
        => new([.. Enumerable.Range(0, SegmentationMetrics.Thresholds.Count).Select(score)]);

    internal static double ForegroundIouOf(Counts c)
        => c.TruePositive / (1.0 + c.TruePositive + c.FalsePositive + c.FalseNegative);
}
