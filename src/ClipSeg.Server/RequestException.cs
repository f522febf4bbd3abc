using Microsoft.AspNetCore.Http;

namespace ClipSeg.Server;

/// <summary>A request that cannot be answered; the message says what was found and what was expected.</summary>
internal sealed class RequestException(string message, int status = StatusCodes.Status400BadRequest)
    : Exception(message)
{
    /// <summary>Of the answer.</summary>
    public int Status { get; } = status;

    /// <summary>When to come back, if that helps.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
