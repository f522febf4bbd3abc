namespace ClipSeg.Formats;

/// <summary>A tensor of a PyTorch file: a strided view of a storage, which other tensors may share.</summary>
internal sealed class StridedTensor
{
    // A view that is spread over more of its storage than this many times its length is read element by element.
    private const int MaxSpread = 4;

    private readonly BinaryFile _file;
    private readonly PickleTensor _tensor;
    private readonly bool _bigEndian;
    private readonly long _start;       // byte of the first element
    private readonly int _length;
    private readonly long _span;        // elements from the first to the last

    private StridedTensor(BinaryFile file, PickleTensor tensor, long start, int length, long span, bool bigEndian)
        => (_file, _tensor, _start, _length, _span, _bigEndian) = (file, tensor, start, length, span, bigEndian);

    /// <summary>Checks the tensor against its storage, which takes the given bytes of the file.</summary>
    public static StoredTensor Create(
        BinaryFile file, string name, PickleTensor tensor, long storageStart, long storageBytes, bool bigEndian)
    {
        PickleStorage storage = tensor.Storage;
        int size = Elements.Size(tensor.Type);
        long available = storage.Type is null ? storage.Count / size : storage.Count;
        long held = storageBytes / size;
        if (available > held || storage.ViewOffset > held - available)
            throw Error(file, name, $"has a storage of {storage.ViewOffset + (Int128)available} elements, not {held}");
        if (tensor.Shape.Length != tensor.Strides.Length)
            throw Error(file, name, $"has {tensor.Shape.Length} sizes and {tensor.Strides.Length} strides");

        Int128 length = 1, last = tensor.Offset;
        for (int i = 0; i < tensor.Shape.Length; i++)
        {
            if (tensor.Shape[i] > int.MaxValue || (length *= tensor.Shape[i]) > int.MaxValue)
                throw Error(file, name, $"has more than {int.MaxValue} elements");
            last += (Int128)(tensor.Shape[i] - 1) * tensor.Strides[i];
        }
        if (length > 0 && (tensor.Offset < 0 || last >= available))
            throw Error(file, name, $"reaches element {last} of its storage, which has {available}");
        if (length > available)
            throw Error(file, name, $"has {length} elements, its storage {available}; expanded tensors are not read");

        long start = length == 0 ? storageStart : storageStart + (storage.ViewOffset + tensor.Offset) * size;
        long span = length == 0 ? 0 : (long)last - tensor.Offset + 1;
        StridedTensor reader = new(file, tensor, start, (int)length, span, bigEndian);
        StoredTensor.ElementReader read = reader.IsContiguous ? reader.ReadContiguous : reader.Gather;
        return new(name, tensor.Type, Array.ConvertAll(tensor.Shape, n => (int)n), read);
    }

    private bool IsContiguous
    {
        get
        {
            long expected = 1;
            for (int i = _tensor.Shape.Length - 1; i >= 0; i--)
            {
                if (_tensor.Shape[i] != 1 && _tensor.Strides[i] != expected) return false;
                expected *= _tensor.Shape[i];
            }
            return true;
        }
    }

    private void ReadContiguous(long first, Span<float> destination) => ReadStorage(first, destination);

    private void Gather(long first, Span<float> destination)
    {
        float[]? storage = null;
        if (_span <= Math.Min((long)MaxSpread * _length, Array.MaxLength))
        {
            storage = new float[_span];
            ReadStorage(0, storage);
        }

        long[] index = Unravel(first);
        for (int i = 0; i < destination.Length; i++)
        {
            long at = 0;
            for (int axis = 0; axis < index.Length; axis++) at += index[axis] * _tensor.Strides[axis];
            if (storage is null) ReadStorage(at, destination.Slice(i, 1));
            else destination[i] = storage[at];
            for (int axis = index.Length - 1; axis >= 0 && ++index[axis] == _tensor.Shape[axis]; axis--)
                index[axis] = 0;
        }
    }

    private long[] Unravel(long position)
    {
        long[] index = new long[_tensor.Shape.Length];
        for (int axis = index.Length - 1; axis >= 0 && position > 0; axis--)
            (position, index[axis]) = Math.DivRem(position, _tensor.Shape[axis]);
        return index;
    }

    private void ReadStorage(long first, Span<float> destination)
        => _file.ReadElements(_tensor.Type, _start + first * Elements.Size(_tensor.Type), destination, _bigEndian);

    private static CheckpointException Error(BinaryFile file, string name, string message)
        => new($"File '{file.Path}': tensor {BinaryFile.Quote(name)} {message}.");
}
