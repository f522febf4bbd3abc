using System.Globalization;
using System.Text.Json;
using ClipSeg.Imaging;
using ClipSeg.Jobs;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ClipSeg.Server;

/// <summary>Errors as RFC 9457 has them: status, title, detail, and the request's id.</summary>
internal static class Problems
{
    /// <summary>Answers with a problem.</summary>
    public static async Task Write(HttpContext context, RequestException problem)
    {
        context.Response.StatusCode = problem.Status;
        if (problem.RetryAfter is { } wait)
        {
            context.Response.Headers.RetryAfter =
                ((int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }
        await context.RequestServices.GetRequiredService<IProblemDetailsService>().TryWriteAsync(new()
        {
            HttpContext = context,
            ProblemDetails = new() { Status = problem.Status, Detail = problem.Message },
        });
    }

    /// <summary>Of an answer that has a status and nothing else.</summary>
    public static RequestException OfStatus(HttpContext context) => new(context.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound => $"There is nothing at '{context.Request.Path}'.",
        StatusCodes.Status405MethodNotAllowed => $"'{context.Request.Path}' does not take {context.Request.Method}.",
        int other => $"{ReasonPhrases.GetReasonPhrase(other)}.",
    }, context.Response.StatusCode);

    /// <summary>What every problem says.</summary>
    public static void Customize(ProblemDetailsContext problem)
    {
        ProblemDetails details = problem.ProblemDetails;
        details.Title = ReasonPhrases.GetReasonPhrase(details.Status ?? 500);
        details.Type = "about:blank";           // RFC 9457: the title is that of the status
        details.Instance = problem.HttpContext.Request.Path;
        details.Extensions.Remove("traceId");
        details.Extensions["requestId"] = problem.HttpContext.TraceIdentifier;
    }

    /// <summary>Turns what a handler throws into a problem: the client's mistakes with their text, ours
    /// without.</summary>
    public static async Task OnException(HttpContext context)
    {
        Exception error = context.Features.Get<IExceptionHandlerFeature>()!.Error;
        RequestException problem = Describe(error);
        if (problem.Status == StatusCodes.Status500InternalServerError)
        {
            context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("ClipSeg.Server")
                .LogError(error, "Request {RequestId} failed.", context.TraceIdentifier);
        }
        await Write(context, problem);
    }

    private static RequestException Describe(Exception error) => error switch
    {
        RequestException e => e,
        ImageFormatException e => new(e.Message),
        // Whoever has asked is gone, or else:
        OperationCanceledException => new("The service is ending.", StatusCodes.Status503ServiceUnavailable),
        BadHttpRequestException e => new(e.Message, e.StatusCode),
        JsonException e => new($"The body is not the JSON that was expected: {e.Message}"),
        InvalidDataException e => new($"The form cannot be read: {e.Message}"),
        StoreAwayException or BrokerException => new(error.Message, StatusCodes.Status503ServiceUnavailable)
        {
            RetryAfter = Turns.RetryAfter,
        },
        UnknownJobException e => new(e.Message, StatusCodes.Status404NotFound),
        StoreException e => new(e.Message, StatusCodes.Status502BadGateway),
        IOException e => new($"The body cannot be read: {e.Message}"),
        _ => new("This is a defect of the service; its log says more.", StatusCodes.Status500InternalServerError),
    };
}
