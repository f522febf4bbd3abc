using System.Diagnostics;
using System.Globalization;
using ClipSeg.Jobs;
using ClipSeg.Tests.Jobs;

namespace ClipSeg.Benchmarks;

/// <summary>
/// <c>clipseg worker</c> on a RabbitMQ and a folder of its own: what a second worker brings, what the queue costs, and
/// whether anything is lost when everything dies.
/// </summary>
internal sealed class JobsBenchmark : IDisposable
{
    private const int Side = 256, SpeedPictures = 640, Shard = 64, ChaosShard = 16;
    private const double KillEverySeconds = 5, HeartbeatSeconds = 8;

    private static readonly TimeSpan _storeAway = TimeSpan.FromSeconds(5);

    private readonly string _program;
    private readonly string _folder = Directory.CreateTempSubdirectory("clipseg-jobs-").FullName;
    private readonly RabbitMq _rabbit = new();
    private readonly List<Process> _workers = [];
    private readonly Random _random = new(42);
    private int _killed;

    /// <param name="program">ClipSeg.Cli.dll.</param>
    public JobsBenchmark(string program)
    {
        _program = Path.GetFullPath(program);
        BlockPictures.Write(Path.Combine(Store, "warm"), Shard, Side);
    }

    private string Store => Path.Combine(_folder, "store");

