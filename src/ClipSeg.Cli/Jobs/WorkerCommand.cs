using System.CommandLine;
using System.Globalization;
using System.Net;
using ClipSeg.Jobs;

namespace ClipSeg.Cli.Jobs;

/// <summary><c>clipseg worker</c>: works on what is in the queue.</summary>
internal sealed class WorkerCommand
{
    private const string Examples = """
        clipseg worker --store s3://bucket --broker amqp://queue.example.org
        clipseg worker --store /mnt/shared --broker amqp://queue.example.org --threads 1
        clipseg worker --model /models/mine --health 9000
        """;

    private readonly Option<string?> _model = new("--model", "-m")
    {
        Description = "Where the model is, for all jobs; by default the one in the box or from the hub, as a job says. "
            + "Another than the job's is refused.",
        HelpName = "MODEL",
    };

    private readonly Option<int?> _health = new Option<int?>("--health")
    {
        Description = "Answer /health/live, /health/ready and /metrics over HTTP at this port, to everybody who "
            + "reaches it.",
        HelpName = "PORT",
    }.Between(1, 65_535);

    private readonly PlaceOptions _place = new(needsBroker: true);
    private readonly ComputeOptions _compute = new();
    private readonly Terminal _terminal;

    private WorkerCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        WorkerCommand worker = new(terminal);
        ExampleCommand command = new("worker",
            "Segment what 'clipseg jobs submit' puts into the queue, until stopped: the first Ctrl-C or SIGTERM lets "
            + "it finish the message that it is at.", Examples)
        {
            worker._model, worker._health,
        };
        worker._place.AddTo(command);
        worker._compute.AddThreadsTo(command);
        command.SetAction(worker.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        PatientStore store = new(_place.Store(parsed, _terminal), _terminal.Warn, _terminal.Stop);
        Broker broker = _place.Broker(parsed, _terminal)!;
        try
        {
            using Meters meters = new();
            using Health? health = parsed.GetValue(_health) is { } port ? Listen(port, broker) : null;
            using JobPictures pictures = new(_terminal, store, parsed.GetValue(_model), _compute.Threads(parsed));
            _terminal.Warn($"Working for {broker.Name} in the store {store}; Ctrl-C ends.");
            new Worker(store, broker, pictures.Open, meters, _terminal.Warn).Run(_terminal.Stop)
                .GetAwaiter().GetResult();
            return CommandLine.Done;
        }
        finally
        {
            broker.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private static Health Listen(int port, Broker broker)
    {
        try
        {
            return new("*", port, () => broker.IsConnected);
        }
        catch (HttpListenerException e)
        {
            throw new IOException(string.Create(
                CultureInfo.InvariantCulture, $"--health {port} cannot be listened at: {e.Message}"), e);
        }
    }
}
