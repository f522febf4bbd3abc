using System.Diagnostics;

namespace ClipSeg.Training;

/// <summary>Something that is trained in steps: a decoder, or CLIP itself.</summary>
internal interface ITraining
{
    /// <summary>The state between steps, with the weights themselves.</summary>
    AdamW Optimizer { get; }

    /// <summary>All steps of the run.</summary>
    int Steps { get; }

    /// <summary>Samples per step.</summary>
    int Batch { get; }

    /// <summary>
    /// Says what is trained on what and how, but not for how long; a run is resumed only by one that says the same.
    /// </summary>
    string Run { get; }

    /// <summary>The learning rate of a step, 0 the first.</summary>
    float Rate(int step);

    /// <summary>Takes one step and returns its loss.</summary>
    float Step();

    /// <summary>
    /// A score on samples that are not trained on; higher is better. Not a number if there was nothing to score.
    /// </summary>
    double Validate();

    /// <summary>Writes the model as it is now.</summary>
    void Save(string folder);
}

/// <summary>How far a run is.</summary>
/// <param name="Step">Steps taken.</param>
/// <param name="Steps">Of all.</param>
/// <param name="Loss">The mean since the last line of the log.</param>
/// <param name="Score">Of the last validation; null before the first, and where there was nothing to score.</param>
/// <param name="PerSecond">Samples per second in steps, of late.</param>
/// <param name="Left">The time that the remaining steps and validations will take.</param>
internal sealed record TrainingProgress(
    int Step, int Steps, double Loss, double? Score, double PerSecond, TimeSpan Left);

/// <summary>Runs a training from where its folder left off: steps, log, validation, checkpoints.</summary>
internal sealed class TrainingLoop(ITraining training, TrainingFolder folder)
{
    private const int LogInterval = 20;

    /// <summary>Steps from one validation and saved state to the next.</summary>
    public int Interval { get; init; } = 500;

    /// <summary>Told after every step.</summary>
    public Action<TrainingProgress>? OnStep { get; init; }

    /// <summary>Told when the state has been saved.</summary>
    public Action? OnSave { get; init; }

    /// <summary>
    /// Trains to the last step, or until it is cancelled; either way the state is saved and the best score returned.
    /// </summary>
    public double? Run(CancellationToken stop)
    {
        AdamW optimizer = training.Optimizer;
        if (folder.HasState) folder.LoadState(optimizer, training.Run);
        else folder.ClearLog();
        IReadOnlyList<LogLine> log = folder.ReadLog();
        double? best = log.Max(line => line.Score), score = log.LastOrDefault(line => line.Score is not null)?.Score;
        double before = log.Count > 0 ? log[^1].Seconds : 0, loss = 0, shown = log.Count > 0 ? log[^1].Loss : 0;
        int summed = 0, first = optimizer.Steps;
        Stopwatch clock = Stopwatch.StartNew();
        PaceOfTraining pace = new();

        while (optimizer.Steps < training.Steps && !stop.IsCancellationRequested)
        {
            loss += pace.Step(training.Step);
            summed++;
            int step = optimizer.Steps;
            bool due = step % Interval == 0 || step == training.Steps;
            if (due)
            {
                score = pace.Validation(training.Validate) is double value and not double.NaN ? value : null;
                if (best is null || score > best)
                {
                    best = score;
                    training.Save(folder.Best);
                }
            }
            if (due || step % LogInterval == 0)
            {
                shown = loss / summed;
                folder.Log(
                    new(step, shown, training.Rate(step - 1), before + clock.Elapsed.TotalSeconds, due ? score : null));
                (loss, summed) = (0, 0);
            }
            if (due) Save();
            int validations = (training.Steps + Interval - 1) / Interval - step / Interval;
            OnStep?.Invoke(new(step, training.Steps, summed > 0 ? loss / summed : shown, score,
                training.Batch / pace.PerStep, pace.Left(training.Steps - step, Math.Max(0, validations))));
        }
        if (optimizer.Steps > first && optimizer.Steps % Interval != 0 && optimizer.Steps != training.Steps) Save();
        return best;
    }

    private void Save()
    {
        training.Save(folder.Last);
        folder.SaveState(training.Optimizer, training.Run);
        OnSave?.Invoke();
    }
}
