using System.Diagnostics;
using System.Runtime.InteropServices;
using ClipSeg.Numerics;

namespace ClipSeg.Peers;

/// <summary>
/// All engines do all work, taking turns: whatever else the machine does in the meantime, it does to all of them.
/// </summary>
internal sealed class PeerRun(PeerOptions options, Action<string> log)
{
    private const string Cold = "cold";
    private const int WarmUps = 5;          // a scenario's first runs allocate, and .NET compiles
    private const int TimedOfATurn = 2;     // after one that is not, as the caches are another engine's

    private readonly List<PeerSeries> _series = [];
    private readonly List<string> _skipped = [];
    private readonly SortedSet<string> _versions = new(StringComparer.Ordinal);
    private double _idle;

    public PeerResults Measure()
    {
        PeerModel model = PeerModel.Prepare(
            Path.Combine(options.Work, options.Quick ? "toy" : "full-size"), options.Quick ? options.Toy : null, log);
        PeerScenario[] scenarios = [.. options.Quick ? PeerScenario.Quick() : PeerScenario.OfFullSize()];
        MeasureWarm(model, scenarios);
        if (Wants(Cold)) MeasureCold(model);
        if (options.Quick || !Directory.Exists(options.Box))
        {
            if (!options.Quick) Skip($"The model in the box: there is no {options.Box}.");
        }
        else
        {
            PeerModel box = PeerModel.Prepare(Path.Combine(options.Work, "box"), options.Box, log);
            MeasureWarm(box, [.. PeerScenario.OfBox(box.Side)]);
        }
        return new()
        {
            Processor = Processor.Name + (Processor.Design.Length > 0 ? $" ({Processor.Design})" : "")
                + $", {Environment.ProcessorCount} processors",
            Threads = options.Threads,
            Versions = [.. _versions],
            Skipped = _skipped,
            Idle = _idle,
            Series = _series,
        };
    }

    private bool Wants(string scenario) => options.Only.Count == 0 || options.Only.Contains(scenario);

    private void MeasureWarm(PeerModel model, PeerScenario[] all)
    {
        PeerScenario[] scenarios = [.. all.Where(s => Wants(s.Key))];
        if (scenarios.Length == 0) return;
        List<PeerProcess> running = [];
        try
        {
            foreach (PeerEngine engine in options.Engines) TryStart(engine, model, running);
            foreach (PeerScenario scenario in scenarios)
            {
                log(scenario.Title);
                PeerWork work = model.Work(scenario.Pictures, scenario.Prompts, scenario.Side);
                MeasureWarm(scenario, work, running);
            }
            CheckIdle(running);
        }
        finally
        {
            foreach (PeerProcess process in running) process.Dispose();
        }
    }

    private void TryStart(PeerEngine engine, PeerModel model, List<PeerProcess> running)
    {
        try
        {
            PeerProcess process = new(engine, model.Folder, options.Threads);
            running.Add(process);
            _versions.Add(process.Version);
        }
        catch (PeerException e)
        {
            Skip(e.Message);
        }
    }

    private void MeasureWarm(PeerScenario scenario, PeerWork work, List<PeerProcess> running)
    {
        List<(PeerProcess Process, bool Each, PeerSeries Series)> turns = [];
        float[]? expected = null;
        foreach (PeerProcess process in running)
        {
            foreach ((string name, bool each) in scenario.WaysOf(process.Engine))
            {
                string output = Path.Combine(options.Work, "logits.f32");
                PeerWork first = work with { Pictures = 1 };
                for (int i = scenario.IsLong ? 1 : WarmUps; i > 0; i--) process.Segment(first, each, output);
                float[] logits = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(output)).ToArray();
                PeerSeries series = new(scenario.Key, scenario.Title, name);
                if (expected is null) expected = logits;
                else series.Difference = Difference(logits, expected);
                turns.Add((process, each, series));
            }
        }

        int rounds = scenario.IsLong ? Math.Max(1, options.Rounds / 2) : options.Rounds;
        for (int round = 0; round < rounds; round++)
        {
            for (int i = 0; i < turns.Count; i++)
            {
                // Each round begins with another engine, so that none always runs behind the same one.
                (PeerProcess process, bool each, PeerSeries series) = turns[(i + round) % turns.Count];
                if (!scenario.IsLong) process.Segment(work, each);
                for (int timed = 0; timed < (scenario.IsLong ? 1 : TimedOfATurn); timed++)
                    process.Measure(work, each, series);
            }
        }
        foreach ((_, _, PeerSeries series) in turns)
        {
            _series.Add(series);
            log(FormattableString.Invariant($"    {series.Name}: {series.Median:0.0} ms"));
        }
    }

    private void MeasureCold(PeerModel model)
    {
        const string Title = "Cold start: from process start to a mask on disk";
        log(Title);
        string picture = Path.Combine(model.Folder, "picture.png");
        FullSize.Picture(640).Save(picture);
        List<(string[] Command, PeerSeries Series)> turns = [.. options.Engines
            .SelectMany(e => PeerCold.WaysOf(e, options.Clipseg, model, picture, options.Threads))
            .Select(way => (way.Command, new PeerSeries(Cold, Title, way.Name)))];
        foreach ((string[] Command, PeerSeries Series) turn in turns.ToArray())
        {
            // Once without a clock: the files come into the system's cache.
            try
            {
                PeerCold.Run(turn.Series.Name, turn.Command, model);
            }
            catch (PeerException e)
            {
                Skip($"Cold start, {e.Message}");
                turns.Remove(turn);
            }
        }
        for (int round = 0; round < options.Rounds; round++)
        {
            for (int i = 0; i < turns.Count; i++)
            {
                (string[] command, PeerSeries series) = turns[(i + round) % turns.Count];
                PeerCold cold = PeerCold.Run(series.Name, command, model);
                series.Milliseconds.Add(cold.Milliseconds);
                series.ProcessorMilliseconds.Add(cold.ProcessorMilliseconds);
                series.PeakMegabytes.Add(cold.PeakBytes / 1e6);
            }
        }
        foreach ((_, PeerSeries series) in turns)
        {
            _series.Add(series);
            log(FormattableString.Invariant($"    {series.Name}: {series.Median:0} ms"));
        }
    }

    /// <summary>An engine whose threads spin while others are measured would spoil the comparison.</summary>
    private void CheckIdle(List<PeerProcess> running)
    {
        const double Seconds = 1;
        TimeSpan[] before = [.. running.Select(p => p.ProcessorTime)];
        long start = Stopwatch.GetTimestamp();
        Thread.Sleep(TimeSpan.FromSeconds(Seconds));
        double elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
        for (int i = 0; i < before.Length; i++)
            _idle = Math.Max(_idle, (running[i].ProcessorTime - before[i]).TotalSeconds / elapsed);
    }

    private void Skip(string message)
    {
        if (_skipped.Contains(message)) return;
        _skipped.Add(message);
        log($"Skipped: {message}");
    }

    private static double Difference(float[] logits, float[] expected)
    {
        if (logits.Length != expected.Length) return double.PositiveInfinity;
        double error = 0, size = 0;
        for (int i = 0; i < logits.Length; i++)
        {
            error += Math.Pow((double)logits[i] - expected[i], 2);
            size += Math.Pow(expected[i], 2);
        }
        return Math.Sqrt(error / size);
    }
}
