using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;

namespace ClipSeg.Server;

/// <summary>Who computes: a few at once, a bounded queue behind them, and an answer at once for the rest.</summary>
/// <remarks>
/// A turn is taken when the whole body is there, so that a slow client occupies none. More at once would not be faster:
/// they share the processors.
/// </remarks>
internal sealed class Turns : IDisposable
{
    /// <summary>What clients that find no place are told to wait.</summary>
    public static TimeSpan RetryAfter { get; } = TimeSpan.FromSeconds(2);

    private readonly ConcurrencyLimiter _limiter;
    private readonly ServerOptions _options;

    public Turns(ServerOptions options)
    {
        _options = options;
        _limiter = new(new()
        {
            PermitLimit = options.Turns,
            QueueLimit = options.Queue,
            QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
        });
    }

    /// <summary>Requests that wait.</summary>
    public long Waiting => _limiter.GetStatistics()?.CurrentQueuedCount ?? 0;

    /// <summary>Requests that are worked on.</summary>
    public long Working => _options.Turns - (_limiter.GetStatistics()?.CurrentAvailablePermits ?? _options.Turns);

    /// <summary>Does the work when it is its turn.</summary>
    /// <exception cref="RequestException">The queue is full.</exception>
    public async Task<T> Run<T>(Func<T> work, CancellationToken cancel)
    {
        using RateLimitLease lease = await _limiter.AcquireAsync(cancellationToken: cancel);
        if (!lease.IsAcquired)
        {
            throw new RequestException($"All {_options.Queue} places of the queue are taken.",
                StatusCodes.Status503ServiceUnavailable)
            { RetryAfter = RetryAfter };
        }
        return work();
    }

    public void Dispose() => _limiter.Dispose();
}
