using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using System.Text;

namespace ClipSeg.Jobs;

/// <summary>Answers over HTTP how a worker is: <c>/health/live</c>, <c>/health/ready</c>, <c>/metrics</c>.</summary>
/// <remarks>Ready is who is connected to the broker. The metrics are sums, in Prometheus' text.</remarks>
internal sealed class Health : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly MeterListener _meters = new();
    private readonly ConcurrentDictionary<string, double> _sums = new(StringComparer.Ordinal);
    private readonly Func<bool> _isReady;

    /// <param name="host">An address, or * for all of this machine's.</param>
    /// <exception cref="HttpListenerException">Somebody else listens there.</exception>
    public Health(string host, int port, Func<bool> isReady)
    {
        _isReady = isReady;
        _meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name != Meters.Name) return;
            if (instrument is Counter<long>) _sums[NameOf(instrument)] = 0;
            listener.EnableMeasurementEvents(instrument);
        };
        _meters.SetMeasurementEventCallback<long>((instrument, value, _, _) => Add(NameOf(instrument), value));
        _meters.SetMeasurementEventCallback<double>((instrument, value, _, _) => Add(NameOf(instrument), value));
        _meters.Start();
        _listener.Prefixes.Add(string.Create(CultureInfo.InvariantCulture, $"http://{host}:{port}/"));
        _listener.Start();
        _ = Answer();
    }

    public void Dispose()
    {
        _listener.Close();
        _meters.Dispose();
    }

    private async Task Answer()
    {
        while (_listener.IsListening)
        {
            try
            {
                HttpListenerContext context = await _listener.GetContextAsync().ConfigureAwait(false);
                (int status, string text) = context.Request.Url?.AbsolutePath switch
                {
                    "/health/live" => (200, "live\n"),
                    "/health/ready" => _isReady() ? (200, "ready\n") : (503, "not connected\n"),
                    "/metrics" => (200, Metrics()),
                    _ => (404, "/health/live, /health/ready, /metrics\n"),
                };
                context.Response.StatusCode = status;
                context.Response.ContentType = "text/plain; version=0.0.4";
                context.Response.Close(Encoding.UTF8.GetBytes(text), willBlock: false);
            }
            catch (Exception e) when (e is HttpListenerException or InvalidOperationException)
            {
                // Who asked has gone, or this is closed.
            }
        }
    }

    private string Metrics() => string.Concat(_sums.OrderBy(s => s.Key, StringComparer.Ordinal)
        .Select(s => string.Create(CultureInfo.InvariantCulture, $"# TYPE {s.Key} counter\n{s.Key} {s.Value}\n")));

    private void Add(string name, double value) => _sums.AddOrUpdate(name, value, (_, sum) => sum + value);

    private static string NameOf(Instrument instrument)
        => $"{instrument.Name.Replace('.', '_')}{(instrument is Histogram<double> ? "_seconds_sum" : "_total")}";
}
