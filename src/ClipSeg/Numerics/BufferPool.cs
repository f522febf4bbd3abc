using System.Numerics;

namespace ClipSeg.Numerics;

/// <summary>
/// Memory for intermediate results, by size: a step of a network asks for the same sizes as the step before.
/// </summary>
/// <remarks>
/// The BCL's shared pool keeps a few arrays per size and drops the rest; a training step holds hundreds of one size,
/// and would allocate gigabytes anew each time.
/// </remarks>
internal sealed class BufferPool
{
    private const int Smallest = 64;

    private static readonly long _limit = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4 / sizeof(float);

    private readonly Lock _lock = new();
    private readonly Dictionary<int, Stack<float[]>> _spare = [];
    private readonly Stack<PackedMatrix>[] _matrices =
        [.. Enum.GetValues<Precision>().Select(_ => new Stack<PackedMatrix>())];
    private long _kept;

    /// <summary>An array of at least this length, with undefined contents, from this thread's pool.</summary>
    public static float[] Rent(int length) => Compute.Current.Buffers.Take(length);

    /// <summary>Gives back an array that <see cref="Rent"/> gave out. Nobody may use it afterwards.</summary>
    public static void Return(float[] array) => Compute.Current.Buffers.Put(array);

    /// <summary>A spare matrix, for a product whose right-hand side is not a weight; null if there is none.</summary>
    public PackedMatrix? TakeMatrix(Precision precision)
    {
        lock (_lock) return _matrices[(int)precision].TryPop(out PackedMatrix? matrix) ? matrix : null;
    }

    public void PutMatrix(PackedMatrix matrix)
    {
        lock (_lock) _matrices[(int)matrix.Precision].Push(matrix);
    }

    /// <summary>Leaves all that is kept to the garbage collector.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _spare.Clear();
            foreach (Stack<PackedMatrix> matrices in _matrices) matrices.Clear();
            _kept = 0;
        }
    }

    /// <summary>An array of at least this length, with undefined contents.</summary>
    public float[] Take(int length)
    {
        int size = SizeFor(length);
        lock (_lock)
        {
            if (_spare.TryGetValue(size, out Stack<float[]>? arrays) && arrays.TryPop(out float[]? array))
            {
                _kept -= size;
                return array;
            }
        }
        return GC.AllocateUninitializedArray<float>(size);
    }

    /// <summary>Takes back what <see cref="Take"/> gave out.</summary>
    public void Put(float[] array)
    {
        lock (_lock)
        {
            if (_kept + array.Length > _limit) return;         // the garbage collector has it
            if (!_spare.TryGetValue(array.Length, out Stack<float[]>? arrays)) _spare[array.Length] = arrays = [];
            arrays.Push(array);
            _kept += array.Length;
        }
    }

    /// <summary>The next of eight sizes per power of two: at most an eighth is wasted, and sizes recur.</summary>
    private static int SizeFor(int length)
    {
        if (length <= Smallest) return Smallest;
        int step = 1 << (BitOperations.Log2((uint)(length - 1)) - 3);
        return checked((length + step - 1) / step * step);
    }
}
