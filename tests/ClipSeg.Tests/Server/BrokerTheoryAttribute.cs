using ClipSeg.Tests.Jobs;

namespace ClipSeg.Tests.Server;

/// <summary>A test with a real RabbitMQ, several times.</summary>
internal sealed class BrokerTheoryAttribute : TheoryAttribute
{
    public BrokerTheoryAttribute() => Skip = new BrokerFactAttribute().Skip;
}
