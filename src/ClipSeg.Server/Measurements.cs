using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace ClipSeg.Server;

/// <summary>What the service counts and times, beside what ASP.NET Core does.</summary>
internal sealed class Measurements : IDisposable
{
    /// <summary>Of the meter and of the source of traces.</summary>
    public const string Name = "ClipSeg.Server";

    private static readonly ActivitySource _traces = new(Name);

    /// <summary>In seconds, as those of ASP.NET Core's own times are; else they would be of milliseconds.</summary>
    private static readonly InstrumentAdvice<double> _seconds = new()
    {
        HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
    };

    private readonly Meter _meter = new(Name);
    private readonly Counter<long> _pictures, _reused, _masks;
    private readonly Histogram<double> _encode, _decode;

    public Measurements(Turns turns, PictureCache cache)
    {
        _pictures = _meter.CreateCounter<long>("clipseg.pictures", description: "Pictures that the network read.");
        _reused = _meter.CreateCounter<long>("clipseg.pictures.reused", description: "Pictures that the cache had.");
        _masks = _meter.CreateCounter<long>("clipseg.masks", description: "Masks that were made.");
        _encode = Times("clipseg.encode.duration", "Reading a picture.");
        _decode = Times("clipseg.decode.duration", "All masks of a request.");
        _meter.CreateObservableGauge("clipseg.queue.waiting", () => turns.Waiting, description: "Requests that wait.");
        _meter.CreateObservableGauge("clipseg.queue.working", () => turns.Working,
            description: "Requests that are worked on.");
        _meter.CreateObservableGauge("clipseg.cache.size", () => cache.Bytes, "By", "Of pictures in the cache.");
        _meter.CreateObservableGauge("clipseg.cache.pictures", () => cache.Count, description: "In the cache.");
    }

    /// <summary>Times the reading of a picture.</summary>
    public EncodedImage Encode(Func<EncodedImage> work)
    {
        EncodedImage encoded = Time("encode", _encode, work);
        _pictures.Add(1);
        return encoded;
    }

    /// <summary>Counts a picture that need not be read.</summary>
    public void Reuse() => _reused.Add(1);

    /// <summary>Times the masks of a request.</summary>
    public T[] Decode<T>(Func<T[]> work)
    {
        T[] masks = Time("decode", _decode, work);
        _masks.Add(masks.Length);
        return masks;
    }

    public void Dispose() => _meter.Dispose();

    private Histogram<double> Times(string name, string description)
        => _meter.CreateHistogram(name, "s", description, tags: null, _seconds);

    private static T Time<T>(string name, Histogram<double> seconds, Func<T> work)
    {
        using Activity? activity = _traces.StartActivity(name);
        long start = Stopwatch.GetTimestamp();
        T result = work();
        seconds.Record(Stopwatch.GetElapsedTime(start).TotalSeconds);
        return result;
    }
}
