using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ClipSeg.Server;

/// <summary>The page at <c>/</c>: files that are part of the program, in the folder Page.</summary>
internal static class Page
{
    // The page runs its own files alone: no script in its text, nothing from elsewhere.
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; "
        + "img-src 'self' blob: data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

    private const string Prefix = "Page/", Index = "index.html";

    /// <summary>A route for each file.</summary>
    public static void Map(WebApplication app)
    {
        Assembly assembly = typeof(Page).Assembly;
        foreach (string resource in assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix)))
        {
            string name = resource[Prefix.Length..];
            using Stream stream = assembly.GetManifestResourceStream(resource)!;
            byte[] content = new byte[stream.Length];
            stream.ReadExactly(content);
            EntityTagHeaderValue tag = new($"\"{Convert.ToHexString(SHA256.HashData(content), 0, 8)}\"");
            app.MapGet(name == Index ? "/" : $"/{name}", (HttpContext context) =>
            {
                context.Response.Headers.ContentSecurityPolicy = Policy;
                context.Response.Headers.CacheControl = "no-cache";     // asks each time, and is told it is the same
                return Results.Bytes(content, TypeOf(name), entityTag: tag);
            }).ExcludeFromDescription();
        }
    }

    private static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => "image/jpeg",
    };
}
