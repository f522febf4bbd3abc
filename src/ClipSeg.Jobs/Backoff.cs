namespace ClipSeg.Jobs;

/// <summary>How long to wait before asking again: twice as long each time, up to a limit, and a random part of
/// it.</summary>
internal sealed class Backoff
{
    private const double FirstSeconds = 0.1, MostSeconds = 10;

    /// <summary>How often it has been waited.</summary>
    public int Times { get; private set; }

    /// <summary>Waits, or returns early when it is stopped.</summary>
    public Task Wait(CancellationToken stop)
    {
        double seconds = Math.Min(MostSeconds, FirstSeconds * Math.Pow(2, Math.Min(Times++, 20)));
        TimeSpan time = TimeSpan.FromSeconds(seconds * (0.5 + Random.Shared.NextDouble() / 2));
        return Task.Delay(time, stop).ContinueWith(_ => { }, CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }
}
