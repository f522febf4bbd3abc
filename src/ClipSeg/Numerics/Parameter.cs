
namespace ClipSeg.Numerics;

/// <summary>
/// A weight of a network: frozen ones keep only what inference needs, trainable ones have a gradient.
/// </summary>
internal sealed class Parameter
{
    /// <summary>How much of a weight each thread has in memory twice while it is packed.</summary>
    private const int PackedAtOnce = 1 << 18;

    private readonly int[] _shape;
    private readonly Reader _read;
    private readonly Lock _loading = new();
    private Tensor? _value;
    private PackedMatrix? _packed;          // of the transpose, for y = x Wᵀ
    private PackedMatrix? _packedRows;      // as it is, for dx = dy W
    private volatile bool _packedIsOld, _packedRowsIsOld;

    /// <param name="name">The checkpoint key.</param>
    /// <param name="shape">The first axis counts outputs, the others inputs.</param>
    /// <param name="read">Reads elements; called again if a frozen parameter is wanted in another form.</param>
    /// <param name="trainable">Whether it gets a gradient.</param>
    public Parameter(string name, ReadOnlySpan<int> shape, Reader read, bool trainable = false)
    {
        (Name, _shape, _read, Trainable) = (name, shape.ToArray(), read, trainable);
        if (!trainable) return;
        Value.RequiresGrad = true;
        Value.SetGrad(new Tensor(new float[Value.Length], shape));
    }

    /// <summary>
    /// Reads <c>destination.Length</c> consecutive elements (row-major) from <paramref name="first"/> on. Several
    /// threads may do so at once.
    /// </summary>
    public delegate void Reader(long first, Span<float> destination);

    /// <summary>The checkpoint key.</summary>
    public string Name { get; }

    public ReadOnlySpan<int> Shape => _shape;

    public bool Trainable { get; }

    /// <summary>What it does in its network.</summary>
    public Role Role { get; init; }

    /// <summary>The part of the model that it belongs to.</summary>
    public Part Part { get; init; }

    /// <summary>
    /// What products with it multiply, or, of a <see cref="Role.BlockGain"/>, those that read its rows; to be set
    /// before the first one. Whatever else is no matrix stays as it is.
    /// </summary>
    public Precision Precision { get; set; }

    /// <summary>What products multiply that lead backwards: integers have no gradient worth having.</summary>
    internal Precision GradientPrecision => Precision == Precision.Float32 ? Precision : Precision.BFloat16;

    /// <summary>The weight itself. Reading a frozen one keeps it in memory from then on.</summary>
    public Tensor Value
    {
        get
        {
            if (_value is { } value) return value;
            lock (_loading) return _value ??= ReadAll();
        }
    }

    /// <summary>
    /// [N, K...] as the right-hand side of x Wᵀ. Of a frozen parameter only this copy stays in memory.
    /// </summary>
    internal PackedMatrix Packed
    {
        get
        {
            if (_packed is { } packed && !_packedIsOld) return packed;
            lock (_loading)
            {
                if (_packed is null) _packed = Pack();
                else if (_packedIsOld) _packed.Pack(Value.Data, _packed.K, transposed: true);
                _packedIsOld = false;
                return _packed;
            }
        }
    }

    /// <summary>[N, K...] as the right-hand side of y W.</summary>
    internal PackedMatrix PackedRows
    {
        get
        {
            if (_packedRows is { } packed && !_packedRowsIsOld) return packed;
            lock (_loading)
            {
                int n = _shape[0], k = Value.Length / n;
                if (_packedRows is null) _packedRows = PackedMatrix.Of(
                    Value.Data, n, k, transposed: false, GradientPrecision);
                else if (_packedRowsIsOld) _packedRows.Pack(Value.Data, k, transposed: false);
                _packedRowsIsOld = false;
                return _packedRows;
            }
        }
    }

    /// <summary>Reads some elements without keeping the rest: rows of an embedding.</summary>
    internal void Read(long first, Span<float> destination)
    {
        if (_value is not { } value) _read(first, destination);
        else value.Data.Slice((int)first, destination.Length).CopyTo(destination);
    }

    /// <summary>
    /// Says that <see cref="Value"/> has been written to; packed copies are written anew where they are.
    /// </summary>
    public void Changed() => _packedIsOld = _packedRowsIsOld = true;

    /// <summary>
    /// Lets go of what is in memory of a frozen one, which is read again when it is next wanted. Who has begun a
    /// product keeps what it needs.
    /// </summary>
    public void Release()
    {
        if (Trainable) return;
        lock (_loading) (_value, _packed, _packedRows) = (null, null, null);
    }

    private Tensor ReadAll()
    {
        float[] data = GC.AllocateUninitializedArray<float>(Tensor.Count(_shape));
        _read(0, data);
        return new(data, _shape);
    }

    private PackedMatrix Pack()
    {
        int n = _shape[0], k = Tensor.Count(_shape.AsSpan(1));
        if (_value is not null) return PackedMatrix.Of(_value.Data, k, n, transposed: true, Precision);

        PackedMatrix packed = new(k, n, precision: Precision);
        int rows = Math.Max(1, PackedAtOnce / (k * packed.PanelWidth)) * packed.PanelWidth;
        Workers.Each((n + rows - 1) / rows, i =>
        {
            float[] buffer = BufferPool.Rent(Math.Min(rows, n) * k);
            Span<float> part = buffer.AsSpan(0, Math.Min(rows, n - i * rows) * k);
            _read((long)i * rows * k, part);
            packed.PackColumns(i * rows, part);
            BufferPool.Return(buffer);
        });
        return packed;
    }

    public override string ToString() => $"{Name} {Tensor.Format(_shape)}";
}
