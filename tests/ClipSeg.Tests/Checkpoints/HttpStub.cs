using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace ClipSeg.Tests.Checkpoints;

internal sealed record HttpStubRequest(string Method, string Path, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>The first byte that is wanted.</summary>
    public int From => Headers.TryGetValue("Range", out string? range) ? int.Parse(range["bytes=".Length..^1]) : 0;
}

/// <summary>An answer; none at all with status 0.</summary>
internal sealed record HttpStubResponse(int Status, byte[] Body, params (string Name, string Value)[] Headers)
{
    /// <summary>The connection closes after so many bytes of the body, whatever was announced.</summary>
    public int? CutAfter { get; init; }

    /// <summary>How long the server is silent after the headers.</summary>
    public TimeSpan Silence { get; init; }
}

/// <summary>A server on 127.0.0.1 that answers as a test tells it, one request per connection.</summary>
internal sealed class HttpStub : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<HttpStubRequest, HttpStubResponse> _answer;
    private readonly X509Certificate2? _certificate;

    /// <param name="answer">What to answer.</param>
    /// <param name="certificate">To speak TLS with; null not to.</param>
    public HttpStub(Func<HttpStubRequest, HttpStubResponse> answer, X509Certificate2? certificate = null)
    {
        (_answer, _certificate) = (answer, certificate);
        _listener.Start();
        _ = Accept();
    }

    public string Address
        => $"{(_certificate is null ? "http" : "https")}://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    public ConcurrentQueue<HttpStubRequest> Requests { get; } = new();

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Stop();
        _stop.Dispose();
    }

    private async Task Accept()
    {
        try
        {
            while (true) _ = Serve(await _listener.AcceptTcpClientAsync(_stop.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task<Stream> Open(TcpClient connection)
    {
        if (_certificate is null) return connection.GetStream();
        SslStream stream = new(connection.GetStream());
        await stream.AuthenticateAsServerAsync(_certificate);
        return stream;
    }

    private async Task Serve(TcpClient client)
    {
        using TcpClient connection = client;
        try
        {
            await using Stream stream = await Open(connection);
            using StreamReader reader = new(stream, Encoding.ASCII, leaveOpen: true);
            string[] start = (await reader.ReadLineAsync(_stop.Token) ?? "").Split(' ');
            Dictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);
            while (await reader.ReadLineAsync(_stop.Token) is { Length: > 0 } line)
                headers[line[..line.IndexOf(':')]] = line[(line.IndexOf(':') + 1)..].Trim();

            HttpStubRequest request = new(start[0], start[1], headers);
            Requests.Enqueue(request);
            HttpStubResponse response = _answer(request);
            if (response.Status == 0) return;
            StringBuilder head = new($"HTTP/1.1 {response.Status} x\r\nConnection: close\r\n");
            head.Append($"Content-Length: {response.Body.Length}\r\n");
            foreach ((string name, string value) in response.Headers) head.Append($"{name}: {value}\r\n");
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"{head}\r\n"), _stop.Token);
            await Task.Delay(response.Silence, _stop.Token);
            if (request.Method != "HEAD")
            {
                int count = Math.Min(response.CutAfter ?? int.MaxValue, response.Body.Length);
                await stream.WriteAsync(response.Body.AsMemory(0, count), _stop.Token);
            }
            connection.Client.Shutdown(SocketShutdown.Send);
            await stream.CopyToAsync(Stream.Null, _stop.Token);      // until the client has read it all
        }
        catch (Exception e) when (e is IOException or SocketException or AuthenticationException)
        {
            // The client went away.
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
