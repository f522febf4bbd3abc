using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using static ClipSeg.Server.RequestException;

namespace ClipSeg.Server;

/// <summary>Fetches the pictures of Label Studio's tasks, from it and from hosts that are allowed by name.</summary>
/// <remarks>
/// An address in a request may point at what only this machine can reach. So the origin must be listed, its name is
/// resolved once and the connection is made to what it resolved to, private addresses are refused but for Label
/// Studio's own and those that are listed as addresses, and a redirect is looked at as if it were asked for.
/// </remarks>
internal sealed class RemotePictures : IDisposable
{
    private const int MaxBytes = 50 << 20, MostRedirects = 5;

    private static readonly byte[] _nat64 = [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0];
    private static readonly TimeSpan _timeout = TimeSpan.FromSeconds(20);

    private readonly Uri? _labelStudio;
    private readonly string? _token;
    private readonly IReadOnlyList<Uri> _origins;
    private readonly HttpClient _client;

    public RemotePictures(ServerOptions options)
    {
        (_labelStudio, _token) = (options.LabelStudio, options.LabelStudioToken);
        _origins = _labelStudio is null ? options.PictureOrigins : [_labelStudio, .. options.PictureOrigins];
        _client = new(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            ConnectCallback = Connect,
        })
        { Timeout = _timeout };
    }

    /// <summary>The file of a task's picture.</summary>
    /// <param name="address">As the task's data has it.</param>
    /// <exception cref="RequestException">It is not allowed, not there, or too large.</exception>
    public async Task<byte[]> Fetch(string address, int task, CancellationToken cancel)
    {
        IReadOnlyList<Uri> places = Places(address, task);
        for (int i = 0; i < places.Count - 1; i++)
        {
            if (await TryFetch(places[i], cancel) is { } file) return file;
        }
        return await TryFetch(places[^1], cancel)
            ?? throw new RequestException($"There is no picture at '{Shown(address)}', or it may not be read.");
    }

    public void Dispose() => _client.Dispose();

    /// <summary>Whether an address is of this machine, of a private network, or of no single machine.</summary>
    internal static bool IsPrivate(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        byte[] bytes = address.GetAddressBytes();
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            uint ip = BinaryPrimitives.ReadUInt32BigEndian(bytes);
            return In(ip, 0, 8) || In(ip, 10 << 24, 8) || In(ip, 127 << 24, 8) || In(ip, 0x64400000, 10)
                || In(ip, 0xA9FE0000, 16) || In(ip, 0xAC100000, 12) || In(ip, 0xC0000000, 24)
                || In(ip, 0xC0A80000, 16) || In(ip, 0xC6120000, 15) || In(ip, 0xE0000000, 3);
        }
        if (bytes.AsSpan(0, 12).SequenceEqual(_nat64)) return IsPrivate(new(bytes.AsSpan(12)));
        if (bytes[0] == 0x20 && bytes[1] == 0x02) return IsPrivate(new(bytes.AsSpan(2, 4)));    // 6to4
        return bytes.AsSpan(0, 12).IndexOfAnyExcept((byte)0) < 0 || (bytes[0] & 0xFE) == 0xFC
            || (bytes[0] == 0xFE && bytes[1] >= 0x80) || bytes[0] == 0xFF;

        static bool In(uint ip, uint network, int bits) => (ip ^ network) >> (32 - bits) == 0;
    }

    /// <summary>Where Label Studio's own client would look, in its order.</summary>
    private IReadOnlyList<Uri> Places(string address, int task)
    {
        if (address.StartsWith("/data/upload/", StringComparison.Ordinal))
        {
            string file = Uri.EscapeDataString(address["/data/".Length..]).Replace("%2F", "/");
            return [Own($"storage-data/uploaded/?filepath={file}"), Own(address[1..])];
        }
        if (address.StartsWith("/data/", StringComparison.Ordinal)) return [Own(address[1..])];
        if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? uri))
            throw new RequestException($"'{Shown(address)}' is no address of a picture.");
        if (uri.Scheme is "http" or "https") return [uri];
        if (uri.Scheme is "s3" or "gs" or "azure-blob")
        {
            string encoded =
                Convert.ToBase64String(Encoding.UTF8.GetBytes(address)).Replace('+', '-').Replace('/', '_');
            return [Own($"tasks/{task}/presign/?fileuri={encoded}")];
        }
        throw new RequestException(
            $"'{Shown(address)}' is of no kind that is read: http, https, or a path of Label Studio.");
    }

    private Uri Own(string path) => _labelStudio is null
        ? throw new RequestException("The picture is a path of Label Studio, whose address is not known; "
            + "start this service with --label-studio URL.")
        : new(new Uri(_labelStudio.AbsoluteUri.TrimEnd('/') + "/"), path);

    private async Task<byte[]?> TryFetch(Uri uri, CancellationToken cancel)
    {
        try
        {
            for (int i = 0; i <= MostRedirects; i++)
            {
                using HttpResponseMessage response = await Ask(uri, cancel);
                if ((int)response.StatusCode is > 300 and < 400 && response.Headers.Location is { } next)
                {
                    uri = new(uri, next);
                    continue;
                }
                return response.IsSuccessStatusCode ? await Read(response, cancel) : null;
            }
            throw new RequestException("The picture's address leads from one to the next without an end.");
        }
        catch (HttpRequestException e) when (e.InnerException is RequestException refused)
        {
            throw refused;
        }
        catch (HttpRequestException)
        {
            return null;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new RequestException($"The picture did not come within {_timeout.TotalSeconds:0} s.");
        }
    }

    private Task<HttpResponseMessage> Ask(Uri uri, CancellationToken cancel)
    {
        if (uri.Scheme is not ("http" or "https") || !_origins.Any(origin => IsSame(origin, uri)))
        {
            throw new RequestException($"Pictures are not fetched from '{Shown(uri.Authority)}': "
                + "start this service with --pictures-from to allow it.", StatusCodes.Status403Forbidden);
        }
        HttpRequestMessage request = new(HttpMethod.Get, uri);
        if (_token is not null && _labelStudio is not null && IsSame(_labelStudio, uri))
        {
            bool isJwt = _token.Count(c => c == '.') == 2;
            request.Headers.Authorization = new AuthenticationHeaderValue(isJwt ? "Bearer" : "Token", _token);
        }
        return _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
    }

    private static async Task<byte[]> Read(HttpResponseMessage response, CancellationToken cancel)
    {
        if (response.Content.Headers.ContentLength > MaxBytes) throw TooLarge();
        await using Stream stream = await response.Content.ReadAsStreamAsync(cancel);
        using MemoryStream file = new();
        byte[] buffer = new byte[81_920];
        for (int read; (read = await stream.ReadAsync(buffer, cancel)) > 0;)
        {
            if (file.Length + read > MaxBytes) throw TooLarge();
            file.Write(buffer, 0, read);
        }
        return file.ToArray();
    }

    /// <summary>Connects to an address that was looked at, whatever the name says a moment later.</summary>
    private async ValueTask<Stream> Connect(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        DnsEndPoint place = context.DnsEndPoint;
        IPAddress[] found = await Dns.GetHostAddressesAsync(place.Host, cancel);
        IPAddress[] allowed = [.. found.Where(address => !IsPrivate(address) || MayBePrivate(place))];
        if (allowed.Length == 0)
        {
            throw new RequestException($"'{place.Host}' is an address of a private network, from which pictures are "
                + "not fetched: list the address itself with --pictures-from.", StatusCodes.Status403Forbidden);
        }
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, place.Port, cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Label Studio itself, and what is listed as an address: a place is a listed one.</summary>
    private bool MayBePrivate(DnsEndPoint place) => IPAddress.TryParse(place.Host, out _)
        || (_labelStudio is not null && place.Host == _labelStudio.IdnHost && place.Port == _labelStudio.Port);

    private static bool IsSame(Uri origin, Uri uri) => origin.Scheme == uri.Scheme
        && origin.Port == uri.Port && string.Equals(origin.IdnHost, uri.IdnHost, StringComparison.OrdinalIgnoreCase);

    private static RequestException TooLarge()
        => new($"The picture is larger than {MaxBytes >> 20} MiB.", StatusCodes.Status413PayloadTooLarge);
}
