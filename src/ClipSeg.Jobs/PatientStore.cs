namespace ClipSeg.Jobs;

/// <summary>A store that is waited for while it is away, longer each time.</summary>
/// <remarks>Workers do not all come back at the same moment. Lists are not waited for.</remarks>
/// <param name="store">Is asked again and again.</param>
/// <param name="tell">Is told once when the waiting begins.</param>
/// <param name="stop">Ends the waiting: then whatever is asked fails at once.</param>
internal sealed class PatientStore(IStore store, Action<string> tell, CancellationToken stop) : IStore
{
    public override string? ToString() => store.ToString();

    public Task<byte[]?> Read(string key, int limit, CancellationToken cancel)
        => Try(() => store.Read(key, limit, cancel));

    public Task<bool> Exists(string key, CancellationToken cancel) => Try(() => store.Exists(key, cancel));

    public Task Write(string key, ReadOnlyMemory<byte> content, CancellationToken cancel) => Try(async () =>
    {
        await store.Write(key, content, cancel).ConfigureAwait(false);
        return true;
    });

    public Task Delete(string key, CancellationToken cancel) => Try(async () =>
    {
        await store.Delete(key, cancel).ConfigureAwait(false);
        return true;
    });

    public IAsyncEnumerable<StoredFile> List(string prefix, CancellationToken cancel) => store.List(prefix, cancel);

    public IAsyncEnumerable<string> Folders(string prefix, CancellationToken cancel) => store.Folders(prefix, cancel);

    private async Task<T> Try<T>(Func<Task<T>> ask)
    {
        for (Backoff backoff = new(); ; await backoff.Wait(stop).ConfigureAwait(false))
        {
            try
            {
                return await ask().ConfigureAwait(false);
            }
            catch (StoreAwayException e) when (!stop.IsCancellationRequested)
            {
                if (backoff.Times == 0) tell($"{e.Message} Waiting for it.");
            }
        }
    }
}
