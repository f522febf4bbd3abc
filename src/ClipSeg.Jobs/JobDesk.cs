using System.Collections;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using ClipSeg.Imaging;

namespace ClipSeg.Jobs;

/// <summary>Where jobs are submitted, asked after, called off, tried again, and fetched.</summary>
/// <param name="store">Has the pictures, and gets the results.</param>
/// <param name="broker">Null for what the store alone can answer.</param>
internal sealed class JobDesk(IStore store, Broker? broker)
{
    /// <summary>The most pictures of a job: its list is kept in memory.</summary>
    public const int MostPictures = 2_000_000;

    /// <summary>Fewer and more pictures a message cost more than they bring.</summary>
    public const int LeastShard = 16;

    /// <summary>What a message has unless something else is asked for; a job of another size is another job.</summary>
    public const int UsualShard = 32;

    private const int MaxRecordBytes = 1 << 20, MaxManifestBytes = int.MaxValue >> 1, MaxReceiptBytes = 1 << 26;
    private const int AtOnce = 16;      // receipts that are read at the same time

    private static readonly TimeSpan _look = TimeSpan.FromSeconds(2), _pause = TimeSpan.FromSeconds(0.3);

    /// <summary>Puts a job into the queue. What is there already is not put there again.</summary>
    /// <param name="wishes">What is looked for, and what is written.</param>
    /// <param name="prefix">Where the pictures are: ends in a slash, or is empty for the whole store.</param>
    /// <param name="shardSize">Pictures a message, 16 to 64.</param>
    /// <param name="confirmed">Called after each message.</param>
    /// <exception cref="StoreException">There are no pictures, or too many.</exception>
    public async Task<Submission> Submit(
        JobWishes wishes, string prefix, int shardSize, Action<int, int>? confirmed, CancellationToken cancel)
    {
        if (shardSize is < LeastShard or > ShardMessage.MostPictures)
        {
            throw new ArgumentException($"A shard has {LeastShard} to {ShardMessage.MostPictures} pictures, got "
                + $"{shardSize}.", nameof(shardSize));
        }
        List<JobPicture> pictures = await Pictures(prefix, cancel).ConfigureAwait(false);
        byte[] manifest = Manifest(pictures);
        JobRecord record = new("", wishes, pictures.Count, shardSize, Hash(manifest));
        record = record with { Id = Hash(JobsJson.Of(record, JobsJson.Line.JobRecord))[..16] };

        bool isNew = !await store.Exists(StoreKeys.Record(record.Id), cancel).ConfigureAwait(false);
        if (isNew)
        {
            await store.Write(StoreKeys.Manifest(record.Id), manifest, cancel).ConfigureAwait(false);
            await store.Write(StoreKeys.Record(record.Id), JobsJson.Of(record, JobsJson.Line.JobRecord), cancel)
                .ConfigureAwait(false);
        }
        bool wasCancelled = await store.Exists(StoreKeys.Cancelled(record.Id), cancel).ConfigureAwait(false);
        if (wasCancelled)
        {
            // In this order: whoever is stopped in between finds that something is missing.
            await store.Delete(StoreKeys.Published(record.Id), cancel).ConfigureAwait(false);
            await store.Delete(StoreKeys.Cancelled(record.Id), cancel).ConfigureAwait(false);
        }
        else if (await store.Exists(StoreKeys.Published(record.Id), cancel).ConfigureAwait(false))
        {
            return new(record, isNew, 0);
        }
        int published = await PublishMissing(record, pictures, confirmed, cancel).ConfigureAwait(false);
        await store.Write(StoreKeys.Published(record.Id), Array.Empty<byte>(), cancel).ConfigureAwait(false);
        return new(record, isNew, published);
    }

