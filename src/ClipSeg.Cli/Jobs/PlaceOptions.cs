using System.CommandLine;
using ClipSeg.Jobs;

namespace ClipSeg.Cli.Jobs;

/// <summary>Where jobs are: the store, and the broker.</summary>
/// <param name="needsBroker">Whether the command cannot do without one.</param>
internal sealed class PlaceOptions(bool needsBroker)
{
    private const string StoreVariable = "CLIPSEG_STORE", BrokerVariable = "CLIPSEG_BROKER";

    // As Amazon's own tools have them.
    private static readonly string[] _endpointVariables = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"];

    private readonly Option<string?> _store = new("--store")
    {
        Description = "Where pictures are and results go, the same for all: a shared folder, or s3://BUCKET/PREFIX; "
            + $"by default ${StoreVariable}. Credentials are found as Amazon's tools find them.",
        HelpName = "DIR|s3://BUCKET",
    };

    private readonly Option<Uri?> _endpoint = new("--endpoint")
    {
        Description = $"Of a server that speaks S3 and is not Amazon's; by default ${_endpointVariables[0]}.",
        HelpName = "URL",
    };

    private readonly Option<string?> _broker = new("--broker")
    {
        Description = $"The RabbitMQ with the queue; by default ${BrokerVariable}, which nobody sees who lists "
            + "processes." + (needsBroker ? "" : " Without one, only the store is asked."),
        HelpName = "amqp://USER:PASSWORD@HOST",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_store);
        command.Options.Add(_endpoint);
        command.Options.Add(_broker);
    }

    /// <summary>Whether a store or a broker was named.</summary>
    public bool AreNamed(ParseResult parsed, Terminal terminal)
        => (Named(StoreOf(parsed, terminal)) ?? Named(BrokerOf(parsed, terminal))) is not null;

    /// <summary>The store's address as it was typed.</summary>
    public string Address(ParseResult parsed, Terminal terminal)
        => StoreOf(parsed, terminal) ?? throw new UsageException(
            $"No store: name a folder that all machines share, or s3://BUCKET, with --store or ${StoreVariable}.");

    /// <param name="make">Whether a folder becomes a store, if it is none.</param>
    public IStore Store(ParseResult parsed, Terminal terminal, bool make = false)
    {
        string? endpoint = _endpointVariables.Select(name => Named(terminal.Variable(name))).OfType<string>()
            .FirstOrDefault();
        return ClipSeg.Jobs.Store.Open(Address(parsed, terminal),
            parsed.GetValue(_endpoint) ?? (endpoint is null ? null : new(endpoint)), make);
    }

    /// <summary>Null if none was named, and none is needed.</summary>
    public Broker? Broker(ParseResult parsed, Terminal terminal)
        => BrokerAddress(parsed, terminal) is not { } address ? null : terminal.Wait("Connecting",
            () => ClipSeg.Jobs.Broker.Connect(address, terminal.Warn, terminal.Stop).GetAwaiter().GetResult());

    /// <summary>Null if none was named, and none is needed.</summary>
    public Uri? BrokerAddress(ParseResult parsed, Terminal terminal)
    {
        string? address = BrokerOf(parsed, terminal);
        if (address is null)
        {
            return !needsBroker ? null : throw new UsageException(
                $"No broker: name a RabbitMQ with --broker amqp://HOST or ${BrokerVariable}.");
        }
        if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("amqp" or "amqps"))
            throw new UsageException("The broker's address is none: expected amqp://USER:PASSWORD@HOST:PORT/VHOST.");
        return uri;
    }

    /// <summary>Does something at the desk of the store and the broker that were named.</summary>
    /// <param name="make">Whether a folder becomes a store, if it is none.</param>
    public T AtDesk<T>(ParseResult parsed, Terminal terminal, Func<JobDesk, Task<T>> work, bool make = false)
    {
        IStore store = Store(parsed, terminal, make);
        Broker? broker = Broker(parsed, terminal);
        try
        {
            return work(new(store, broker)).GetAwaiter().GetResult();
        }
        finally
        {
            broker?.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private string? StoreOf(ParseResult parsed, Terminal terminal)
        => parsed.GetValue(_store) ?? Named(terminal.Variable(StoreVariable));

    private string? BrokerOf(ParseResult parsed, Terminal terminal)
        => parsed.GetValue(_broker) ?? Named(terminal.Variable(BrokerVariable));

    private static string? Named(string? text) => string.IsNullOrWhiteSpace(text) ? null : text;
}
