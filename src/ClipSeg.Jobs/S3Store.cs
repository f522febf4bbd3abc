using System.Net;
using System.Runtime.CompilerServices;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace ClipSeg.Jobs;

/// <summary>A bucket, or what is below a prefix in one, at Amazon or at whatever else speaks S3.</summary>
/// <remarks>
/// Credentials and region come from where the SDK looks: environment, profile, the machine's role. Checksums and
/// chunked bodies are off where they are not required: with the SDK's defaults some servers store the chunks' framing
/// inside the object.
/// </remarks>
internal sealed class S3Store : IStore, IDisposable
{
    private const string UsualRegion = "us-east-1";

    private readonly AmazonS3Client _client;
    private readonly string _bucket, _prefix, _where;

    /// <param name="bucket">Exists.</param>
    /// <param name="prefix">Before every key: ends in a slash, or is empty.</param>
    /// <param name="endpoint">Of a server that is not Amazon's; null for that.</param>
    /// <exception cref="StoreException">There is no region.</exception>
    public S3Store(string bucket, string prefix, Uri? endpoint)
    {
        (_bucket, _prefix) = (bucket, prefix);
        _where = $"s3://{bucket}/{prefix}{(endpoint is null ? "" : $" at {endpoint}")}";
        AmazonS3Config config = new()
        {
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        };
        if (endpoint is not null)
        {
            config.AuthenticationRegion = config.RegionEndpoint?.SystemName ?? UsualRegion;
            config.ServiceURL = endpoint.AbsoluteUri;
            config.ForcePathStyle = true;
        }
        try
        {
            _client = new(config);
        }
        catch (AmazonClientException e)
        {
            throw new StoreException($"The store {_where} cannot be used: {e.Message}", e);
        }
    }

    public override string ToString() => _where;

    public void Dispose() => _client.Dispose();

    public Task<byte[]?> Read(string key, int limit, CancellationToken cancel) => Try(async () =>
    {
        using GetObjectResponse found = await _client.GetObjectAsync(_bucket, Name(key), cancel).ConfigureAwait(false);
        if (found.ContentLength > limit)
        {
            throw new InvalidDataException(
                $"'{key}' has {found.ContentLength:N0} bytes, more than the {limit:N0} allowed.");
        }
        byte[] content = new byte[found.ContentLength];
        await found.ResponseStream.ReadExactlyAsync(content, cancel).ConfigureAwait(false);
        return content;
    }, mayMiss: true, cancel);

    public Task<bool> Exists(string key, CancellationToken cancel) => Try(async () =>
    {
        await _client.GetObjectMetadataAsync(_bucket, Name(key), cancel).ConfigureAwait(false);
        return true;
    }, mayMiss: true, cancel);

    public Task Write(string key, ReadOnlyMemory<byte> content, CancellationToken cancel) => Try(async () =>
    {
        await _client.PutObjectAsync(new()
        {
            BucketName = _bucket,
            Key = Name(key),
            InputStream = new MemoryStream(content.ToArray(), writable: false),
            UseChunkEncoding = false,
        }, cancel).ConfigureAwait(false);
        return true;
    }, mayMiss: false, cancel);

    public Task Delete(string key, CancellationToken cancel) => Try(async () =>
    {
        await _client.DeleteObjectAsync(_bucket, Name(key), cancel).ConfigureAwait(false);
        return true;
    }, mayMiss: true, cancel);

    public async IAsyncEnumerable<StoredFile> List(string prefix, [EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (ListObjectsV2Response page in Pages(prefix, null, cancel).ConfigureAwait(false))
        {
            foreach (S3Object file in page.S3Objects ?? [])
            {
                // What consoles make in place of folders.
                if (!file.Key.EndsWith('/'))
                    yield return new(file.Key[_prefix.Length..], file.Size ?? 0, file.ETag ?? "");
            }
        }
    }

    public async IAsyncEnumerable<string> Folders(string prefix, [EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (ListObjectsV2Response page in Pages(prefix, "/", cancel).ConfigureAwait(false))
        {
            foreach (string folder in page.CommonPrefixes ?? [])
                yield return folder[(_prefix.Length + prefix.Length)..].TrimEnd('/');
        }
    }

    private async IAsyncEnumerable<ListObjectsV2Response> Pages(
        string prefix, string? delimiter, [EnumeratorCancellation] CancellationToken cancel)
    {
        ListObjectsV2Request request = new()
        {
            BucketName = _bucket,
            Prefix = _prefix + prefix,
            Delimiter = delimiter,
        };
        do
        {
            ListObjectsV2Response? page = await Try(
                () => _client.ListObjectsV2Async(request, cancel), mayMiss: false, cancel).ConfigureAwait(false);
            yield return page!;
            request.ContinuationToken = page!.NextContinuationToken;
        }
        while (request.ContinuationToken is not null);
    }

    private string Name(string key) => _prefix + StoreKeys.Check(key);

    /// <summary>Runs a request.</summary>
    /// <param name="mayMiss">Whether that there is no such object is an answer (the default), not an error.</param>
    private async Task<T?> Try<T>(Func<Task<T>> request, bool mayMiss, CancellationToken cancel)
    {
        try
        {
            return await request().ConfigureAwait(false);
        }
        catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.NotFound && mayMiss
            && e.ErrorCode is not "NoSuchBucket")
        {
            return default;
        }
        catch (AmazonServiceException e) when (e.StatusCode is >= HttpStatusCode.BadRequest
            and < HttpStatusCode.InternalServerError and not (HttpStatusCode.RequestTimeout
            or HttpStatusCode.TooManyRequests))
        {
            throw new StoreException($"The store {_where} refuses: {e.ErrorCode}: {e.Message}", e);
        }
        catch (Exception e) when (!cancel.IsCancellationRequested && e is AmazonClientException
            or AmazonServiceException or HttpRequestException or OperationCanceledException
            or (IOException and not StoreException))
        {
            throw new StoreAwayException($"The store {_where} does not answer: {e.Message}", e);
        }
    }
}