    /// <summary>All jobs of the store.</summary>
    public async IAsyncEnumerable<JobRecord> List([EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (string id in store.Folders(StoreKeys.Jobs, cancel).ConfigureAwait(false))
        {
            if (StoreKeys.IsJob(id) && await TryFind(id, cancel).ConfigureAwait(false) is { } record)
                yield return record;
        }
    }

    /// <exception cref="UnknownJobException">There is no such job.</exception>
    public async Task<JobRecord> Find(string id, CancellationToken cancel)
        => (StoreKeys.IsJob(id) ? await TryFind(id, cancel).ConfigureAwait(false) : null)
            ?? throw new UnknownJobException($"There is no job '{id}' in the store {store}.");

    /// <summary>How far a job is. Reads all its receipts.</summary>
    public async Task<JobStatus> Status(string id, CancellationToken cancel)
    {
        JobRecord record = await Find(id, cancel).ConfigureAwait(false);
        return await Look(record, new(record), cancel).ConfigureAwait(false);
    }

    /// <summary>How far a job is, again whenever that changes, and last of all how it ended.</summary>
    public async IAsyncEnumerable<JobStatus> Watch(string id, [EnumeratorCancellation] CancellationToken cancel)
    {
        JobRecord record = await Find(id, cancel).ConfigureAwait(false);
        ChannelReader<JobEvent>? events
            = broker is null ? null : await broker.Listen(cancel).ConfigureAwait(false);
        Progress progress = new(record);
        for (JobStatus? last = null; ;)
        {
            JobStatus status = await Look(record, progress, cancel).ConfigureAwait(false);
            if (status != last) yield return status;
            if (status.IsFinal) yield break;
            last = status;
            await Wait(id, events, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Calls a job off: workers stop after the picture they are at. Submitting it again goes on.</summary>
    public async Task Cancel(string id, CancellationToken cancel)
    {
        await Find(id, cancel).ConfigureAwait(false);
        await store.Write(StoreKeys.Cancelled(id), Array.Empty<byte>(), cancel).ConfigureAwait(false);
    }

    /// <summary>
    /// Puts back into the queue what was put aside, each picture alone: then one that kills its worker takes no other
    /// along.
    /// </summary>
    /// <param name="missing">Whether everything without a receipt is put there instead: for a broker that has lost
    /// its disk.</param>
    /// <returns>How many messages that made.</returns>
    public async Task<int> Retry(string id, bool missing, CancellationToken cancel)
    {
        JobRecord record = await Find(id, cancel).ConfigureAwait(false);
        if (missing)
        {
            List<JobPicture> pictures = [];
            await foreach (JobPicture picture in Manifest(id, cancel).ConfigureAwait(false)) pictures.Add(picture);
            return await PublishMissing(record, pictures, null, cancel).ConfigureAwait(false);
        }
        int published = 0;
        await Queue.EachDead(message =>
        {
            if (message.Job != id) return null;
            published += message.Keys.Count;
            return message.Singles();
        }, cancel).ConfigureAwait(false);
        return published;
    }

    /// <summary>What became of every picture that has a receipt, each once, in their order but for those that were
    /// tried alone.</summary>
    public async IAsyncEnumerable<ReceiptLine> Results(string id, [EnumeratorCancellation] CancellationToken cancel)
    {
        JobRecord record = await Find(id, cancel).ConfigureAwait(false);
        BitArray seen = new(record.Pictures);
        await foreach (Receipt receipt in Receipts(id, _ => true, cancel).ConfigureAwait(false))
        {
            foreach (ReceiptLine line in receipt.Pictures)
            {
                if (line.Index < 0 || line.Index >= seen.Length || seen[line.Index]) continue;
                seen[line.Index] = true;
                yield return line;
            }
        }
    }

    /// <summary>A file that a result names.</summary>
    /// <exception cref="StoreException">It is not there.</exception>
    public async Task<byte[]> Fetch(string key, int limit, CancellationToken cancel)
        => await store.Read(key, limit, cancel).ConfigureAwait(false)
            ?? throw new StoreException($"'{key}' is missing from the store {store}.");

    /// <summary>The pictures of a job, in their order.</summary>
    public async IAsyncEnumerable<JobPicture> Manifest(
        string id, [EnumeratorCancellation] CancellationToken cancel)
    {
        string key = StoreKeys.Manifest(id);
        byte[] manifest = await store.Read(key, MaxManifestBytes, cancel).ConfigureAwait(false)
            ?? throw new StoreException($"'{key}' is missing: submit the job again.");
        foreach (Range line in LinesOf(manifest))
            yield return JobsJson.Parse(key, manifest.AsSpan(line), JobsJson.Line.JobPicture);
    }

    /// <summary>How many messages are where; null without a broker.</summary>
    public async Task<QueueDepth?> Depth(CancellationToken cancel)
        => broker is null ? null : await broker.Depth(cancel).ConfigureAwait(false);

    private Broker Queue => broker ?? throw new InvalidOperationException("This needs a broker.");

    private async Task<List<JobPicture>> Pictures(string prefix, CancellationToken cancel)
    {
        List<StoredFile> files = [];
        await foreach (StoredFile file in store.List(prefix, cancel).ConfigureAwait(false))
        {
            bool isResult = file.Key.StartsWith(StoreKeys.Jobs, StringComparison.Ordinal);
            if (isResult || !PictureNames.IsRead(file.Key)) continue;
            if (files.Count == MostPictures)
                throw new StoreException($"'{prefix}' holds more than {MostPictures:N0} pictures: submit it in parts.");
            files.Add(file);
        }
        files.Sort((a, b) => string.CompareOrdinal(a.Key, b.Key));
        if (files.Count > 0) return [.. files.Select((f, i) => new JobPicture(i, f.Key, f.Bytes, f.Version))];
        throw new StoreException($"There is no picture below '{prefix}' in the store {store} "
            + $"({string.Join(", ", PictureNames.Read)}).");
    }

    private async Task<int> PublishMissing(JobRecord record, IReadOnlyList<JobPicture> pictures,
        Action<int, int>? confirmed, CancellationToken cancel)
    {
        HashSet<string> done = new(StringComparer.Ordinal);
        await foreach (StoredFile file in store.List(StoreKeys.Done(record.Id), cancel).ConfigureAwait(false))
            done.Add(file.Key);
        ShardMessage[] missing = [.. Enumerable.Range(0, record.Shards).Select(Message)
            .Where(message => !done.Contains(StoreKeys.Receipt(record.Id, message.Unit))
                && !message.Singles().All(one => done.Contains(StoreKeys.Receipt(record.Id, one.Unit))))];
        int count = 0;
        await Queue.Publish(missing, () => confirmed?.Invoke(++count, missing.Length), cancel).ConfigureAwait(false);
        return missing.Length;

        ShardMessage Message(int shard)
        {
            int first = shard * record.ShardSize, count = Math.Min(record.ShardSize, record.Pictures - first);
            return new(record.Id, StoreKeys.Shard(shard), first,
                [.. Enumerable.Range(first, count).Select(i => pictures[i].Key)]);
        }
    }

    private async Task<JobRecord?> TryFind(string id, CancellationToken cancel)
    {
        string key = StoreKeys.Record(id);
        byte[]? json = await store.Read(key, MaxRecordBytes, cancel).ConfigureAwait(false);
        return json is null ? null : JobsJson.Parse(key, json, JobsJson.Line.JobRecord);
    }

    private async Task<JobStatus> Look(JobRecord record, Progress progress, CancellationToken cancel)
    {
        string id = record.Id;
        await foreach (Receipt receipt in Receipts(id, progress.IsNew, cancel).ConfigureAwait(false))
            progress.Add(receipt);
        bool isDone = progress.Done == record.Pictures;
        int? dead = isDone ? 0 : await Dead(id, progress, cancel).ConfigureAwait(false);
        JobState state = isDone ? JobState.Done
            : await store.Exists(StoreKeys.Cancelled(id), cancel).ConfigureAwait(false) ? JobState.Cancelled
            : !await store.Exists(StoreKeys.Published(id), cancel).ConfigureAwait(false) ? JobState.Submitting
            : progress.Done + dead >= record.Pictures ? JobState.Dead : JobState.Running;
        return new(id, record.Wishes.Prompts, state, record.Pictures, progress.Done, progress.Failed, dead);
    }

    /// <summary>How many pictures were put aside and have no receipt; null if the broker is not there to ask.</summary>
    private async Task<int?> Dead(string id, Progress progress, CancellationToken cancel)
    {
        if (broker is null) return null;
        HashSet<int> dead = [];
        try
        {
            if ((await broker.Depth(cancel).ConfigureAwait(false)).Dead == 0) return 0;
            await broker.EachDead(message =>
            {
                if (message.Job == id) dead.UnionWith(progress.Missing(message));
                return null;
            }, cancel).ConfigureAwait(false);
            return dead.Count;
        }
        catch (BrokerException)
        {
            return null;        // it comes back, or not: receipts are what counts
        }
    }

    /// <summary>Receipts in the order of their shards, some read ahead.</summary>
    private async IAsyncEnumerable<Receipt> Receipts(
        string id, Func<string, bool> wanted, [EnumeratorCancellation] CancellationToken cancel)
    {
        Queue<Task<Receipt>> reading = [];
        await foreach (StoredFile file in store.List(StoreKeys.Done(id), cancel).ConfigureAwait(false))
        {
            if (!wanted(file.Key)) continue;
            if (reading.Count == AtOnce) yield return await reading.Dequeue().ConfigureAwait(false);
            reading.Enqueue(Read(file.Key));
        }
        while (reading.Count > 0) yield return await reading.Dequeue().ConfigureAwait(false);

        async Task<Receipt> Read(string key)
        {
            byte[] json = await store.Read(key, MaxReceiptBytes, cancel).ConfigureAwait(false) ?? [];
            return JobsJson.Parse(key, json, JobsJson.Line.Receipt);
        }
    }

    /// <summary>Until something may have changed.</summary>
    private static async Task Wait(string id, ChannelReader<JobEvent>? events, CancellationToken cancel)
    {
        using CancellationTokenSource look = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        look.CancelAfter(_look);
        try
        {
            if (events is null) await Task.Delay(_look, cancel).ConfigureAwait(false);
            else while ((await events.ReadAsync(look.Token).ConfigureAwait(false)).Job != id) { }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return;
        }
        await Task.Delay(_pause, cancel).ConfigureAwait(false);     // many may come together
    }

    private static byte[] Manifest(IReadOnlyList<JobPicture> pictures)
    {
        using MemoryStream lines = new();
        foreach (JobPicture picture in pictures)
        {
            lines.Write(JobsJson.Of(picture, JobsJson.Line.JobPicture));
            lines.WriteByte((byte)'\n');
        }
        return lines.ToArray();
    }

    private static IEnumerable<Range> LinesOf(byte[] text)
    {
        for (int start = 0; start < text.Length;)
        {
            int length = text.AsSpan(start).IndexOf((byte)'\n');
            int end = length < 0 ? text.Length : start + length;
            yield return start..end;
            start = end + 1;
        }
    }

    private static string Hash(ReadOnlySpan<byte> content) => Convert.ToHexStringLower(SHA256.HashData(content));

    /// <summary>Which pictures have a receipt, each counted once however often it was worked on.</summary>
    private sealed class Progress(JobRecord record)
    {
        private readonly HashSet<string> _receipts = new(StringComparer.Ordinal);
        private readonly BitArray _done = new(record.Pictures);

        public int Done { get; private set; }

        public int Failed { get; private set; }

        public bool IsNew(string receipt) => _receipts.Add(receipt);

        public void Add(Receipt receipt)
        {
            foreach (ReceiptLine line in receipt.Pictures)
            {
                if (line.Index < 0 || line.Index >= _done.Length || _done[line.Index]) continue;
                _done[line.Index] = true;
                Done++;
                if (line.Failed) Failed++;
            }
        }

        /// <summary>The numbers of a message's pictures that have none.</summary>
        public IEnumerable<int> Missing(ShardMessage message) => Enumerable.Range(message.First, message.Keys.Count)
            .Where(i => i < _done.Length && !_done[i]);
    }
}

/// <summary>What came of submitting.</summary>
/// <param name="IsNew">Whether it is the first time.</param>
/// <param name="Published">How many messages were put into the queue.</param>
internal sealed record Submission(JobRecord Job, bool IsNew, int Published);
