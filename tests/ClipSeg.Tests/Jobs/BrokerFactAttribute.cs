namespace ClipSeg.Tests.Jobs;

/// <summary>The tests that share a broker, one after another.</summary>
[CollectionDefinition(Name)]
public sealed class BrokerCollection : ICollectionFixture<RabbitMq>
{
    public const string Name = "RabbitMQ";
}

/// <summary>A test with a real RabbitMQ.</summary>
internal sealed class BrokerFactAttribute : FactAttribute
{
    public BrokerFactAttribute()
        => Skip = File.Exists(RabbitMq.Program) ? null : "Needs RabbitMQ: apt-get install rabbitmq-server.";
}

/// <summary>A test with a real RabbitMQ, and a server that speaks S3.</summary>
internal sealed class BrokerAndS3FactAttribute : FactAttribute
{
    public BrokerAndS3FactAttribute() => Skip = new BrokerFactAttribute().Skip ?? S3Server.Missing;
}
