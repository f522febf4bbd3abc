using System.Net;
using Microsoft.AspNetCore.Http;

namespace ClipSeg.Server;

/// <summary>What browsers are told, and what pages of other sites may not do.</summary>
/// <remarks>
/// A page of a stranger can send forms to an address of this machine, and by a name of its own even read the answers.
/// So browsers' requests from other sites are refused unless their origin is allowed, and a service that listens at
/// this machine alone answers to its names alone.
/// </remarks>
internal sealed class Security
{
    /// <summary>Of answers that no browser is to show as a page.</summary>
    public const string DataPolicy = "default-src 'none'; frame-ancestors 'none'; sandbox";

    private readonly RequestDelegate _next;
    private readonly IReadOnlyList<string> _origins;
    private readonly bool _isLocal;

    public Security(RequestDelegate next, ServerOptions options)
    {
        (_next, _origins) = (next, options.Origins);
        _isLocal = options.Host == "localhost"
            || (IPAddress.TryParse(options.Host, out IPAddress? address) && IPAddress.IsLoopback(address));
    }

    public Task Invoke(HttpContext context)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = _origins.Count > 0 ? "cross-origin" : "same-origin";
        headers.ContentSecurityPolicy = DataPolicy;

        HttpRequest request = context.Request;
        if (_isLocal && !IsLocalName(request.Host.Host))
        {
            return Problems.Write(context, new RequestException("This service listens at this machine alone, and "
                + "answers to localhost and its addresses, not to other names; see --host.",
                StatusCodes.Status421MisdirectedRequest));
        }
        if (request.Headers["Sec-Fetch-Site"] == "cross-site" && request.Headers.Origin is [{ } origin]
            && !_origins.Contains(origin))
        {
            return Problems.Write(context, new RequestException(
                "Pages of other sites may not ask this service, unless it is started with --cors.",
                StatusCodes.Status403Forbidden));
        }
        return _next(context);
    }

    private static bool IsLocalName(string host) => host == "localhost"
        || (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address) && IPAddress.IsLoopback(address));
}
