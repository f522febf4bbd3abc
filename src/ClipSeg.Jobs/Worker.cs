using System.Diagnostics;

namespace ClipSeg.Jobs;

/// <summary>Works on the pictures of one message; null if the job was called off on the way.</summary>
/// <param name="isCancelled">To be asked between pictures.</param>
internal delegate Receipt? ShardWork(ShardMessage shard, Func<bool> isCancelled);

/// <summary>Takes messages from the queue until it is stopped: works on each, and says so last of all.</summary>
/// <remarks>
/// The order is what makes it safe to die at any moment: results, then the receipt, then the acknowledgement. Whoever
/// gets the message again does the same again, or finds the receipt. Nothing is acknowledged that has none, but what
/// was called off.
/// </remarks>
/// <param name="store">Waits while it is away.</param>
/// <param name="open">Gets ready for a job: throws <see cref="Formats.CheckpointException"/> without its model.</param>
/// <param name="tell">Is told of messages that make no sense.</param>
internal sealed class Worker(
    PatientStore store, Broker broker, Func<JobRecord, ShardWork> open, Meters meters, Action<string> tell)
{
    private const int MaxRecordBytes = 1 << 20;

    private static readonly TimeSpan _cancelLook = TimeSpan.FromSeconds(1);

    private JobRecord? _job;
    private ShardWork? _work;

    /// <summary>Returns when it is stopped and the message that it was at is finished.</summary>
    /// <exception cref="Formats.CheckpointException">It does not have a job's model. The message is in the queue again,
    /// for others, as if nobody had touched it.</exception>
    /// <exception cref="BrokerException">The broker has taken the queue away, or waited too long.</exception>
    public async Task Run(CancellationToken stop)
    {
        await using WorkQueue queue = await broker.Consume(stop).ConfigureAwait(false);
        while (await queue.Next().ConfigureAwait(false) is { } delivery)
        {
            if (delivery.IsAgain) meters.Redelivered();
            if (delivery.Message is not { IsSane: true } message)
            {
                tell("A message that is none of clipseg's was put aside.");
                await queue.PutAside(delivery).ConfigureAwait(false);
                continue;
            }
            try
            {
                await Handle(message).ConfigureAwait(false);
            }
            catch (Formats.CheckpointException)
            {
                // Nobody died of it, so it does not count as a delivery.
                await queue.TakeNoMore().ConfigureAwait(false);
                await broker.Publish([message], null, CancellationToken.None).ConfigureAwait(false);
                await queue.Acknowledge(delivery).ConfigureAwait(false);
                throw;
            }
            await queue.Acknowledge(delivery).ConfigureAwait(false);
        }
        if (stop.IsCancellationRequested) return;
        throw new BrokerException($"The broker {broker.Name} hands out no more messages: somebody has deleted the "
            + "queue, or a message took longer than its consumer_timeout. Start the worker again.");
    }

    private async Task Handle(ShardMessage message)
    {
        CancellationToken none = CancellationToken.None;
        if (await HasReceipt(message).ConfigureAwait(false))
        {
            meters.Repeated();
            return;
        }
        if (IsCancelled(message.Job)) return;
        if (_job?.Id != message.Job)
        {
            string key = StoreKeys.Record(message.Job);
            byte[]? json = await store.Read(key, MaxRecordBytes, none).ConfigureAwait(false);
            if (json is null)
            {
                tell($"There is no job '{message.Job}' in the store {store} any more; its message is dropped.");
                return;
            }
            JobRecord job = JobsJson.Parse(key, json, JobsJson.Line.JobRecord);
            (_job, _work) = (null, null);
            _work = open(job);
            _job = job;
        }

        long start = Stopwatch.GetTimestamp(), looked = start;
        ShardWork work = _work!;
        Receipt? receipt = await Task.Factory.StartNew(() => work(message, () =>
        {
            if (Stopwatch.GetElapsedTime(looked) < _cancelLook) return false;
            looked = Stopwatch.GetTimestamp();
            return IsCancelled(message.Job);
        }), none, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
        if (receipt is null) return;
        await store.Write(StoreKeys.Receipt(message.Job, message.Unit),
            JobsJson.Of(receipt, JobsJson.Line.Receipt), none).ConfigureAwait(false);
        int failed = receipt.Pictures.Count(line => line.Failed);
        meters.Done(receipt.Pictures.Count, failed, Stopwatch.GetElapsedTime(start));
        await broker.Tell(new(message.Job, message.Unit, receipt.Pictures.Count, failed), none).ConfigureAwait(false);
    }

    /// <summary>Of the unit, or of the shard that it is a picture of.</summary>
    private async Task<bool> HasReceipt(ShardMessage message)
    {
        string shard = StoreKeys.ShardOf(message.Unit);
        return await Has(message.Unit).ConfigureAwait(false)
            || (shard != message.Unit && await Has(shard).ConfigureAwait(false));

        Task<bool> Has(string unit) => store.Exists(StoreKeys.Receipt(message.Job, unit), CancellationToken.None);
    }

    private bool IsCancelled(string job)
        => store.Exists(StoreKeys.Cancelled(job), CancellationToken.None).GetAwaiter().GetResult();
}
