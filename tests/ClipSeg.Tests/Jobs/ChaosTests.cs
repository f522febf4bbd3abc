using System.Collections.Concurrent;
using System.Diagnostics;
using ClipSeg.Jobs;

namespace ClipSeg.Tests.Jobs;

/// <summary>Everything dies, and nothing is lost: with the model in the box, and workers that are processes.</summary>
[Collection(BrokerCollection.Name)]
public sealed class ChaosTests(RabbitMq rabbit) : IDisposable
{
    private const int Pictures = 60;

    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(3), _silence = TimeSpan.FromSeconds(8),
        _away = TimeSpan.FromSeconds(5);

    private readonly JobRun _run = new(rabbit.Address, model: null);

    public void Dispose() => _run.Dispose();

    [BrokerFact]
    public async Task Workers_the_broker_and_the_store_fail_and_every_picture_is_done_once()
    {
        await (await rabbit.Fresh()).DisposeAsync();
        _run.Cli.Variables["CLIPSEG_MODEL"] = Path.Combine(Fixtures.Root, "models", "clipseg-emoji");
        _run.AddPictures(Pictures);
        string job = _run.Submit();
        string done = Path.Combine(_run.Store, "jobs", job), away = _run.Cli.Folder.At("away");
        Process stopped = _run.StartWorker(), killed = _run.StartWorker();
        _run.StartWorker();
        await Until(() => Path.Exists(Path.Combine(done, "out")));

        JobRun.Signal(stopped, "STOP");                             // until the broker has given it up
        Directory.Move(_run.Store, away);                           // the store is not there,
        killed.Kill();                                              // and a worker dies meanwhile
        await Task.Delay(_away);
        Directory.Move(away, _run.Store);
        rabbit.Kill();
        rabbit.Start();
        _run.StartWorker().Kill();                                  // before it has begun
        _run.StartWorker();
        await Task.Delay(_silence);
        JobRun.Signal(stopped, "CONT");                             // it finishes what others have done since

        await Until(() => _run.Status(job).IsFinal);
        if (_run.Status(job).State == JobState.Dead)
        {
            Assert.Equal(0, _run.Cli.Run("jobs", "retry", job));
            await Until(() => _run.Status(job).IsFinal);
        }
        _run.AssertSameAsOneProcess(job, Pictures);
    }

    /// <summary>
    /// A queue that was made in the broker's last seconds may come back without a leader, and what was confirmed with
    /// it is lost: whoever publishes is told, and does as told.
    /// </summary>
    [BrokerFact]
    public async Task What_is_being_published_when_the_broker_dies_is_published_when_it_is_back()
    {
        const int Messages = 20_000;
        ConcurrentQueue<string> told = [];
        await (await rabbit.Fresh()).DisposeAsync();
        await using Broker broker = await Broker.Connect(rabbit.Address, told.Enqueue, CancellationToken.None);
        int confirmed = 0;
        Task publishing = broker.Publish(Enumerable.Range(0, Messages)
            .Select(i => new ShardMessage("0123456789abcdef", StoreKeys.Shard(i), 16 * i, ["a"])),
            () => Interlocked.Increment(ref confirmed), CancellationToken.None);
        while (confirmed < Messages / 20) await Task.Delay(1);
        rabbit.Kill();
        Assert.False(publishing.IsCompleted);
        rabbit.Start();
        bool isBroken = false;
        await Until(() => publishing.IsCompleted || (isBroken = told.Any(t => t.Contains("delete the queue"))));
        if (isBroken) await rabbit.Delete(Broker.Work);
        await publishing.WaitAsync(_patience);
        Assert.Equal(Messages, confirmed);
        await using Broker another = await Broker.Connect(rabbit.Address, _ => { }, CancellationToken.None);
        uint waiting = (await another.Depth(CancellationToken.None)).Waiting;
        if (!isBroken) Assert.InRange(waiting, (uint)Messages, (uint)Messages + 200);   // some twice, none lost
    }

    private static async Task Until(Func<bool> isSo)
    {
        for (Stopwatch watch = Stopwatch.StartNew(); !isSo(); await Task.Delay(200))
            Assert.True(watch.Elapsed < _patience, "It does not happen.");
    }
}
