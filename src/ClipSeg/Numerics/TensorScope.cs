namespace ClipSeg.Numerics;

/// <summary>
/// The lifetime of intermediate results: tensors made on this thread while the scope is open use pooled memory, which
/// goes back when the scope closes. <see cref="Keep"/> hands a result to the scope outside.
/// </summary>
/// <remarks>While a <see cref="Tape"/> records, inner scopes free nothing: backward needs what forward made.</remarks>
internal sealed class TensorScope : IDisposable
{
    [ThreadStatic]
    private static TensorScope? _current;

    private readonly TensorScope? _outer;
    private readonly List<Tensor> _owned = [];
    private bool _suspended;

    /// <exception cref="OperationCanceledException">This thread's work is to stop.</exception>
    public TensorScope()
    {
        Compute.ThrowIfCancelled();
        _outer = _current;
        _current = this;
    }

    internal static TensorScope? Current => _current;

    /// <summary>
    /// Lets <paramref name="result"/> outlive this scope: it then belongs to the enclosing one, or, without one, to the
    /// garbage collector.
    /// </summary>
    public Tensor Keep(Tensor result)
    {
        if (_owned.Remove(result.Owner)) _outer?.Own(result.Owner);
        return result;
    }

    public void Dispose()
    {
        if (!_suspended) Pop();
        foreach (Tensor t in _owned)
        {
            if (!_suspended && Tape.Current is not null && _outer is not null) _outer.Own(t);
            else t.ReturnBuffer();
        }
        _owned.Clear();
    }

    /// <summary>Stops taking ownership of what this thread makes, but keeps what it has until it is disposed.</summary>
    internal void Suspend()
    {
        Pop();
        _suspended = true;
    }

    private void Pop()
    {
        if (_current != this) throw new InvalidOperationException("Tensor scopes must close in the order they opened.");
        _current = _outer;
    }

    internal void Own(Tensor t) => _owned.Add(t);
}
