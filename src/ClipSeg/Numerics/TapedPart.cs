namespace ClipSeg.Numerics;

/// <summary>
/// A part of a training step with a tape and memory of its own: threads run parts of a batch side by side, which costs
/// far less waiting than splitting each operation over the threads.
/// </summary>
/// <remarks>
/// Forward and backward may run on different threads. Gradients reach the parameters in <see cref="AddToParameters"/>
/// alone; called part by part in a fixed order, it gives the same bits on any number of threads.
/// </remarks>
internal sealed class TapedPart
{
    private readonly TensorScope _memory;
    private readonly Tape _tape;

    private TapedPart(TensorScope memory, Tape tape, Tensor result)
        => (_memory, _tape, Result) = (memory, tape, result);

    /// <summary>What forward computed. Its memory lives until <see cref="Backward"/>.</summary>
    public Tensor Result { get; }

    /// <summary>Runs <paramref name="forward"/> and records it.</summary>
    public static TapedPart Record(Func<Tensor> forward, float dropout = 0, RandomStream random = default)
    {
        TensorScope memory = new();
        try
        {
            using Tape tape = new() { Dropout = dropout, Random = random };
            Tensor result = forward();
            memory.Suspend();
            return new(memory, tape, result);
        }
        catch
        {
            memory.Dispose();       // or the scopes around it hide what went wrong
            throw;
        }
    }

    /// <summary>Runs it backwards from a gradient of the result's shape, and frees its memory.</summary>
    public void Backward(Tensor gradient)
    {
        using TensorScope scope = new();
        _tape.Run(Result, gradient);
        _memory.Dispose();
    }

    /// <summary>Adds its gradients to those of the parameters.</summary>
    public void AddToParameters() => _tape.AddToParameters();
}
