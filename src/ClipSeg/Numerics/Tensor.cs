
namespace ClipSeg.Numerics;

/// <summary>A dense float32 array, row-major.</summary>
/// <remarks>
/// Shape letters used throughout: B batch, T tokens, C width, H heads, D = C/H, G grid side (GH x GW where it is not
/// square), R decoder width, E joint embedding, P patch side. Operations live one per file beside this one; each
/// records itself on the <see cref="Tape"/> if there is one and an input wants a gradient.
/// </remarks>
internal sealed partial class Tensor
{
    private readonly int[] _shape;
    private readonly float[] _buffer;
    private readonly Tensor? _owner;        // the tensor whose buffer a view shares
    private readonly BufferPool? _pool;     // where the buffer came from, and goes back to, whoever's thread returns it
    private Tensor? _grad;
    private ReducedRows? _reduced;

    private Tensor(int[] shape, float[] buffer, Tensor? owner)
        => (_shape, _buffer, _owner, Length) = (shape, buffer, owner, Count(shape));

    /// <summary>Undefined contents in memory of this thread's pool.</summary>
    private Tensor(int[] shape)
    {
        (_shape, Length, _pool) = (shape, Count(shape), Compute.Current.Buffers);
        _buffer = _pool.Take(Length);
    }

    /// <summary>Wraps an array, which the tensor owns from then on.</summary>
    /// <exception cref="ArgumentException">The array's length is not the product of the shape.</exception>
    public Tensor(float[] data, params ReadOnlySpan<int> shape) : this(shape.ToArray(), data, null)
    {
        if (data.Length != Length) Throw.LengthMismatch(nameof(Tensor), data.Length, Length);
    }

    public ReadOnlySpan<int> Shape => _shape;

    public int Rank => _shape.Length;

    /// <summary>The number of elements.</summary>
    public int Length { get; }

    /// <summary>All elements, row-major.</summary>
    public Span<float> Data => _buffer.AsSpan(0, Length);

    /// <summary>The size of one axis; <c>t[^1]</c> is the last.</summary>
    public int this[Index axis] => _shape[axis];

    /// <summary>The number of rows if everything but the last axis is one axis.</summary>
    public int Rows => Rank == 0 || Length == 0 ? 0 : Length / _shape[^1];

    /// <summary>The one value of a tensor that has a single element.</summary>
    public float Scalar => Length == 1 ? _buffer[0] : throw new InvalidOperationException(
        $"Scalar needs one element, the shape is {Format(_shape)}.");

    /// <summary>Whether the tape follows this tensor. Parameters set it; results inherit it.</summary>
    public bool RequiresGrad { get; set; }

    /// <summary>The gradient, of this shape, once a backward pass has reached this tensor; otherwise null.</summary>
    public Tensor? Grad => _grad;

    /// <summary>
    /// A tensor with undefined contents. Inside a <see cref="TensorScope"/> its memory is pooled and lives as long as
    /// the scope; outside of one it belongs to the garbage collector.
    /// </summary>
    public static Tensor Empty(params ReadOnlySpan<int> shape)
    {
        int[] copy = shape.ToArray();
        int length = Count(copy);
        if (TensorScope.Current is not { } scope)
            return new(copy, GC.AllocateUninitializedArray<float>(length), null);

        Tensor t = new(copy);
        scope.Own(t);
        return t;
    }

    /// <summary>A tensor of zeros, with the lifetime of <see cref="Empty"/>.</summary>
    public static Tensor Zeros(params ReadOnlySpan<int> shape)
    {
        Tensor t = Empty(shape);
        t.Data.Clear();
        return t;
    }

    /// <summary>Zeros in pooled memory that no scope owns: for whoever calls <see cref="ReturnBuffer"/>.</summary>
    internal static Tensor Rented(ReadOnlySpan<int> shape)
    {
        Tensor t = new(shape.ToArray());
        t.Data.Clear();
        return t;
    }

    /// <summary>A copy that no scope owns.</summary>
    public Tensor Detach() => new(Data.ToArray(), _shape);

    /// <summary>The same elements under another shape of the same length. Shares memory.</summary>
    public Tensor Reshape(params ReadOnlySpan<int> shape)
    {
        if (Count(shape) != Length) Throw.ShapeMismatch(nameof(Reshape), shape, _shape);
        Tensor view = new(shape.ToArray(), _buffer, _owner ?? this);
        if (Tape.Records(this))
        {
            Tape.Current.Add(view, () => AddGrad(view._grad!.Data));
        }
        return view;
    }

    public override string ToString() => $"Tensor {Format(_shape)}";

    internal static string Format(ReadOnlySpan<int> shape) => $"[{string.Join(", ", shape.ToArray())}]";

    internal static int Count(ReadOnlySpan<int> shape)
    {
        int n = 1;
        foreach (int size in shape)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(size);
            n = checked(n * size);
        }
        return n;
    }

    /// <summary>The tensor that owns the memory: this one, or what this is a view of.</summary>
    internal Tensor Owner => _owner ?? this;

    /// <summary>The gradient to add to; zeros at first.</summary>
    internal Tensor AddableGrad()
    {
        Tensor target = GradTarget(out bool accumulate);
        if (!accumulate) target.Data.Clear();
        return target;
    }

    /// <summary>
    /// Where an operation puts this tensor's gradient: if <paramref name="accumulate"/>, it adds to what is there, else
    /// it overwrites undefined contents.
    /// </summary>
    internal Tensor GradTarget(out bool accumulate)
    {
        accumulate = _grad is not null;
        return _grad ??= new(_shape);
    }

    internal void SetGrad(Tensor? grad) => _grad = grad;

    /// <summary>Frees the gradient of an intermediate result, once it has been passed on.</summary>
    internal void ReleaseGrad()
    {
        _grad?.ReturnBuffer();
        _grad = null;
    }

    /// <summary>Whether the memory went back to the pool.</summary>
    internal bool IsReturned { get; private set; }

    internal void ReturnBuffer()
    {
        IsReturned = true;
        _pool?.Put(_buffer);        // without a pool, the garbage collector has it
    }

    /// <summary>
    /// The rows in reduced precision, made once for all products that read this tensor. It must not be written to
    /// afterwards.
    /// </summary>
    /// <remarks>
    /// What belongs to no scope, such as a picture's activations, may be read by several threads, each with a scope of
    /// its own: there they are made for each product, and nothing of them is kept.
    /// </remarks>
    internal ReducedRows Reduced(Precision precision)
    {
        if (Owner._pool is null) return ReducedRows.Of(Data, this[^1], Rows, this[^1], precision);
        if (_reduced is null || _reduced.Precision != precision || _reduced.Elements.IsReturned)
            _reduced = ReducedRows.Of(Data, this[^1], Rows, this[^1], precision);
        return _reduced;
    }
}
