using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace ClipSeg.Tests.Jobs;

/// <summary>A server that speaks S3, of the tests' own: npm's s3rver.</summary>
internal sealed class S3Server : IDisposable
{
    public const string Bucket = "pictures";

    private const string Key = "S3RVER";        // what it lets in

    private static readonly string _program
        = Path.Combine(Fixtures.Root, "tests", "s3", "node_modules", "s3rver", "bin", "s3rver.js");

    private readonly TemporaryFolder _folder = new();
    private readonly int _port = RabbitMq.FreePort();
    private Process? _server;

    public S3Server()
    {
        // Where the SDK looks.
        foreach ((string name, string value) in (ReadOnlySpan<(string, string)>)
            [("AWS_ACCESS_KEY_ID", Key), ("AWS_SECRET_ACCESS_KEY", Key), ("AWS_REGION", "us-east-1")])
        {
            Environment.SetEnvironmentVariable(name, value);
        }
        Start();
    }

    public static string? Missing => File.Exists(_program) ? null
        : "Needs s3rver: npm install --ignore-scripts --no-package-lock, in the folder tests/s3.";

    public Uri Endpoint => new($"http://127.0.0.1:{_port.ToString(CultureInfo.InvariantCulture)}");

    public void Start()
    {
        ProcessStartInfo start = new("node",
        [
            _program, "--directory", _folder.Path, "--address", "127.0.0.1", "--port",
            _port.ToString(CultureInfo.InvariantCulture), "--configure-bucket", Bucket, "--silent",
        ]);
        _server = Process.Start(start)!;
        for (Stopwatch watch = Stopwatch.StartNew(); !Answers(); Thread.Sleep(100))
            Assert.True(watch.Elapsed.TotalSeconds < 60 && !_server.HasExited, "s3rver does not start.");
    }

    public void Kill()
    {
        _server!.Kill();
        _server.WaitForExit();
        _server.Dispose();
        _server = null;
    }

    public void Dispose()
    {
        if (_server is not null) Kill();
        _folder.Dispose();
    }

    private bool Answers()
    {
        try
        {
            using TcpClient client = new("127.0.0.1", _port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
