using System.Diagnostics.Metrics;

namespace ClipSeg.Jobs;

/// <summary>What a worker counts, for .NET's meters and for whoever asks it over HTTP.</summary>
internal sealed class Meters : IDisposable
{
    public const string Name = "ClipSeg.Jobs";

    private readonly Meter _meter = new(Name);
    private readonly Counter<long> _pictures, _failed, _shards, _redelivered, _repeated;
    private readonly Histogram<double> _seconds;

    public Meters()
    {
        _pictures = _meter.CreateCounter<long>("clipseg.jobs.pictures", "{picture}", "Pictures with a receipt.");
        _failed = _meter.CreateCounter<long>("clipseg.jobs.failed", "{picture}", "Pictures that could not be read.");
        _shards = _meter.CreateCounter<long>("clipseg.jobs.shards", "{shard}", "Receipts written.");
        _redelivered = _meter.CreateCounter<long>("clipseg.jobs.redelivered", "{message}", "Messages that came again.");
        _repeated = _meter.CreateCounter<long>(
            "clipseg.jobs.repeated", "{message}", "Messages that had a receipt already.");
        _seconds = _meter.CreateHistogram<double>("clipseg.jobs.shard.duration", "s", "From message to receipt.");
    }

    public void Done(int pictures, int failed, TimeSpan time)
    {
        _pictures.Add(pictures);
        _failed.Add(failed);
        _shards.Add(1);
        _seconds.Record(time.TotalSeconds);
    }

    public void Redelivered() => _redelivered.Add(1);

    public void Repeated() => _repeated.Add(1);

    public void Dispose() => _meter.Dispose();
}
