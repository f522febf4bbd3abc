using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ClipSeg.Server;

/// <summary>Gives each request an id, its answer a line in the log, and its memory back.</summary>
internal sealed class Requests(RequestDelegate next, ILogger logger)
{
    public const string IdHeader = "X-Request-Id";

    private const int MaxIdLength = 64;
    private const int ClientGone = 499;     // as nginx logs it

    private readonly Leftovers _leftovers = Leftovers.OfProcess();

    public async Task Invoke(HttpContext context)
    {
        string? given = context.Request.Headers[IdHeader];
        context.TraceIdentifier = IsId(given) ? given! : Guid.CreateVersion7().ToString("n");
        context.Response.Headers[IdHeader] = context.TraceIdentifier;
        long start = Stopwatch.GetTimestamp();
        await next(context);
        int status = context.RequestAborted.IsCancellationRequested && !context.Response.HasStarted
            ? ClientGone
            : context.Response.StatusCode;
        logger.LogInformation("{Method} {Path} {Status} in {Milliseconds:0.0} ms, {RequestId}",
            context.Request.Method, context.Request.Path.Value, status,
            Stopwatch.GetElapsedTime(start).TotalMilliseconds, context.TraceIdentifier);
        _leftovers.Look();
    }

    /// <summary>Whether a client's id is fit for headers and logs.</summary>
    private static bool IsId(string? id) => id is { Length: > 0 and <= MaxIdLength }
        && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
}
