using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ClipSeg.Imaging;
using ClipSeg.Jobs;
using ClipSeg.Tests.Cli;

namespace ClipSeg.Tests.Jobs;

/// <summary>Jobs through a real RabbitMQ: what is submitted is done, once, whatever happens on the way.</summary>
[Collection(BrokerCollection.Name)]
public sealed class JobTests(RabbitMq rabbit) : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(2);

    private readonly JobRun _run = new(rabbit.Address, CliRun.Mini);
    private readonly CancellationTokenSource _stop = new();
    private Broker? _broker;

    public async Task InitializeAsync()
    {
        if (File.Exists(RabbitMq.Program)) _broker = await rabbit.Fresh();
    }

    public async Task DisposeAsync()
    {
        if (_broker is not null) await _broker.DisposeAsync();
    }

    public void Dispose()
    {
        _stop.Dispose();
        _run.Dispose();
    }

    [BrokerFact]
    public async Task A_job_has_the_results_of_one_process()
    {
        _run.AddPictures(20);
        _run.AddPictures(5, folder: "photos/more");
        File.WriteAllBytes(Path.Combine(_run.Store, "photos", "p0007.png"), [1, 2, 3]);
        string job = _run.Submit();

        Task<(int Code, string)> working = _run.Work(_stop.Token);
        Assert.Equal(1, _run.Cli.Run("jobs", "watch", job));            // one could not be read
        _stop.Cancel();
        Assert.Equal(0, (await working).Code);

        _run.AssertSameAsOneProcess(job, pictures: 25, failed: 1);
        byte[] json = File.ReadAllBytes(Path.Combine(_run.Store, StoreKeys.Receipt(job, "000000")));
        Receipt receipt = JsonSerializer.Deserialize(json, JobsJson.Line.Receipt)!;
        Assert.Equal((16, "f32"), (receipt.Pictures.Count, receipt.Precision));
        Assert.Matches("^(generated|portable), ", receipt.Kernels);
        Assert.Equal(0u, (await _broker!.Depth(CancellationToken.None)).Waiting);
    }

    [BrokerAndS3Fact]
    public async Task A_job_in_a_bucket_has_the_results_of_one_process_also_if_the_server_is_away_for_a_while()
    {
        using S3Server server = new();
        _run.AddPictures(40);
        IStore store = Store.Open($"s3://{S3Server.Bucket}/team", server.Endpoint, make: true);
        foreach (string file in Directory.GetFiles(Path.Combine(_run.Store, "photos")))
        {
            await store.Write($"photos/{Path.GetFileName(file)}", await File.ReadAllBytesAsync(file),
                CancellationToken.None);
        }
        string local = _run.Store;
        _run.Cli.Variables["CLIPSEG_STORE"] = $"s3://{S3Server.Bucket}/team";
        _run.Cli.Variables["AWS_ENDPOINT_URL"] = server.Endpoint.AbsoluteUri;
        Assert.Equal(0, _run.Cli.Run("jobs", "submit", $"s3://{S3Server.Bucket}/team/photos", "a cup", "red"));
        string job = _run.Cli.Output.Trim();

        Task<(int Code, string Errors)> working = _run.Work(_stop.Token);
        await Until(async () => await store.Exists($"{StoreKeys.Output(job, 0)}.red.png", CancellationToken.None));
        server.Kill();
        await Task.Delay(TimeSpan.FromSeconds(1));
        server.Start();
        Assert.Equal(0, _run.Cli.Run("jobs", "watch", job));
        _stop.Cancel();
        Assert.Equal(0, (await working).Code);

        _run.AssertSameFiles(job, local, pictures: 40, failed: 0);
    }

    [BrokerFact]
    public async Task Submitting_twice_is_the_same_job()
    {
        _run.AddPictures(40);
        string job = _run.Submit();
        Assert.Equal(job, _run.Submit());
        Assert.Contains("Nothing to do", _run.Cli.Errors);
        Assert.Equal(3u, (await _broker!.Depth(CancellationToken.None)).Waiting);

        Assert.NotEqual(job, _run.Submit("--min-score", "0.5"));
        File.SetLastWriteTimeUtc(Path.Combine(_run.Store, "photos", "p0000.png"), DateTime.UnixEpoch);
        Assert.NotEqual(job, _run.Submit());
        Assert.Equal(9u, (await _broker.Depth(CancellationToken.None)).Waiting);

        Assert.Equal(0, _run.Cli.Run("jobs", "status", "--json"));
        Assert.Equal(3, _run.Cli.Output.TrimEnd('\n').Split('\n').Length);
    }

    [BrokerFact]
    public async Task Submitting_that_was_stopped_half_way_is_finished_by_the_next()
    {
        _run.AddPictures(40);
        string job = _run.Submit();
        File.Delete(Path.Combine(_run.Store, StoreKeys.Published(job)));
        Assert.Equal(JobState.Submitting, _run.Status(job).State);
        Receipt receipt = new("000001", "", "f32", []);
        Write(StoreKeys.Receipt(job, "000001"), JobsJson.Of(receipt, JobsJson.Line.Receipt));

        Assert.Equal(job, _run.Submit());

        Assert.Equal(JobState.Running, _run.Status(job).State);
        Assert.Equal(3u + 2u, (await _broker!.Depth(CancellationToken.None)).Waiting);
    }

    [BrokerFact]
    public async Task A_job_that_is_cancelled_half_way_stops_and_goes_on_when_it_is_submitted_again()
    {
        _run.AddPictures(64);
        string job = _run.Submit();
        int worked = 0;
        TaskCompletionSource begun = new();
        Task working = Worker(_ => (shard, isCancelled) =>
        {
            if (shard.Unit != "000000") begun.TrySetResult();
            for (int i = 0; i < shard.Keys.Count; i++)
            {
                if (isCancelled()) return null;
                if (shard.Unit != "000000") Thread.Sleep(200);      // the first is fast, the others are not
                Interlocked.Increment(ref worked);
            }
            return Done(shard);
        });
        await begun.Task.WaitAsync(_patience);

        Assert.Equal(0, _run.Cli.Run("jobs", "cancel", job));
        Assert.Equal(1, _run.Cli.Run("jobs", "watch", job));
        await Until(async () => (await _broker!.Depth(CancellationToken.None)).Waiting == 0);
        _stop.Cancel();
        await working;
        JobStatus status = _run.Status(job);
        Assert.Equal((JobState.Cancelled, 16), (status.State, status.Done));
        Assert.InRange(worked, 17, 30);                             // within a second or so, in the second of four

        Assert.Equal(job, _run.Submit());
        Assert.Equal(JobState.Running, _run.Status(job).State);
        Assert.Equal(3u, (await _broker!.Depth(CancellationToken.None)).Waiting);
    }

    [BrokerFact]
    public async Task A_message_that_comes_again_is_only_acknowledged_if_there_is_a_receipt()
    {
        _run.AddPictures(16);
        string job = _run.Submit();
        ShardMessage shard = new(job, "000000", 0, ["photos/p0000.png"]);
        await _broker!.Publish([shard, .. shard.Singles()], null, CancellationToken.None);
        int worked = 0;
        Task working = Worker(_ => (message, _) =>
        {
            worked++;
            return Done(message);
        });
        await Until(async () => (await _broker.Depth(CancellationToken.None)).Waiting == 0);
        _stop.Cancel();
        await working;
        Assert.Equal(1, worked);
        Assert.Equal(16, _run.Status(job).Done);
    }

    [BrokerFact]
    public async Task A_full_queue_makes_submitting_wait()
    {
        const int Most = 3;
        List<string> told = [];
        await _broker!.DisposeAsync();
        await (await rabbit.Fresh(Most)).DisposeAsync();
        _broker = await Broker.Connect(rabbit.Address, told.Add, CancellationToken.None, Most);
        const int Shards = 400;         // more than are on their way when the queue is full
        for (int i = 0; i < 16 * Shards; i++)
            File.WriteAllBytes(Path.Combine(_run.Store, "photos", $"{i}.png"), []);
        JobDesk desk = new(FolderStore.Make(_run.Store), _broker);
        JobWishes wishes = new() { Model = new("m", "0"), Prompts = ["a"] };
        Task<Submission> submitting = desk.Submit(wishes, "", 16, null, CancellationToken.None);
        await Until(() => Task.FromResult(told.Any(line => line.Contains("is full"))));
        Assert.False(submitting.IsCompleted);

        Task working = Worker(_ => (shard, _) => Done(shard));
        Submission submission = await submitting.WaitAsync(_patience);
        Assert.Equal(Shards, submission.Published);
        await Until(async () => (await desk.Status(submission.Job.Id, CancellationToken.None)).State == JobState.Done);
        _stop.Cancel();
        await working;
    }

    [BrokerFact]
    public async Task A_worker_with_another_model_leaves_the_message_to_others()
    {
        _run.AddPictures(32);
        string job = _run.Submit("--model", Fixtures.At("model", "mini-refined"));

        for (int i = 0; i <= Broker.Deliveries; i++)
        {
            (int code, string errors) = await _run.Work(CancellationToken.None);
            Assert.Equal(1, code);
            Assert.Contains("has SHA-256", errors);
        }

        JobStatus status = _run.Status(job);
        Assert.Equal((JobState.Running, 0), (status.State, status.Dead));
        long[] comeBack = await rabbit.Deliveries();
        Assert.Equal([0, 0], comeBack);
    }

    [BrokerFact]
    public async Task A_worker_without_the_model_says_what_to_do()
    {
        _run.AddPictures(16);
        _run.Submit();
        using JobRun other = new(rabbit.Address, model: null);
        other.Cli.Variables["CLIPSEG_STORE"] = _run.Store;
        (int code, string errors) = await other.Work(CancellationToken.None);
        Assert.Equal(1, code);
        Assert.Contains("There is no model 'mini' here. 'clipseg worker --model' says where it is.", errors);
    }

    [BrokerFact]
    public async Task What_is_not_ours_is_put_aside()
    {
        _run.AddPictures(16);
        string job = _run.Submit();
        await _broker!.Publish([new("../../x", "000000", 0, ["a"]), new(job, "0/../1", 0, ["a"])], null,
            CancellationToken.None);
        Task working = Worker(_ => (shard, _) => Done(shard));
        await Until(async () => (await _broker.Depth(CancellationToken.None)).Dead == 2);
        await Until(() => Task.FromResult(_run.Status(job).State == JobState.Done));
        _stop.Cancel();
        await working;
    }

    [BrokerFact]
    public async Task A_picture_that_kills_its_workers_is_put_aside_and_trying_again_isolates_it()
    {
        _run.AddPictures(31);
        new Image(9000, 9000).Save(Path.Combine(_run.Store, "photos", "p0003.large.png"));    // more than a worker has
        _run.Variables["DOTNET_GCHeapHardLimit"] = "0x8000000";
        string job = _run.Submit();
        await WorkUntilFinal(job);
        JobStatus status = _run.Status(job);
        Assert.Equal((JobState.Dead, 16, 16), (status.State, status.Done, status.Dead));

        Assert.Equal(0, _run.Cli.Run("jobs", "retry", job));
        Assert.StartsWith("16 messages", _run.Cli.Output);
        int deaths = await WorkUntilFinal(job);

        status = _run.Status(job);
        Assert.Equal((JobState.Dead, 31, 1), (status.State, status.Done, status.Dead));
        Assert.Equal(Broker.Deliveries, deaths);
        Assert.Equal(1, _run.Cli.Run("jobs", "watch", job));
        Assert.Contains("1 pictures were put aside", _run.Cli.Errors);
        Assert.Equal(1, _run.Cli.Run("jobs", "fetch", job, "--json"));
        Assert.Equal(31, _run.Cli.Output.TrimEnd('\n').Split('\n').Length);
    }

    [BrokerFact]
    public async Task A_worker_that_is_told_to_end_finishes_its_message()
    {
        _run.AddPictures(48);
        string job = _run.Submit();
        Process worker = _run.StartWorker();
        await Until(() => Task.FromResult(Directory.Exists(Path.Combine(_run.Store, "jobs", job, "out"))));
        JobRun.Signal(worker, "TERM");
        await worker.WaitForExitAsync().WaitAsync(_patience);

        Assert.Equal(0, worker.ExitCode);
        int done = _run.Status(job).Done;
        Assert.Equal(0, done % 16);
        Assert.InRange(done, 16, 48);
        long[] comeBack = await rabbit.Deliveries();
        Assert.Equal(new long[(48 - done) / 16], comeBack);
    }

    [BrokerFact]
    public async Task A_worker_says_how_it_is()
    {
        _run.AddPictures(16);
        int port = RabbitMq.FreePort();
        Task<(int Code, string)> working
            = _run.Work(_stop.Token, "--health", port.ToString(CultureInfo.InvariantCulture));
        Assert.Equal(0, _run.Cli.Run("jobs", "watch", _run.Submit()));
        using HttpClient client = new() { BaseAddress = new($"http://127.0.0.1:{port}") };
        Assert.Equal("ready\n", await client.GetStringAsync("/health/ready"));
        Assert.Equal("live\n", await client.GetStringAsync("/health/live"));
        Assert.Contains("\nclipseg_jobs_pictures_total 16\n", await client.GetStringAsync("/metrics"));
        _stop.Cancel();
        Assert.Equal(0, (await working).Code);
    }

    [BrokerFact]
    public void Who_asks_for_what_is_not_there_is_told_in_a_line()
    {
        CliRun cli = _run.Cli;
        FolderStore.Make(_run.Store);
        cli.AssertFailed(1, cli.Run("jobs", "status", "0123456789abcdef"), "There is no job '0123456789abcdef'");
        cli.AssertFailed(1, cli.Run("jobs", "fetch", "../.."), "There is no job '../..'");
        cli.AssertFailed(1, cli.Run("jobs", "submit", "photos", "a cup"), "There is no picture below 'photos/'");
        cli.AssertFailed(1, cli.Run("jobs", "submit", "/etc", "a cup"), "'/etc' is not in the store");
        cli.AssertFailed(1, cli.Run("jobs", "status", "--store", cli.Folder.At("none")), "is not there");
        cli.AssertFailed(1, cli.Run("jobs", "submit", ".", "a cup", "--store", cli.Folder.At("none")), "make it");
        Assert.Equal(2, cli.Run("jobs", "submit", "photos", "a AND"));
        Assert.StartsWith("clipseg: Prompt 'a AND'", cli.Errors);
        cli.AssertFailed(2, cli.Run("worker", "--broker", "localhost"), "expected amqp://");
        string none = $"amqp://guest:secret@127.0.0.1:{RabbitMq.FreePort()}/";
        cli.AssertFailed(1, cli.Run("worker", "--broker", none), "Connection");
        Assert.DoesNotContain("secret", cli.Errors);
        cli.Variables.Remove("CLIPSEG_BROKER");
        cli.AssertFailed(2, cli.Run("jobs", "retry", "0123456789abcdef"), "No broker: name a RabbitMQ");
        cli.Variables.Remove("CLIPSEG_STORE");
        cli.AssertFailed(2, cli.Run("jobs", "status"), "No store: name a folder");
    }

    /// <summary>A worker of this process that does what it is given; stops with the test's token.</summary>
    private Task Worker(Func<JobRecord, ShardWork> open) => Task.Run(async () =>
    {
        using Meters meters = new();
        await using Broker broker
            = await Broker.Connect(rabbit.Address, _ => { }, CancellationToken.None, _broker!.MostMessages);
        await new Worker(new(new FolderStore(_run.Store), _ => { }, _stop.Token), broker, open, meters, _ => { })
            .Run(_stop.Token);
    });

    /// <summary>Starts a new worker whenever one dies; returns how many have.</summary>
    private async Task<int> WorkUntilFinal(string job)
    {
        int deaths = 0;
        Process worker = _run.StartWorker();
        await Until(() =>
        {
            if (worker.HasExited)
            {
                deaths++;
                worker = _run.StartWorker();
            }
            return Task.FromResult(_run.Status(job).IsFinal);
        });
        worker.Kill();
        worker.WaitForExit();
        return deaths;
    }

    private void Write(string key, byte[] content)
    {
        string path = Path.Combine(_run.Store, key);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
    }

    private static Receipt Done(ShardMessage shard) => new(shard.Unit, "", "f32", [.. shard.Keys.Select((_, i) =>
        new ReceiptLine(shard.First + i, false, JsonDocument.Parse("{}").RootElement))]);

    private static async Task Until(Func<Task<bool>> isSo)
    {
        for (Stopwatch watch = Stopwatch.StartNew(); !await isSo(); await Task.Delay(200))
            Assert.True(watch.Elapsed < _patience, "It does not happen.");
    }
}
