namespace ClipSeg.Examples.InProcess;

/// <summary>Two pictures at once: more would not be faster, and would take more memory.</summary>
public sealed class Turns
{
    private readonly SemaphoreSlim _free = new(2);

    public async Task<T> Take<T>(Func<T> work, CancellationToken cancel)
    {
        await _free.WaitAsync(cancel);
        try
        {
            return work();
        }
        finally
        {
            _free.Release();
        }
    }
}
