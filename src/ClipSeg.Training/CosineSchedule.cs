namespace ClipSeg.Training;

/// <summary>
/// The learning rate per step: linear from 0 over the warm-up, then half a cosine from the highest to the lowest rate.
/// </summary>
/// <param name="Highest">The rate after the warm-up.</param>
/// <param name="Lowest">The rate at the last step.</param>
/// <param name="Steps">All steps, the warm-up's included.</param>
/// <param name="WarmUp">In steps; the paper has none.</param>
internal sealed record CosineSchedule(float Highest, float Lowest, int Steps, int WarmUp = 0)
{
    /// <summary>The rate of step <paramref name="step"/>, 0 the first. Training-and-evaluation.md §5.1.</summary>
    public float Rate(int step)
    {
        if (step < WarmUp) return Highest * (step + 1) / WarmUp;
        double progress = Math.Min(1, (step - WarmUp) / (double)Math.Max(1, Steps - WarmUp));
        return (float)(Lowest + (Highest - Lowest) * (1 + Math.Cos(Math.PI * progress)) / 2);
    }
}
