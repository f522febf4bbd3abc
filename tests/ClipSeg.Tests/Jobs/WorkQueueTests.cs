using ClipSeg.Jobs;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace ClipSeg.Tests.Jobs;

/// <summary>A queue that hands out no more says so, instead of leaving its worker to wait.</summary>
[Collection(BrokerCollection.Name)]
public sealed class WorkQueueTests(RabbitMq rabbit)
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(40);

    [BrokerFact]
    public Task A_queue_ends_when_it_is_deleted()
        => Ends(channel => channel.QueueDeleteAsync(Broker.Work), CancellationToken.None);

    [BrokerFact]
    public Task A_queue_ends_when_the_broker_closes_its_channel()
        => Ends(async channel => await Assert.ThrowsAsync<OperationInterruptedException>(
            () => channel.QueueDeclarePassiveAsync("none")), CancellationToken.None);

    [BrokerFact]
    public async Task A_queue_ends_when_it_is_stopped()
    {
        using CancellationTokenSource stop = new();
        await Ends(_ =>
        {
            stop.Cancel();
            return Task.CompletedTask;
        }, stop.Token);
    }

    private async Task Ends(Func<IChannel, Task> end, CancellationToken stop)
    {
        await using Broker broker = await rabbit.Fresh();
        await using IConnection connection
            = await new ConnectionFactory { Uri = rabbit.Address }.CreateConnectionAsync(CancellationToken.None);
        IChannel channel = await connection.CreateChannelAsync();
        await using WorkQueue queue = await WorkQueue.Start(channel, Broker.Work, () => connection.IsOpen, stop);
        Task<Delivery?> next = queue.Next();
        await end(channel);
        Assert.Null(await next.WaitAsync(_patience));
    }
}
