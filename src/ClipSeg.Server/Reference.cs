using ClipSeg.Imaging;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Scalar.AspNetCore;

namespace ClipSeg.Server;

/// <summary>The description of the routes, as OpenAPI and as a page to read and try.</summary>
internal static class Reference
{
    private const string Document = "/openapi/v1.json";

    /// <summary>What the document says before its routes.</summary>
    public static Task Describe(
        OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancel)
    {
        document.Info.Title = "ClipSeg";
        document.Info.Version = typeof(Reference).Assembly.GetName().Version?.ToString(3);
        document.Info.Description = "Masks of whatever prompts name or show, in a picture.";
        document.Servers?.Clear();
        return Task.CompletedTask;
    }

    /// <summary>What a threshold is in JSON.</summary>
    public static Task Describe(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancel)
    {
        if (context.JsonTypeInfo.Type == typeof(ThresholdRule))
            schema.Type = JsonSchemaType.Number | JsonSchemaType.String;
        return Task.CompletedTask;
    }

    public static void Map(WebApplication app)
    {
        app.MapOpenApi(Document);
        app.MapScalarApiReference("/docs", scalar => scalar
            .WithTitle("ClipSeg: reference").WithOpenApiRoutePattern(Document)
            .DisableDefaultFonts().DisableTelemetry().DisableAgent().DisableMcp().WithNonce());
    }

    /// <summary>Lets the page run its own scripts, by their nonce.</summary>
    public static Task LetItRun(HttpContext context, RequestDelegate next)
    {
        if (!context.Request.Path.StartsWithSegments("/docs")) return next(context);
        context.Response.OnStarting(() =>
        {
            object? nonce = context.Items[ScalarOptions.NonceHttpContextItemKey];
            context.Response.Headers.ContentSecurityPolicy = $"default-src 'none'; script-src 'self' 'nonce-{nonce}'; "
                + "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
                + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
            return Task.CompletedTask;
        });
        return next(context);
    }
}
