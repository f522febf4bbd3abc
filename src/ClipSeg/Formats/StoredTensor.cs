using ClipSeg.Numerics;

namespace ClipSeg.Formats;

/// <summary>The element type of a tensor in a file.</summary>
internal enum StoredType
{
    Float64,
    Float32,
    Float16,
    BFloat16,
    Int64,
    Int32,
    Int16,
    Int8,
    UInt8,
    Bool,
}

/// <summary>A tensor in a file: what its header says, and how to read its elements as float32.</summary>
internal sealed class StoredTensor
{
    private readonly int[] _shape;
    private readonly ElementReader _read;

    public StoredTensor(string name, StoredType type, ReadOnlySpan<int> shape, ElementReader read)
        => (Name, Type, _shape, _read, Length) = (name, type, shape.ToArray(), read, Tensor.Count(shape));

    /// <summary>Reads <c>destination.Length</c> consecutive elements (row-major), converted to float32.</summary>
    public delegate void ElementReader(long first, Span<float> destination);

    public string Name { get; }

    public StoredType Type { get; }

    public ReadOnlySpan<int> Shape => _shape;

    public int Length { get; }

    /// <summary>A tensor in memory, for writing. It is read when the file is written.</summary>
    public static StoredTensor Of(string name, Tensor tensor)
        => new(name, StoredType.Float32, tensor.Shape,
            (first, destination) => tensor.Data.Slice((int)first, destination.Length).CopyTo(destination));

    /// <summary>A network's weight, for writing.</summary>
    public static StoredTensor Of(Parameter parameter)
        => new(parameter.Name, StoredType.Float32, parameter.Shape, parameter.Read);

    /// <summary>This tensor for a network: to read NaN or infinity from it is an error.</summary>
    /// <param name="path">What the error calls the file.</param>
    internal StoredTensor Finite(string path) => new(Name, Type, _shape, (first, destination) =>
    {
        _read(first, destination);
        if (!Elements.AreFinite(destination))
            throw new CheckpointException($"'{path}': tensor {BinaryFile.Quote(Name)} holds NaN or infinity, expected "
                + "numbers. The training that wrote it has diverged: take an earlier checkpoint of it.");
    });

    internal StoredTensor Renamed(string name) => new(name, Type, _shape, _read);

    /// <summary>Some rows (indices of the first axis) as a tensor that reads from this one.</summary>
    internal StoredTensor Rows(string name, int start, int count)
    {
        int width = Length / _shape[0];
        return new(name, Type, [count, .. _shape[1..]],
            (first, destination) => _read((long)start * width + first, destination));
    }

    /// <summary>[N, M] → [M, N]. Each read reads all of this tensor.</summary>
    internal StoredTensor Transposed(string name)
    {
        (int rows, int columns) = (_shape[0], _shape[1]);
        return new(name, Type, [columns, rows], (first, destination) =>
        {
            Span<float> x = ToTensor().Data;
            for (int i = 0; i < destination.Length; i++)
            {
                (long column, long row) = Math.DivRem(first + i, rows);
                destination[i] = x[(int)(row * columns + column)];
            }
        });
    }

    /// <summary>Reads elements <paramref name="first"/> onwards into <paramref name="destination"/>.</summary>
    public void Read(long first, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first + destination.Length, Length);
        _read(first, destination);
    }

    /// <summary>All of it, in memory of its own.</summary>
    public Tensor ToTensor()
    {
        float[] data = GC.AllocateUninitializedArray<float>(Length);
        _read(0, data);
        return new(data, _shape);
    }
}
