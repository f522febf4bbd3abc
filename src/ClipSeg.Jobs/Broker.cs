using System.Diagnostics;
using System.Threading.Channels;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;

namespace ClipSeg.Jobs;

/// <summary>The queue of all jobs, at a RabbitMQ.</summary>
/// <remarks>
/// <c>clipseg.work</c> is a quorum queue: a message is on disk before it is confirmed, is given to one worker at a
/// time, comes again if that one is lost, and goes to <c>clipseg.dead</c> when it has been lost three times. A full
/// queue refuses, and who publishes waits. A connection that is lost is made again, with a random pause, by the client.
/// </remarks>
internal sealed class Broker : IAsyncDisposable
{
    public const string Work = "clipseg.work", Dead = "clipseg.dead", Events = "clipseg.events";

    /// <summary>How often a message is handed out before it is put aside.</summary>
    public const int Deliveries = 3;

    /// <summary>The most messages that wait; a policy of the broker's may make it fewer.</summary>
    public const int MostWaiting = 100_000;

    private const int InFlight = 128;                   // messages that wait for their confirmation
    private const double LeastPause = 1, MostPause = 5; // seconds before a lost connection is tried again

    /// <summary>How long a broker that is connected may confirm no message before somebody is told.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(15);

    private readonly IConnection _connection;
    private readonly IChannel _publishing;
    private readonly Action<string> _tell;
    private long _confirmed;    // when a message last was

    private Broker(
        IConnection connection, IChannel publishing, string name, int mostWaiting, Action<string> tell)
    {
        (_connection, _publishing, Name) = (connection, publishing, name);
        (MostMessages, _tell) = (mostWaiting, tell);
    }

    /// <summary>Where it is, without a password.</summary>
    public string Name { get; }

    /// <summary>How many may wait.</summary>
    public int MostMessages { get; }

    public bool IsConnected => _connection.IsOpen;

    /// <summary>Connects, and declares the queues.</summary>
    /// <param name="address"><c>amqp://user:password@host:port/vhost</c>, or amqps.</param>
    /// <param name="tell">Is told of connections that are lost and of queues that are full.</param>
    /// <param name="mostWaiting">Whoever declares a queue that is there has to say the same.</param>
    /// <exception cref="BrokerException">It is not there, or does not let us in.</exception>
    public static async Task<Broker> Connect(
        Uri address, Action<string> tell, CancellationToken cancel, int mostWaiting = MostWaiting)
    {
        string name = $"{address.Scheme}://{address.Authority}{address.AbsolutePath}";
        if (address.UserInfo.Length > 0) name = name.Replace($"{address.UserInfo}@", "");
        try
        {
            ConnectionFactory factory = new()
            {
                Uri = address,
                ClientProvidedName = $"clipseg on {Environment.MachineName}",
                NetworkRecoveryInterval
                    = TimeSpan.FromSeconds(LeastPause + (MostPause - LeastPause) * Random.Shared.NextDouble()),
            };
            IConnection connection = await factory.CreateConnectionAsync(cancel).ConfigureAwait(false);
            CreateChannelOptions confirmed = new(
                publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true);
            IChannel channel = await connection.CreateChannelAsync(confirmed, cancel).ConfigureAwait(false);
            Broker broker = new(connection, channel, name, mostWaiting, tell);
            connection.ConnectionShutdownAsync += broker.TellShutdown;
            connection.RecoverySucceededAsync += broker.TellRecovery;
            await broker.Declare(cancel).ConfigureAwait(false);
            return broker;
        }
        catch (Exception e) when (e is BrokerUnreachableException or OperationInterruptedException or ArgumentException
            or UriFormatException)
        {
            throw new BrokerException($"The broker {name} cannot be used: {Reason(e)}", e);
        }
    }

    /// <summary>Puts messages into the queue. Returns when the broker has all of them on disk.</summary>
    /// <remarks>Waits while the queue is full or the broker away. What is published twice is worked on once.</remarks>
    /// <param name="confirmed">Called after each.</param>
    public async Task Publish(IEnumerable<ShardMessage> messages, Action? confirmed, CancellationToken cancel)
    {
        Queue<Task> waiting = [];
        foreach (ShardMessage message in messages)
        {
            if (waiting.Count == InFlight) await Next().ConfigureAwait(false);
            waiting.Enqueue(Publish(Work, message, cancel));
        }
        while (waiting.Count > 0) await Next().ConfigureAwait(false);

        async Task Next()
        {
            await Watch(waiting.Dequeue(), cancel).ConfigureAwait(false);
            confirmed?.Invoke();
        }
    }

