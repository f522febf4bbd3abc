namespace ClipSeg.Training.Metrics;

/// <summary>
/// The usual definitions, which other work reports too. The paper's tables differ: see <see cref="AuthorsMetrics"/>.
/// </summary>
/// <remarks>
/// Nothing predicted where there is nothing to find has no IoU: it does not count, and where nothing else is there, the
/// score is not a number. <see cref="ReferringMetrics"/> rewards it.
/// </remarks>
public sealed record PlainMetrics
{
    /// <summary>
    /// The mean of the precision over the recall, from the highest probability to the lowest, in steps of 0.001. Not a
    /// number if no mask has a pixel.
    /// </summary>
    public required double AveragePrecision { get; init; }

    /// <summary>Intersection over union of all pixels of all samples together ("cumulative IoU").</summary>
    public required IouCurve ForegroundIou { get; init; }

    /// <summary>The mean of <see cref="ForegroundIou"/> and the same for the background.</summary>
    public required IouCurve BinaryIou { get; init; }

    /// <summary>
    /// Intersection over union of each sample that has one, averaged over the samples ("mean IoU").
    /// </summary>
    public required IouCurve MeanSampleIou { get; init; }

    /// <param name="totals">Per threshold.</param>
    /// <param name="meanSampleIou">Per threshold.</param>
    /// <param name="levels">The pixels on and off the objects, from the lowest probability to the highest.</param>
    internal static PlainMetrics Of(Counts[] totals, double[] meanSampleIou, (long On, long Off)[] levels) => new()
    {
        AveragePrecision = Ap(levels),
        ForegroundIou = new([.. totals.Select(c => c.Iou)]),
        BinaryIou = new([.. totals.Select(c => Mean(c.Iou, c.OfBackground.Iou))]),
        MeanSampleIou = new(meanSampleIou),
    };

    /// <summary>Of those that are numbers.</summary>
    private static double Mean(double a, double b) => double.IsNaN(a) ? b : double.IsNaN(b) ? a : (a + b) / 2;

    private static double Ap((long On, long Off)[] levels)
    {
        long all = levels.Sum(l => l.On);
        (long on, long off) = (0, 0);
        double sum = 0;
        for (int i = levels.Length - 1; i >= 0; i--)
        {
            on += levels[i].On;
            off += levels[i].Off;
            if (levels[i].On > 0) sum += levels[i].On * ((double)on / (on + off));
        }
        return all == 0 ? double.NaN : sum / all;
    }
}
