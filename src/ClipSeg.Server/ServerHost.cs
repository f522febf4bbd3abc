using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ClipSeg.Server;

/// <summary>The service as a whole: what it is made of, and the order that a request meets it in.</summary>
internal static class ServerHost
{
    private const string UploadsPolicy = "uploads";

    /// <summary>Serves until told to end, and then finishes what was accepted.</summary>
    /// <param name="models">At least one, the default first; disposed with the service.</param>
    /// <param name="jobs">Null for a service without; stays open.</param>
    /// <param name="listening">Told the addresses, once there is an ear at them.</param>
    public static async Task Run(ServerOptions options, IReadOnlyList<ServedModel> models, JobPlace? jobs,
        Action<IEnumerable<string>> listening, CancellationToken stop)
    {
        await using WebApplication app = Build(options, models, jobs);
        await app.StartAsync(stop);
        listening(app.Urls);
        await app.WaitForShutdownAsync(stop);
    }

    /// <summary>Puts the service together; the caller starts and disposes it.</summary>
    /// <param name="models">At least one, the default first; disposed with the service.</param>
    /// <param name="jobs">Null for a service without; stays open.</param>
    /// <param name="configure">For tests: what else is to be set.</param>
    public static WebApplication Build(ServerOptions options, IReadOnlyList<ServedModel> models, JobPlace? jobs,
        Action<WebApplicationBuilder>? configure = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(
            new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        AddLog(builder, options);
        builder.WebHost.ConfigureKestrel(kestrel => Limit(kestrel, options));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.ShutdownTimeout);
        builder.Services.AddProblemDetails(problems => problems.CustomizeProblemDetails = Problems.Customize);
        builder.Services.AddRequestTimeouts(timeouts => timeouts.DefaultPolicy = TimeoutOf(options));
        builder.Services.AddRateLimiter(limiter =>
        {
            limiter.AddConcurrencyLimiter(UploadsPolicy, uploads => uploads.PermitLimit = options.Uploads);
            limiter.AddConcurrencyLimiter(
                JobRoutes.WatchersPolicy, watchers => watchers.PermitLimit = options.Watchers);
            limiter.OnRejected = (rejected, _) => new(Problems.Write(rejected.HttpContext, new RequestException(
                IsOf(rejected.HttpContext, JobRoutes.WatchersPolicy)
                    ? $"All {options.Watchers} places of those who watch jobs are taken."
                    : $"All {options.Uploads} uploads that are received at once are taken.",
                StatusCodes.Status503ServiceUnavailable)
            { RetryAfter = Turns.RetryAfter }));
        });
        builder.Services.AddCors(cors => cors.AddDefaultPolicy(policy =>
            policy.WithOrigins([.. options.Origins]).AllowAnyHeader().AllowAnyMethod()));
        builder.Services.AddOpenApi(openApi => openApi.AddDocumentTransformer(Reference.Describe)
            .AddSchemaTransformer(Reference.Describe));
        builder.Services.ConfigureHttpJsonOptions(json => ServerJson.AddTo(json.SerializerOptions));
        Telemetry.AddTo(builder, options);
        configure?.Invoke(builder);

        WebApplication app = builder.Build();
        ILogger logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("ClipSeg.Server");
        Turns turns = new(options);
        PictureCache cache = new(options.CacheBytes, options.CacheTime);
        Measurements measurements = new(turns, cache);
        Segmentation segmentation = new(options, models, cache, measurements);
        Readiness readiness = new(models, app.Lifetime);
        app.Lifetime.ApplicationStopped.Register(() =>
        {
            measurements.Dispose();
            turns.Dispose();
            foreach (ServedModel model in models) model.Dispose();
        });

        app.Use(next => new Requests(next, logger).Invoke);
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            ExceptionHandler = Problems.OnException,
            SuppressDiagnosticsCallback = _ => true,        // most are the client's mistakes; ours are logged there
        });
        app.Use(next => new Security(next, options).Invoke);
        app.UseStatusCodePages(status => Problems.Write(status.HttpContext, Problems.OfStatus(status.HttpContext)));
        app.UseRouting();
        if (options.Origins.Count > 0) app.UseCors();
        app.Use(next => new ApiKeys(next, options.ApiKeys).Invoke);
        app.Use(next => context => Reference.LetItRun(context, next));
        app.UseRequestTimeouts();
        app.UseRateLimiter();
        readiness.Map(app);
        RouteGroupBuilder v1 = app.MapGroup("/v1").WithMetadata(new NeedsKey()).RequireRateLimiting(UploadsPolicy);
        new Endpoints(options, models, segmentation, turns, jobs is not null).Map(v1);
        if (jobs is null) JobRoutes.MapNone(v1);
        else new JobRoutes(jobs, segmentation, app.Lifetime).Map(v1);
        MapAdapters(app, options, models, segmentation, turns);
        app.MapPrometheusScrapingEndpoint("/metrics").WithMetadata(new NeedsKey());
        Reference.Map(app);
        Page.Map(app);
        return app;
    }

    private static void MapAdapters(WebApplication app, ServerOptions options, IReadOnlyList<ServedModel> models,
        Segmentation segmentation, Turns turns)
    {
        RemotePictures pictures = new(options);
        app.Lifetime.ApplicationStopped.Register(pictures.Dispose);
        LabelStudio labelStudio = new(models, segmentation, turns, pictures);
        labelStudio.MapHealth(app);
        RouteGroupBuilder routes = app.MapGroup("").WithMetadata(new NeedsKey()).RequireRateLimiting(UploadsPolicy);
        labelStudio.Map(routes);
        new Cvat(options, models, segmentation, turns).Map(routes);
        new HuggingFace(options, segmentation, turns).Map(routes);
        new Rembg(options, segmentation, turns).Map(routes);
    }

    private static bool IsOf(HttpContext context, string policy)
        => context.GetEndpoint()?.Metadata.GetMetadata<EnableRateLimitingAttribute>()?.PolicyName == policy;

    private static void AddLog(WebApplicationBuilder builder, ServerOptions options)
    {
        builder.Logging.ClearProviders();
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Logging.AddFilter("ClipSeg", LogLevel.Information);
        if (options.JsonLog) builder.Logging.AddJsonConsole(log => log.UseUtcTimestamp = true);
        else builder.Logging.AddSimpleConsole(log => (log.SingleLine, log.TimestampFormat) = (true, "HH:mm:ss "));
    }

    private static void Limit(KestrelServerOptions kestrel, ServerOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = options.MaxBodyBytes;
        kestrel.Limits.MaxConcurrentConnections = 8 * options.Uploads;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        if (IPAddress.TryParse(options.Host, out IPAddress? address)) kestrel.Listen(address, options.Port);
        else if (options.Host == "localhost") kestrel.ListenLocalhost(options.Port);
        else throw new ArgumentException($"The host is '{options.Host}', expected an address of this machine.");
    }

    private static RequestTimeoutPolicy TimeoutOf(ServerOptions options) => new()
    {
        Timeout = options.Timeout,
        TimeoutStatusCode = StatusCodes.Status504GatewayTimeout,
        WriteTimeoutResponse = context => Problems.Write(context, new RequestException(
            $"It took longer than {options.Timeout.TotalSeconds:0} s.", StatusCodes.Status504GatewayTimeout)),
    };
}
