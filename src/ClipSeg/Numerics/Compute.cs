namespace ClipSeg.Numerics;

/// <summary>
/// What an engine computes with: its threads, its memory and its kernels. An operation uses that of the thread it is
/// called on, which <see cref="Enter"/> sets.
/// </summary>
internal sealed class Compute : IDisposable
{
    [ThreadStatic]
    private static Compute? _current;

    [ThreadStatic]
    private static CancellationToken _cancel;

    /// <param name="threads">How many threads a kernel uses, the caller's included; null for one per
    /// processor.</param>
    /// <param name="generatedKernels">Whether products may run machine code that is made for this processor; null:
    /// unless the environment variable <c>CLIPSEG_GENERATED_KERNELS</c> is 0. The portable kernels give the same
    /// results.</param>
    public Compute(int? threads = null, bool? generatedKernels = null)
    {
        Workers = new(this, threads ?? Environment.ProcessorCount);
        UsesGeneratedKernels = generatedKernels ?? Environment.GetEnvironmentVariable(GeneratedKernel.Variable) != "0";
    }

    /// <summary>Of this thread: the one it entered, or one that everybody else shares.</summary>
    public static Compute Current => _current ?? Shared;

    public Workers Workers { get; }

    public BufferPool Buffers { get; } = new();

    public bool UsesGeneratedKernels { get; }

    private static Compute Shared { get; } = new();

    /// <summary>Makes it this thread's until the result is disposed.</summary>
    /// <param name="cancel">Looked at between the blocks of a network (<see cref="ThrowIfCancelled"/>).</param>
    public Entry Enter(CancellationToken cancel = default)
    {
        Entry entry = new(_current, _cancel);
        (_current, _cancel) = (this, cancel);
        return entry;
    }

    /// <summary>Of whoever entered on this thread.</summary>
    public static CancellationToken Cancellation => _cancel;

    /// <exception cref="OperationCanceledException">Whoever entered on this thread has been told to stop.</exception>
    public static void ThrowIfCancelled() => _cancel.ThrowIfCancellationRequested();

    /// <summary>Frees memory that is kept for the next results.</summary>
    public void Trim() => Buffers.Clear();

    /// <summary>Ends its threads. Kernels that run in it afterwards use the caller's alone.</summary>
    public void Dispose() => Workers.Dispose();

    /// <summary>Restores what was this thread's before.</summary>
    public readonly ref struct Entry(Compute? outer, CancellationToken cancel)
    {
        private readonly Compute? _outer = outer;
        private readonly CancellationToken _outerCancel = cancel;

        public void Dispose() => (_current, _cancel) = (_outer, _outerCancel);
    }
}
