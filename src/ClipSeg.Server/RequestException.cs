using Microsoft.AspNetCore.Http;

namespace ClipSeg.Server;

/// <summary>A request that cannot be answered; the message says what was found and what was expected.</summary>
internal sealed class RequestException(string message, int status = StatusCodes.Status400BadRequest)
    : Exception(message)
{
    private const int MostShown = 200;

    /// <summary>Of the answer.</summary>
    public int Status { get; } = status;

    /// <summary>A stranger's words, short enough for an answer.</summary>
    public static string Shown(string? text)
        => text is { Length: > MostShown } ? $"{text[..MostShown]}..." : text ?? "";

    /// <summary>When to come back, if that helps.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
