using System.Threading.Channels;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace ClipSeg.Jobs;

/// <summary>The messages that a worker is handed, one at a time.</summary>
internal sealed class WorkQueue : IAsyncDisposable
{
    private readonly IChannel _channel;
    private readonly Channel<Delivery> _deliveries = Channel.CreateUnbounded<Delivery>();
    private CancellationTokenRegistration _stopping;
    private string _consumer = "";

    private WorkQueue(IChannel channel) => _channel = channel;

    /// <param name="isConnected">Whether the connection stands, so that the channel does not come back with it.</param>
    /// <param name="stop">From then on nothing is handed out; what has been is still to be worked on.</param>
    public static async Task<WorkQueue> Start(
        IChannel channel, string queue, Func<bool> isConnected, CancellationToken stop)
    {
        WorkQueue work = new(channel);
        channel.ChannelShutdownAsync += (_, _) => Ended();
        await channel.BasicQosAsync(prefetchSize: 0, prefetchCount: 1, global: false, stop).ConfigureAwait(false);
        AsyncEventingBasicConsumer consumer = new(channel);
        consumer.ReceivedAsync += (_, e) =>
        {
            // The body is the client's again when this returns.
            ShardMessage? message = JobsJson.TryParse(e.Body.Span, JobsJson.Line.ShardMessage);
            work._deliveries.Writer.TryWrite(new(e.DeliveryTag, e.Redelivered, message));
            return Task.CompletedTask;
        };
        consumer.UnregisteredAsync += (_, _) => Ended();
        work._consumer = await channel.BasicConsumeAsync(queue, autoAck: false, consumer, stop).ConfigureAwait(false);
        work._stopping = stop.Register(() => _ = work.TakeNoMore());
        return work;

        Task Ended()
        {
            if (isConnected()) work._deliveries.Writer.TryComplete();
            return Task.CompletedTask;
        }
    }

    /// <summary>The next message; null if there will be none: it was stopped, or the broker has taken queue or channel
    /// away.</summary>
    public async Task<Delivery?> Next()
        => await _deliveries.Reader.WaitToReadAsync().ConfigureAwait(false)
            && _deliveries.Reader.TryRead(out Delivery? delivery) ? delivery : null;

    /// <summary>Has nothing more handed out. To be said before the message in hand is acknowledged: what comes after
    /// that, and goes back, counts as handed out.</summary>
    public async Task TakeNoMore()
    {
        await Answer(() => new(_channel.BasicCancelAsync(_consumer))).ConfigureAwait(false);
        _deliveries.Writer.TryComplete();
    }

    /// <summary>Says that nobody needs to work on it again. If the connection has been lost since, it comes
    /// again.</summary>
    public Task Acknowledge(Delivery delivery)
        => Answer(() => _channel.BasicAckAsync(delivery.Tag, multiple: false));

    /// <summary>Has it put aside at once.</summary>
    public Task PutAside(Delivery delivery)
        => Answer(() => _channel.BasicRejectAsync(delivery.Tag, requeue: false));

    public async ValueTask DisposeAsync()
    {
        await _stopping.DisposeAsync().ConfigureAwait(false);
        await _channel.DisposeAsync().ConfigureAwait(false);
    }

    private static async Task Answer(Func<ValueTask> answer)
    {
        try
        {
            await answer().ConfigureAwait(false);
        }
        catch (Exception e) when (Broker.IsLost(e))
        {
            // The broker hands it out again, and then there is a receipt.
        }
    }
}

/// <summary>A message as it was handed out.</summary>
/// <param name="Tag">The broker's number for it.</param>
/// <param name="IsAgain">Whether it was handed out before.</param>
/// <param name="Message">Null if it is none of ours.</param>
internal sealed record Delivery(ulong Tag, bool IsAgain, ShardMessage? Message);
