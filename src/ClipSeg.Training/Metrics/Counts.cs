namespace ClipSeg.Training.Metrics;

/// <summary>Pixels by what they are and what they were taken for, at one threshold.</summary>
internal readonly record struct Counts(long TruePositive, long FalsePositive, long FalseNegative, long TrueNegative)
{
    /// <summary>The same with the background as what is to be found.</summary>
    public Counts OfBackground => new(TrueNegative, FalseNegative, FalsePositive, TruePositive);

    /// <summary>Intersection over union; not a number if both are empty: there is nothing to score.</summary>
    public double Iou
    {
        get
        {
            long union = TruePositive + FalsePositive + FalseNegative;
            return union == 0 ? double.NaN : (double)TruePositive / union;
        }
    }
}
