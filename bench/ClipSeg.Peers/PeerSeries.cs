namespace ClipSeg.Peers;

/// <summary>What one engine measured in one scenario.</summary>
/// <param name="Scenario">The key of a <see cref="PeerScenario"/>, or "cold".</param>
/// <param name="Title">Of the scenario.</param>
/// <param name="Name">The engine, and how it did the work.</param>
internal sealed record PeerSeries(string Scenario, string Title, string Name)
{
    public List<double> Milliseconds { get; } = [];

    /// <summary>
    /// What all threads of the process ran for in that time: on a machine that others use, the clock says what they do.
    /// </summary>
    public List<double> ProcessorMilliseconds { get; } = [];

    /// <summary>The largest resident memory, a figure for each cold start.</summary>
    public List<double> PeakMegabytes { get; } = [];

    /// <summary>|logits - ours in float32| / |ours in float32|; null where there is nothing to compare.</summary>
    public double? Difference { get; set; }

    public double Median => Quantile(Milliseconds, 0.5);

    /// <summary>Between the two neighbours of where it falls, in proportion.</summary>
    public static double Quantile(IReadOnlyList<double> values, double at)
    {
        double[] sorted = [.. values.Order()];
        double place = at * (sorted.Length - 1);
        int low = (int)place, high = Math.Min(low + 1, sorted.Length - 1);
        return sorted[low] + (place - low) * (sorted[high] - sorted[low]);
    }
}

/// <summary>Everything that was measured, and what it was measured on.</summary>
internal sealed record PeerResults
{
    public required string Processor { get; init; }

    public required int Threads { get; init; }

    /// <summary>What each engine says it is.</summary>
    public required IReadOnlyList<string> Versions { get; init; }

    /// <summary>What was not measured, and why.</summary>
    public required IReadOnlyList<string> Skipped { get; init; }

    /// <summary>The largest share of one processor that an engine took while others were measured.</summary>
    public required double Idle { get; init; }

    public required IReadOnlyList<PeerSeries> Series { get; init; }
}
