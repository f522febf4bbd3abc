using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ClipSeg.Formats;

namespace ClipSeg.Checkpoints;

/// <summary>
/// A file of a model, as the hub describes it. The checksum is a sha256 (64 hex digits) or git's sha1 of a blob (40),
/// and also the blob's name in the cache.
/// </summary>
internal sealed record HubFile(string Name, Uri Url, string Commit, string Checksum, long Size);

/// <summary>The hub's HTTP: asks for a file's description, downloads it, survives what networks do.</summary>
/// <remarks>
/// Spec: formats.md §10. Definite answers that are no success are <see cref="CheckpointException"/>; what may be
/// different next time is HttpRequestException, IOException or TimeoutException, after retries.
/// </remarks>
internal sealed class HubClient : IDisposable
{
    private const int MaxRedirects = 10;
    private const int MaxUnreachable = 2;
    private const int BufferBytes = 1 << 16;

    private static readonly TimeSpan _maxDelay = TimeSpan.FromSeconds(60);

    private readonly HubSettings _settings;
    private readonly Uri _endpoint;
    private readonly HttpClient _http;

    public HubClient(HubSettings settings)
    {
        if (!Uri.TryCreate(settings.Endpoint, UriKind.Absolute, out Uri? endpoint) || !IsHttp(endpoint))
            throw new CheckpointException($"'{settings.Endpoint}' is no address of a hub; check HF_ENDPOINT.");
        if (settings.Token?.Any(c => !char.IsBetween(c, '!', '~')) == true)
            throw new CheckpointException("The token holds characters that no token has; check HF_TOKEN.");
        (_settings, _endpoint) = (settings, endpoint);
        SocketsHttpHandler handler = new()
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = !endpoint.IsLoopback,
            ConnectTimeout = settings.AskTimeout,
        };
        if (settings.CertificateFile is { } certificates)
            handler.SslOptions.CertificateChainPolicy = Trust(certificates);
        _http = new(handler) { Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.UserAgent.Add(new("clipseg-dotnet", null));
        _http.DefaultRequestHeaders.AcceptEncoding.Add(new("identity"));
    }

    /// <summary>Whether an exception is the network's, and may not come again.</summary>
    public static bool IsTransient(Exception e) => e is HttpRequestException or IOException or TimeoutException;

    public Uri Address(string name, string revision, string file)
        => new($"{_settings.Endpoint}/{name}/resolve/{Uri.EscapeDataString(revision)}/{file}");

    /// <summary>
    /// Asks for a file's checksum and size. Null if the model has no such file. Soon gives up on a host that cannot be
    /// reached: the cache may do.
    /// </summary>
    public async Task<HubFile?> Ask(string name, string revision, string file, CancellationToken cancel)
    {
        Uri url = Address(name, revision, file);
        for (int failures = 0; ; failures++)
        {
            HttpResponseMessage? answer = null;
            try
            {
                answer = await Send(HttpMethod.Head, url, 0, cancel).ConfigureAwait(false);
            }
            catch (Exception e) when (IsTransient(e))
            {
                if (failures >= Math.Min(MaxUnreachable, _settings.Retries))
                    throw new HttpRequestException($"{url}: {Reason(e)}", e);
            }
            if (answer is null)
            {
                await Wait(failures, null, cancel).ConfigureAwait(false);
                continue;
            }

            using HttpResponseMessage response = answer;
            if (IsRetryable(response.StatusCode) && failures < _settings.Retries)
            {
                await Wait(failures, response, cancel).ConfigureAwait(false);
                continue;
            }
            string? code = Header(response, "X-Error-Code");
            if (response.StatusCode == HttpStatusCode.NotFound && code is null or "EntryNotFound") return null;
            if (!IsRedirect(response.StatusCode)) Check(response, url);
            return Describe(response, file, url);
        }
    }

