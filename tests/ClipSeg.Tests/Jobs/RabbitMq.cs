using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ClipSeg.Jobs;
using RabbitMQ.Client;

namespace ClipSeg.Tests.Jobs;

/// <summary>A RabbitMQ of the tests' own: its ports, its folders, its home. Debian's package is what is run.</summary>
public sealed class RabbitMq : IDisposable
{
    public const string Program = "/usr/lib/rabbitmq/bin/rabbitmq-server";

    private const int HeartbeatSeconds = 2;         // after twice that, a worker that is silent is lost

    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(3);

    private readonly string _folder = Directory.CreateTempSubdirectory("clipseg-broker-").FullName;
    private readonly int _port = FreePort(), _distribution = FreePort(), _names = FreePort();
    private readonly Process? _epmd;
    private Process? _server;

    public RabbitMq()
    {
        if (!File.Exists(Program)) return;
        File.WriteAllText(At("rabbitmq.conf"), string.Create(CultureInfo.InvariantCulture,
            $"listeners.tcp.default = 127.0.0.1:{_port}\nheartbeat = {HeartbeatSeconds}\nlog.console = false\n"));
        File.WriteAllText(At("enabled_plugins"), "[].");
        _epmd = Process.Start(new ProcessStartInfo("epmd", ["-port", Text(_names), "-address", "127.0.0.1"]))!;
        Start();
    }

    internal Uri Address => new($"amqp://guest:guest@127.0.0.1:{Text(_port)}/");

    /// <summary>Ends it as a power cut does.</summary>
    internal void Kill()
    {
        _server!.Kill(entireProcessTree: true);
        _server.WaitForExit();
        _server.Dispose();
        _server = null;
    }

    /// <summary>Starts it, with what is on its disk.</summary>
    internal void Start()
    {
        ProcessStartInfo start = new(Program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in new Dictionary<string, string>
        {
            ["HOME"] = _folder,
            ["RABBITMQ_NODENAME"] = $"clipseg{Text(_port)}@localhost",
            ["RABBITMQ_NODE_PORT"] = Text(_port),
            ["RABBITMQ_DIST_PORT"] = Text(_distribution),
            ["ERL_EPMD_PORT"] = Text(_names),
            ["RABBITMQ_MNESIA_BASE"] = At("data"),
            ["RABBITMQ_LOG_BASE"] = At("log"),
            ["RABBITMQ_CONFIG_FILE"] = At("rabbitmq.conf"),
            ["RABBITMQ_ENABLED_PLUGINS_FILE"] = At("enabled_plugins"),
        })
        {
            start.Environment[name] = value;
        }
        _server = Process.Start(start)!;
        _server.OutputDataReceived += (_, _) => { };
        _server.ErrorDataReceived += (_, _) => { };
        _server.BeginOutputReadLine();
        _server.BeginErrorReadLine();
        for (Stopwatch watch = Stopwatch.StartNew(); !Answers(); Thread.Sleep(200))
        {
            if (watch.Elapsed > _patience || _server.HasExited)
                throw new InvalidOperationException("RabbitMQ does not start.");
        }
    }

    /// <summary>A connection to it, with empty queues.</summary>
    internal async Task<Broker> Fresh(int mostWaiting = Broker.MostWaiting)
    {
        await Delete(Broker.Work, Broker.Dead);
        return await Broker.Connect(Address, _ => { }, CancellationToken.None, mostWaiting);
    }

    internal async Task Delete(params string[] queues)
    {
        await using IConnection connection = await new ConnectionFactory { Uri = Address }.CreateConnectionAsync();
        await using IChannel channel = await connection.CreateChannelAsync();
        foreach (string queue in queues) await channel.QueueDeleteAsync(queue);
    }

    /// <summary>How often each of the messages that wait has come back, which takes them.</summary>
    internal async Task<long[]> Deliveries()
    {
        await using IConnection connection = await new ConnectionFactory { Uri = Address }.CreateConnectionAsync();
        await using IChannel channel = await connection.CreateChannelAsync();
        List<long> counts = [];
        while (await channel.BasicGetAsync(Broker.Work, autoAck: true) is { } message)
        {
            object? count = null;
            message.BasicProperties.Headers?.TryGetValue("x-delivery-count", out count);
            counts.Add(Convert.ToInt64(count ?? 0, CultureInfo.InvariantCulture));
        }
        return [.. counts];
    }

    public void Dispose()
    {
        if (_server is not null) Kill();
        _epmd?.Kill();
        _epmd?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    internal static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private bool Answers()
    {
        try
        {
            using IConnection connection
                = new ConnectionFactory { Uri = Address }.CreateConnectionAsync().GetAwaiter().GetResult();
            return true;
        }
        catch (RabbitMQ.Client.Exceptions.BrokerUnreachableException)
        {
            return false;
        }
    }

    private string At(string name) => Path.Combine(_folder, name);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