    /// <summary>Tells whoever listens now.</summary>
    public async Task Tell(JobEvent what, CancellationToken cancel)
    {
        byte[] body = JobsJson.Of(what, JobsJson.Line.JobEvent);
        try
        {
            await _publishing.BasicPublishAsync(Events, "", mandatory: false, body, cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (IsLost(e))
        {
            // The receipt is there: who watches will see that.
        }
    }

    /// <summary>What is told from now on, until it is cancelled.</summary>
    public Task<ChannelReader<JobEvent>> Listen(CancellationToken cancel) => Ask(async () =>
    {
        Channel<JobEvent> events = Channel.CreateBounded<JobEvent>(
            new BoundedChannelOptions(InFlight) { FullMode = BoundedChannelFullMode.DropOldest });
        IChannel channel = await _connection.CreateChannelAsync(cancellationToken: cancel).ConfigureAwait(false);
        QueueDeclareOk queue = await channel.QueueDeclareAsync(cancellationToken: cancel).ConfigureAwait(false);
        await channel.QueueBindAsync(queue.QueueName, Events, "", cancellationToken: cancel).ConfigureAwait(false);
        AsyncEventingBasicConsumer consumer = new(channel);
        consumer.ReceivedAsync += (_, e) =>
        {
            if (JobsJson.TryParse(e.Body.Span, JobsJson.Line.JobEvent) is { } what) events.Writer.TryWrite(what);
            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync(queue.QueueName, autoAck: true, consumer, cancel).ConfigureAwait(false);
        return events.Reader;
    });

    /// <summary>Takes messages, one at a time.</summary>
    public Task<WorkQueue> Consume(CancellationToken stop) => Ask(async () =>
    {
        IChannel channel = await _connection.CreateChannelAsync(cancellationToken: stop).ConfigureAwait(false);
        return await WorkQueue.Start(channel, Work, () => _connection.IsOpen, stop).ConfigureAwait(false);
    });

    /// <summary>What is waiting, and who works; what is worked on does not count.</summary>
    public Task<QueueDepth> Depth(CancellationToken cancel) => Ask(async () =>
    {
        // The broker closes the channel of who asks for a queue that is not there.
        await using IChannel channel
            = await _connection.CreateChannelAsync(cancellationToken: cancel).ConfigureAwait(false);
        QueueDeclareOk work = await channel.QueueDeclarePassiveAsync(Work, cancel).ConfigureAwait(false);
        QueueDeclareOk dead = await channel.QueueDeclarePassiveAsync(Dead, cancel).ConfigureAwait(false);
        return new QueueDepth(work.MessageCount, work.ConsumerCount, dead.MessageCount);
    });

    /// <summary>Goes through the messages that were put aside.</summary>
    /// <param name="take">What to publish in place of a message; null leaves it where it is.</param>
    public Task EachDead(
        Func<ShardMessage, IEnumerable<ShardMessage>?> take, CancellationToken cancel) => Ask(async () =>
    {
        // What is not acknowledged is back in its place when the channel is closed.
        await using IChannel channel
            = await _connection.CreateChannelAsync(cancellationToken: cancel).ConfigureAwait(false);
        while (await channel.BasicGetAsync(Dead, autoAck: false, cancel).ConfigureAwait(false) is { } got)
        {
            ShardMessage? message = JobsJson.TryParse(got.Body.Span, JobsJson.Line.ShardMessage);
            if (message is null || !message.IsSane || take(message) is not { } others) continue;
            await Publish(others, null, cancel).ConfigureAwait(false);
            await channel.BasicAckAsync(got.DeliveryTag, multiple: false, cancel).ConfigureAwait(false);
        }
        await channel.CloseAsync(cancel).ConfigureAwait(false);
        return true;
    });

    public async ValueTask DisposeAsync()
    {
        _connection.ConnectionShutdownAsync -= TellShutdown;
        await _connection.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Whether an exception says that the connection is gone, for now.</summary>
    public static bool IsLost(Exception e)
        => e is AlreadyClosedException or OperationInterruptedException or IOException or ObjectDisposedException;

    /// <remarks>The dead are few, and wait in a classic queue, which never drops what is only looked at.</remarks>
    private async Task Declare(CancellationToken cancel)
    {
        IChannel channel = _publishing;
        await channel.ExchangeDeclareAsync(Events, ExchangeType.Fanout, durable: true, cancellationToken: cancel)
            .ConfigureAwait(false);
        await channel.ExchangeDeclareAsync(Dead, ExchangeType.Fanout, durable: true, cancellationToken: cancel)
            .ConfigureAwait(false);
        await channel.QueueDeclareAsync(Dead, durable: true, exclusive: false, autoDelete: false,
            cancellationToken: cancel).ConfigureAwait(false);
        await channel.QueueBindAsync(Dead, Dead, "", cancellationToken: cancel).ConfigureAwait(false);
        await channel.QueueDeclareAsync(Work, durable: true, exclusive: false, autoDelete: false,
            new Dictionary<string, object?>
            {
                ["x-queue-type"] = "quorum",
                ["x-delivery-limit"] = Deliveries - 1,          // it counts what comes again
                ["x-max-length"] = MostMessages,
                ["x-overflow"] = "reject-publish",
                ["x-dead-letter-exchange"] = Dead,
                ["x-dead-letter-strategy"] = "at-least-once",
            }, cancellationToken: cancel).ConfigureAwait(false);
    }

    /// <summary>Asks something that is not worth waiting for.</summary>
    /// <exception cref="BrokerException">The broker is away.</exception>
    private async Task<T> Ask<T>(Func<Task<T>> question)
    {
        try
        {
            return await question().ConfigureAwait(false);
        }
        catch (Exception e) when (IsLost(e) && e is not BrokerException)
        {
            throw new BrokerException($"The broker {Name} does not answer: {Reason(e)}", e);
        }
    }

    private async Task Publish(string queue, ShardMessage message, CancellationToken cancel)
    {
        byte[] body = JobsJson.Of(message, JobsJson.Line.ShardMessage);
        BasicProperties properties = new()
        {
            Persistent = true,
            MessageId = $"{message.Job}/{message.Unit}",
            ContentType = "application/json",
        };
        for (Backoff backoff = new(); ; await backoff.Wait(cancel).ConfigureAwait(false))
        {
            cancel.ThrowIfCancellationRequested();
            try
            {
                await _publishing.BasicPublishAsync("", queue, mandatory: true, properties, body, cancel)
                    .ConfigureAwait(false);
                Interlocked.Exchange(ref _confirmed, Stopwatch.GetTimestamp());
                return;
            }
            catch (PublishException e) when (e.IsReturn)
            {
                await Declare(cancel).ConfigureAwait(false);        // somebody has deleted the queue
            }
            catch (Exception e) when (e is PublishException || IsLost(e))
            {
                // The queue is full, or the broker away: it comes back, and this with it.
            }
        }
    }

    /// <summary>Waits for a message, and tells once if the broker is there and confirms nothing.</summary>
    private async Task Watch(Task published, CancellationToken cancel)
    {
        long start = Stopwatch.GetTimestamp();
        for (bool told = false; !told && !published.IsCompleted;)
        {
            await Task.WhenAny(published, Task.Delay(_patience, cancel)).ConfigureAwait(false);
            long last = Math.Max(start, Interlocked.Read(ref _confirmed));
            told = !published.IsCompleted && IsConnected && Stopwatch.GetElapsedTime(last) >= _patience;
            if (told) _tell(await WhyNothing(cancel).ConfigureAwait(false));
        }
        await published.ConfigureAwait(false);
    }

    /// <summary>Why the broker may confirm nothing.</summary>
    /// <remarks>RabbitMQ 3.10 does so for good if it dies soon after the queue's creation: then the queue comes back
    /// without a leader, and seems to be empty.</remarks>
    private async Task<string> WhyNothing(CancellationToken cancel)
    {
        try
        {
            if ((await Depth(cancel).ConfigureAwait(false)).Waiting > 0)
                return $"The queue {Work} at {Name} is full. Waiting for workers.";
        }
        catch (BrokerException)
        {
            // It does not even say how many wait.
        }
        return $"The broker {Name} confirms no message, though the queue {Work} is empty: it has no leader. If that "
            + "lasts, delete the queue: it is made again. 'clipseg jobs retry JOB --missing' brings back what was in "
            + "it.";
    }

    private Task TellShutdown(object sender, ShutdownEventArgs e)
    {
        _tell($"The broker {Name} is gone ({e.ReplyText}). Waiting for it.");
        return Task.CompletedTask;
    }

    private Task TellRecovery(object sender, AsyncEventArgs e)
    {
        _tell($"The broker {Name} is back.");
        return Task.CompletedTask;
    }

    private static string Reason(Exception e) => e switch
    {
        OperationInterruptedException { ShutdownReason: { } reason } => reason.ReplyText,
        BrokerUnreachableException { InnerException: { } inner } => inner.InnerException?.Message ?? inner.Message,
        _ => e.Message,
    };
}

/// <summary>How many messages are where.</summary>
/// <param name="Waiting">For a worker.</param>
/// <param name="Workers">Who are connected.</param>
/// <param name="Dead">Put aside, of all jobs.</param>
internal sealed record QueueDepth(uint Waiting, uint Workers, uint Dead);

/// <summary>A broker that is not there, or that does not do what it has to.</summary>
internal sealed class BrokerException(string message, Exception? inner = null) : IOException(message, inner);
