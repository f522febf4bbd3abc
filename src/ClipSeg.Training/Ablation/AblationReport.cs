namespace ClipSeg.Training.Ablation;

/// <summary>One row trained with one seed, and measured.</summary>
/// <param name="Row">Its name.</param>
/// <param name="Run">Everything that the scores depend on: results of another one are not taken for these.</param>
/// <param name="Steps">Taken.</param>
/// <param name="TrainedSeconds">Over all resumptions.</param>
/// <param name="Thresholds">Chosen on the validation samples.</param>
/// <param name="Tests">By name.</param>
internal sealed record AblationResult(string Row, int Seed, string Run, int Steps, int TrainedSamples,
    double TrainedSeconds, double MeasuredSeconds, PromptThresholds Thresholds,
    OrderedDictionary<string, PromptScores> Tests);

/// <summary>All that is there so far.</summary>
/// <param name="Model">Whose CLIP it is.</param>
/// <param name="Seeds">Of a whole report.</param>
/// <param name="Rows">In the recipe's order; those without a result yet, too.</param>
internal sealed record AblationReport(string Model, IReadOnlyList<int> Seeds, IReadOnlyList<AblationReportRow> Rows)
{
    /// <summary>Whether every row has been trained with every seed.</summary>
    public bool IsWhole => Rows.All(row => row.Results.Count == Seeds.Count);
}

/// <summary>A row and its results.</summary>
internal sealed record AblationReportRow(
    string Name, IReadOnlyList<AblationResult> Results, PublishedScores? Published = null)
{
    /// <summary>A number over the seeds; null if no result has it.</summary>
    public Spread? Of(Func<AblationResult, double?> number)
    {
        double[] values = [.. Results.Select(number).OfType<double>()];
        return values.Length == 0 ? null : new(values.Average(), (values.Max() - values.Min()) / 2, values.Length);
    }
}

/// <summary>A number that was measured several times.</summary>
/// <param name="Mean">Of all.</param>
/// <param name="HalfRange">Half of the distance between the largest and the smallest.</param>
/// <param name="Count">How many.</param>
internal readonly record struct Spread(double Mean, double HalfRange, int Count);
