using ClipSeg.Imaging;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;

namespace ClipSeg.Server;

/// <summary>Whether the service lives, and whether it should be sent requests.</summary>
internal sealed class Readiness
{
    private readonly IReadOnlyList<ServedModel> _models;
    private readonly CancellationToken _stopping;
    private volatile Task? _warmUp;

    /// <summary>Begins to read weights when the service has started, so that the first request need not.</summary>
    public Readiness(IReadOnlyList<ServedModel> models, IHostApplicationLifetime lifetime)
    {
        (_models, _stopping) = (models, lifetime.ApplicationStopping);
        lifetime.ApplicationStarted.Register(() => _warmUp = Task.Run(WarmUp));
    }

    public void Map(WebApplication app)
    {
        app.MapGet("/health/live", () => Results.Json(new("live"), ServerJson.Strict.HealthAnswer))
            .WithSummary("Answers while the process lives.");
        app.MapGet("/health/ready", () => IsReady
            ? Results.Json(new("ready"), ServerJson.Strict.HealthAnswer)
            : throw new RequestException(Reason, StatusCodes.Status503ServiceUnavailable)
            { RetryAfter = Turns.RetryAfter })
            .WithSummary("Answers 200 once the models have been read, and until the service is told to end.");
    }

    private bool IsReady => _warmUp?.IsCompletedSuccessfully == true && !_stopping.IsCancellationRequested;

    private string Reason => _warmUp?.Exception?.InnerException?.Message
        ?? (_stopping.IsCancellationRequested ? "The service is ending." : "The models are being read.");

    private void WarmUp()
    {
        foreach (ServedModel model in _models)
            model.At(null).Segment(new Image(64, 64), "warm", _stopping);
    }
}