    public void Dispose()
    {
        foreach (Process worker in _workers) End(worker);
        _rabbit.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Pictures a second of segment, one worker and two, each on a processor of its own.</summary>
    public void Speed()
    {
        BlockPictures.Write(Path.Combine(Store, "speed"), SpeedPictures, Side);
        string report = Path.Combine(_folder, "report.jsonl");
        Run(0, "segment", Path.Combine(Store, "speed"), "-p", "a cup", "-p", "red", "--save", "mask", "--threads", "1",
            "-o", Path.Combine(_folder, "segment"), "--report", report);
        string summary = File.ReadLines(report).Last();
        const string Field = "\"picturesPerSecond\":";
        double alone = double.Parse(
            summary[(summary.IndexOf(Field, StringComparison.Ordinal) + Field.Length)..].TrimEnd('}'),
            CultureInfo.InvariantCulture);
        double one = PicturesPerSecond(1), two = PicturesPerSecond(2);
        Say($"| segment | {alone:0.0} pictures/s | |");
        Say($"| one worker | {one:0.0} pictures/s | {100 * (alone / one - 1):0.0} % longer |");
        Say($"| two workers | {two:0.0} pictures/s | {two / one:0.00} times one |");
    }

    /// <summary>Kills workers at random, stops one, ends the broker, takes the store away; then compares every
    /// file.</summary>
    public async Task Chaos(int pictures)
    {
        BlockPictures.Write(Path.Combine(Store, "chaos"), pictures, Side / 4);
        string job = Submit("chaos", ChaosShard);
        for (int i = 0; i < 3; i++) StartWorker(null);
        Stopwatch watch = Stopwatch.StartNew();
        Process? stopped = null;
        string away = Path.Combine(_folder, "away");
        List<(double Share, Func<Task> Fail)> failures =
        [
            (0.15, () =>
            {
                Signal(stopped = _workers[0], "STOP");
                return Task.Delay(TimeSpan.FromSeconds(HeartbeatSeconds));
            }),
            (0.3, () =>
            {
                Signal(stopped!, "CONT");
                return Task.CompletedTask;
            }),
            (0.45, async () =>
            {
                Directory.Move(Store, away);
                await Task.Delay(_storeAway);
                Directory.Move(away, Store);
            }),
            (0.6, () =>
            {
                _rabbit.Kill();
                _rabbit.Start();
                return Task.CompletedTask;
            }),
        ];
        TimeSpan lastKill = watch.Elapsed;
        int retries = 0;
        for (JobStatus status = await Status(job); status.State != JobState.Done; status = await Status(job))
        {
            if (failures.Count > 0 && status.Done >= failures[0].Share * pictures)
            {
                await failures[0].Fail();
                failures.RemoveAt(0);
            }
            if ((watch.Elapsed - lastKill).TotalSeconds > KillEverySeconds * (0.5 + _random.NextDouble()))
            {
                lastKill = watch.Elapsed;
                Process worker = _workers[_random.Next(1, _workers.Count)];     // the first is stopped and goes on
                End(worker);
                _workers.Remove(worker);
                _killed++;
                StartWorker(null);
            }
            if (status.State == JobState.Dead)
            {
                retries++;
                Run("jobs", "retry", job);
            }
            await Task.Delay(100);
        }
        double seconds = watch.Elapsed.TotalSeconds;
        await Compare(job, pictures);
        Say($"{pictures} pictures in {seconds:0} s: {_killed} workers killed, one stopped for {HeartbeatSeconds} s, "
            + $"the store away for 5 s, the broker killed; {retries} retries.");
    }

    /// <summary>Every picture once, every file as one process writes it.</summary>
    private async Task Compare(string job, int pictures)
    {
        HashSet<int> seen = [];
        JobDesk desk = new(new FolderStore(Store), null);
        await foreach (ReceiptLine line in desk.Results(job, default))
            if (line.Failed || !seen.Add(line.Index)) throw new InvalidOperationException($"Picture {line.Index}.");
        int receipts = Directory.GetFiles(Path.Combine(Store, "jobs", job, "done"))
            .Sum(file => JobsJson.TryParse(File.ReadAllBytes(file), JobsJson.Line.Receipt)!.Pictures.Count);
        string fetched = Path.Combine(_folder, "fetched"), reference = Path.Combine(_folder, "reference");
        Run("jobs", "fetch", job, "-o", fetched);
        Run("segment", Path.Combine(Store, "chaos"), "-p", "a cup", "-p", "red", "--save", "mask", "-o", reference);
        string[] files = Directory.GetFiles(reference, "*.png");
        int equal = files.Count(file => File.ReadAllBytes(file).AsSpan().SequenceEqual(
            File.ReadAllBytes(Path.Combine(fetched, Path.GetFileName(file)))));
        int others = Directory.GetFiles(fetched).Length - equal;
        Say($"{seen.Count} of {pictures} pictures done, {receipts} in receipts; {equal} of {files.Length} files are "
            + $"byte for byte those of one process; {others} others.");
    }

    private double PicturesPerSecond(int workers)
    {
        for (int i = 0; i < workers; i++) StartWorker(i);
        // Each has the model open then; the last shards may be a worker's alone.
        WaitForDone(Submit("warm", 16));
        Thread.Sleep(TimeSpan.FromSeconds(2));
        long start = Stopwatch.GetTimestamp();
        string job = Submit("speed", Shard);
        WaitForDone(job);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        foreach (Process worker in _workers) End(worker);
        _workers.Clear();
        Directory.Delete(Path.Combine(Store, "jobs"), recursive: true);
        return SpeedPictures / seconds;
    }

    private void WaitForDone(string job)
    {
        while (Status(job).GetAwaiter().GetResult().State != JobState.Done) Thread.Sleep(250);
    }

    private async Task<JobStatus> Status(string job)
    {
        await using Broker broker = await Broker.Connect(_rabbit.Address, _ => { }, default);
        return await new JobDesk(new FolderStore(Store), broker).Status(job, default);
    }

    private string Submit(string folder, int shard) => Run("jobs", "submit", folder, "a cup", "red",
        "--shard", shard.ToString(CultureInfo.InvariantCulture)).Trim();

    private string Run(params string[] args) => Run(null, args);

    private string Run(int? processor, params string[] args)
    {
        using Process process = Start(processor, args);
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException(string.Join(' ', args));
    }

    private void StartWorker(int? processor)
    {
        Process worker = Start(processor, "worker", "--threads", "1");
        worker.BeginOutputReadLine();
        _workers.Add(worker);
    }

    /// <param name="processor">The only one that it may use; null for any.</param>
    private Process Start(int? processor, params string[] args)
    {
        string[] all = ["dotnet", _program, .. args];
        if (processor is { } one) all = ["taskset", "-c", one.ToString(CultureInfo.InvariantCulture), .. all];
        ProcessStartInfo start = new(all[0], all[1..]) { RedirectStandardOutput = true };
        start.Environment["CLIPSEG_BROKER"] = _rabbit.Address.AbsoluteUri;
        start.Environment["CLIPSEG_STORE"] = Store;
        return Process.Start(start)!;
    }

    private static void Signal(Process process, string signal)
    {
        using Process kill = Process.Start(
            "kill", [$"-{signal}", process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    private static void End(Process worker)
    {
        if (!worker.HasExited) worker.Kill(entireProcessTree: true);
        worker.WaitForExit();
        worker.Dispose();
    }

    private static void Say(string line) => Console.WriteLine(line);
}