    /// <summary>Completes <paramref name="target"/>, which may hold the beginning of the file.</summary>
    public async Task Download(
        HubFile file, FileStream target, IProgress<HubProgress>? progress, CancellationToken cancel)
    {
        long best = 0;
        int failures = 0;
        while (true)
        {
            if (target.Length > file.Size) target.SetLength(0);
            progress?.Report(new(file.Name, target.Length, file.Size));
            if (target.Length == file.Size) return;

            Exception? failure = null;
            HttpResponseMessage? response = null;
            try
            {
                response = await Send(HttpMethod.Get, file.Url, target.Length, cancel).ConfigureAwait(false);
                await Append(response, file, target, progress, cancel).ConfigureAwait(false);
            }
            catch (Exception e) when (IsTransient(e))
            {
                failure = e;
            }
            using (response)
            {
                if (target.Length == file.Size) continue;
                failures = target.Length > best ? 0 : failures + 1;
                best = Math.Max(best, target.Length);
                if (failures > _settings.Retries)
                {
                    string reason = failure is not null ? Reason(failure) : $"ends at byte {best} of {file.Size}";
                    throw new HttpRequestException($"{file.Url}: {reason}", failure);
                }
                await Wait(failures, response, cancel).ConfigureAwait(false);
            }
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task Append(HttpResponseMessage response, HubFile file, FileStream target,
        IProgress<HubProgress>? progress, CancellationToken cancel)
    {
        switch (response.StatusCode)
        {
            case HttpStatusCode.PartialContent when response.Content.Headers.ContentRange?.From == target.Length:
                break;
            case HttpStatusCode.OK:
                target.SetLength(0);        // the server sends all of it
                break;
            case HttpStatusCode.PartialContent or HttpStatusCode.RequestedRangeNotSatisfiable:
                target.SetLength(0);
                throw new IOException($"the server answered a request for the rest with {(int)response.StatusCode}");
            default:
                if (IsRetryable(response.StatusCode))
                    throw new HttpRequestException($"answered {Describe(response.StatusCode)}");
                Check(response, file.Url);
                break;
        }

        target.Seek(0, SeekOrigin.End);
        byte[] buffer = new byte[BufferBytes];
        Stream source = await response.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false);
        while (true)
        {
            int got = await Limit(c => source.ReadAsync(buffer, c).AsTask(), _settings.ReadTimeout, cancel)
                .ConfigureAwait(false);
            if (got == 0) return;
            if (target.Length + got > file.Size)
            {
                target.SetLength(0);
                throw new CheckpointException($"{file.Url} is longer than the {file.Size} bytes that were announced.");
            }
            await target.WriteAsync(buffer.AsMemory(0, got), cancel).ConfigureAwait(false);
            progress?.Report(new(file.Name, target.Length, file.Size));
        }
    }

    /// <summary>
    /// Sends a request and follows redirects: all of them to download, only relative ones (a model's new name) to ask,
    /// because the answer that points elsewhere carries the description. Another host never sees the token.
    /// </summary>
    private async Task<HttpResponseMessage> Send(HttpMethod method, Uri url, long from, CancellationToken cancel)
    {
        bool trusted = true;
        for (int i = 0; i <= MaxRedirects; i++)
        {
            trusted &= IsSameHost(url, _endpoint);
            using HttpRequestMessage request = new(method, url);
            if (from > 0) request.Headers.Range = new RangeHeaderValue(from, null);
            if (trusted && _settings.Token is { } token)
                request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");

            HttpResponseMessage response = await Limit(
                c => _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, c),
                _settings.AskTimeout, cancel).ConfigureAwait(false);
            if (!IsRedirect(response.StatusCode)) return response;
            string location = Header(response, "Location") ?? "";
            Uri? next = Uri.TryCreate(url, location, out Uri? target) ? target : null;
            if (method == HttpMethod.Head && next is not null && (location.Contains("://") || !IsSameHost(url, next)))
                return response;
            response.Dispose();
            if (next is null || !IsHttp(next) || (url.Scheme == Uri.UriSchemeHttps && next.Scheme != url.Scheme))
                throw new CheckpointException($"{url} redirects to '{location}', which is not followed.");
            url = next;
        }
        throw new CheckpointException($"{url} redirects without an end.");
    }

