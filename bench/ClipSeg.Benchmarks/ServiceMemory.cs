using System.Diagnostics;
using System.Globalization;

namespace ClipSeg.Benchmarks;

/// <summary>What the service takes while it works: by the system's count, and by its own at <c>/metrics</c>.</summary>
internal sealed class ServiceMemory(Process service, HttpClient client)
{
    private const string Committed = "dotnet_gc_last_collection_memory_committed_size_bytes",
        Cache = "clipseg_cache_size_bytes";

    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(250);

    private readonly List<(double Second, long Resident)> _samples = [];
    private readonly List<(double Second, long Committed, long Cache)> _counts = [];

    /// <summary>Looks until the time is over; asks the service itself once a second.</summary>
    public async Task Watch(TimeSpan time)
    {
        long start = Stopwatch.GetTimestamp();
        double Now() => Stopwatch.GetElapsedTime(start).TotalSeconds;
        for (int i = 0; Now() < time.TotalSeconds; i++)
        {
            service.Refresh();
            _samples.Add((Now(), service.WorkingSet64));
            if (i % 4 == 0)
            {
                string[] lines = (await client.GetStringAsync("metrics")).Split('\n');
                _counts.Add((Now(), ValueOf(lines, Committed), ValueOf(lines, Cache)));
            }
            await Task.Delay(_pause);
        }
    }

    /// <summary>A line for each quarter of the time.</summary>
    public IEnumerable<string> Quarters(TimeSpan time)
    {
        for (int quarter = 1; quarter <= 4; quarter++)
        {
            double end = time.TotalSeconds * quarter / 4, start = end - time.TotalSeconds / 4;
            bool Within(double second) => second > start && second <= end;
            long[] resident = [.. _samples.Where(s => Within(s.Second)).Select(s => s.Resident)];
            (_, long committed, long cache) = _counts.Last(c => c.Second <= end);
            yield return $"  {start:0} to {end:0} s: {Megabytes(resident.Max())} MB at most, "
                + $"{Megabytes((long)resident.Average())} on average; at its end {Megabytes(committed)} of them "
                + $".NET's, {Megabytes(cache)} in the cache";
        }
    }

    private static long Megabytes(long bytes) => bytes / 1_000_000;

    /// <summary>A line of Prometheus's text: <c>name{labels} value</c>, perhaps with a time behind.</summary>
    private static long ValueOf(string[] lines, string name)
    {
        string line = lines.First(l => l.StartsWith($"{name}{{", StringComparison.Ordinal));
        return long.Parse(line[(line.IndexOf('}') + 1)..].Trim().Split(' ')[0], CultureInfo.InvariantCulture);
    }
}
