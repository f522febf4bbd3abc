using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace ClipSeg.Server;

/// <summary>Metrics and traces leave the service: as Prometheus's text, and by OTLP where that is set.</summary>
internal static class Telemetry
{
    private static readonly string[] _meters =
    [
        Measurements.Name, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel",
        "Microsoft.AspNetCore.RateLimiting", "System.Runtime",
    ];

    public static void AddTo(WebApplicationBuilder builder, ServerOptions options)
    {
        OpenTelemetryBuilder telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("clipseg"))
            .WithMetrics(metrics => metrics.AddMeter(_meters).AddPrometheusExporter());
        if (options.Otlp is not { } endpoint) return;
        telemetry.WithTracing(traces => traces.AddAspNetCoreInstrumentation().AddSource(Measurements.Name));
        telemetry.UseOtlpExporter(
            options.OtlpOverHttp ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc, endpoint);
    }
}
