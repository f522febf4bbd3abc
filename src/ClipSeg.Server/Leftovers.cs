namespace ClipSeg.Server;

/// <summary>What requests leave behind, collected before it is much.</summary>
/// <remarks>
/// Uploads, pixels and masks are large objects. .NET collects those when about as many bytes have come as were alive,
/// and the cache of pictures keeps half a gigabyte alive: left alone, the process grows to several times of what it
/// holds. What is alive are few objects, and nearly none refers to others, so that a collection costs milliseconds.
/// </remarks>
internal sealed class Leftovers
{
    /// <summary>Allocated by all requests together before there is a collection: some ten requests.</summary>
    public const long Most = 128L << 20;

    private readonly Func<long> _allocated;
    private readonly Action _collect;
    private long _last;

    /// <param name="allocated">Bytes since the process began, freed or not.</param>
    /// <param name="collect">Frees what nobody refers to.</param>
    public Leftovers(Func<long> allocated, Action collect)
        => (_allocated, _collect, _last) = (allocated, collect, allocated());

    /// <summary>Of this process; requests go on while it collects.</summary>
    public static Leftovers OfProcess() => new(() => GC.GetTotalAllocatedBytes(),
        () => GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: false));

    /// <summary>Called at the end of each request, from any thread.</summary>
    public void Look()
    {
        long now = _allocated(), last = Interlocked.Read(ref _last);
        if (now - last >= Most && Interlocked.CompareExchange(ref _last, now, last) == last) _collect();
    }
}