    private static async Task<T> Limit<T>(
        Func<CancellationToken, Task<T>> action, TimeSpan timeout, CancellationToken cancel)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(timeout);
        try
        {
            return await action(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw new TimeoutException($"no answer within {timeout.TotalSeconds:0.#} seconds", e);
        }
    }

    private Task Wait(int failures, HttpResponseMessage? response, CancellationToken cancel)
    {
        // What the server asks for; else twice as long every time, and not all at the same moment.
        RetryConditionHeaderValue? asked = response?.Headers.RetryAfter;
        TimeSpan delay = asked?.Delta ?? (asked?.Date - DateTimeOffset.UtcNow)
            ?? _settings.RetryDelay * Math.Pow(2, failures) * (0.75 + Random.Shared.NextDouble() / 2);
        if (delay < TimeSpan.Zero) delay = TimeSpan.Zero;
        return Task.Delay(delay < _maxDelay ? delay : _maxDelay, cancel);
    }

    /// <summary>The message, and those that it only points to.</summary>
    private static string Reason(Exception e)
    {
        string reason = e.Message.Replace(", see inner exception.", "");
        for (Exception? inner = e.InnerException; inner is not null; inner = inner.InnerException)
        {
            if (!reason.Contains(inner.Message)) reason = $"{reason.TrimEnd('.')}: {inner.Message}";
        }
        return e is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError }
            ? $"{reason.TrimEnd('.')}. If this network has certificates of its own, name their file (PEM) in "
                + "SSL_CERT_FILE or REQUESTS_CA_BUNDLE"
            : reason;
    }

    /// <summary>Trusts these certificates, and no others.</summary>
    private static X509ChainPolicy Trust(string file)
    {
        X509ChainPolicy policy = new()
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        try
        {
            policy.CustomTrustStore.ImportFromPemFile(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new CheckpointException($"The certificates in '{file}' cannot be read: {e.Message}", e);
        }
        return policy.CustomTrustStore.Count > 0 ? policy
            : throw new CheckpointException($"File '{file}' holds no certificates in PEM; check SSL_CERT_FILE.");
    }

    private static HubFile Describe(HttpResponseMessage response, string file, Uri url)
    {
        string commit = Header(response, "X-Repo-Commit") ?? "";
        string etag = Header(response, "X-Linked-Etag") ?? Header(response, "ETag") ?? "";
        string checksum = (etag.StartsWith("W/", StringComparison.Ordinal) ? etag[2..] : etag).Trim('"');
        if (!HubName.IsCommit(commit) || checksum.Length is not (40 or 64) || !checksum.All(char.IsAsciiHexDigitLower))
            throw new CheckpointException($"{url} came without a commit and a checksum. Is this a Hugging Face hub?");
        long? size = long.TryParse(Header(response, "X-Linked-Size"), CultureInfo.InvariantCulture, out long linked)
            ? linked
            : IsRedirect(response.StatusCode) ? null : response.Content.Headers.ContentLength;
        return size >= 0
            ? new(file, url, commit, checksum, size.Value)
            : throw new CheckpointException($"{url} came without a size.");
    }

    private static void Check(HttpResponseMessage response, Uri url)
    {
        if (response.IsSuccessStatusCode) return;
        string hint = response.StatusCode switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden =>
                ". There is no such model, or it wants a token: set HF_TOKEN",
            HttpStatusCode.NotFound => ". There is no such model or revision",
            _ => "",
        };
        throw new CheckpointException($"{url} answered {Describe(response.StatusCode)}{hint}.");
    }

    private static string Describe(HttpStatusCode status) => $"{(int)status} {status}";

    private static string? Header(HttpResponseMessage response, string name)
        => response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.First() : null;

    private static bool IsHttp(Uri url) => url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp;

    private static bool IsSameHost(Uri a, Uri b) => (a.Scheme, a.Host, a.Port) == (b.Scheme, b.Host, b.Port);

    private static bool IsRedirect(HttpStatusCode status) => (int)status is 301 or 302 or 303 or 307 or 308;

    private static bool IsRetryable(HttpStatusCode status) => (int)status is 408 or 429 or >= 500;
}
