using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ClipSeg.Imaging;

/// <summary>A map at another size, bilinear, row by row: no more than two of its rows are kept.</summary>
/// <param name="map">[height, width], as the taps have it.</param>
/// <param name="rows">Where the rows read.</param>
/// <param name="columns">Where the columns read.</param>
internal ref struct LinearRows(ReadOnlySpan<float> map, LinearTaps rows, LinearTaps columns)
{
    private readonly ReadOnlySpan<float> _map = map;
    private readonly LinearTaps _rows = rows, _columns = columns;

    // The two source rows around the last output row, at the new width; the next row often needs the same.
    private float[] _upper = new float[columns.NewSize], _lower = new float[columns.NewSize];
    private int _upperRow = -1, _lowerRow = -1;

    /// <summary>Works a row out; cheap if rows are asked for in their order.</summary>
    /// <param name="y">Of the new size.</param>
    /// <param name="result">[new width].</param>
    public void Read(int y, Span<float> result)
    {
        int row = _rows.Index[y], below = Math.Min(row + 1, _rows.Size - 1);
        if (_upperRow != row && _lowerRow == row)
            (_upper, _lower, _upperRow, _lowerRow) = (_lower, _upper, _lowerRow, _upperRow);
        if (_upperRow != row) Widen(row, _upper);
        if (_lowerRow != below) Widen(below, _lower);
        (_upperRow, _lowerRow) = (row, below);
        Blend(_upper, _lower, _rows.Weight[y], result);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Widen(int row, Span<float> result)
    {
        ReadOnlySpan<float> values = _map.Slice(row * _columns.Size, _columns.Size);
        int last = values.Length - 1;
        for (int x = 0; x < result.Length; x++)
        {
            int left = _columns.Index[x];
            float value = values[left];
            result[x] = value + _columns.Weight[x] * (values[Math.Min(left + 1, last)] - value);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Blend(ReadOnlySpan<float> upper, ReadOnlySpan<float> lower, float weight, Span<float> result)
    {
        ReadOnlySpan<Vector<float>> upperVectors = MemoryMarshal.Cast<float, Vector<float>>(upper);
        ReadOnlySpan<Vector<float>> lowerVectors = MemoryMarshal.Cast<float, Vector<float>>(lower);
        Span<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(result);
        for (int i = 0; i < vectors.Length; i++)
            vectors[i] = upperVectors[i] + weight * (lowerVectors[i] - upperVectors[i]);
        for (int i = vectors.Length * Vector<float>.Count; i < result.Length; i++)
            result[i] = upper[i] + weight * (lower[i] - upper[i]);
    }
}

/// <summary>For each position along a new side: the source position before it, and the weight of the one after.
/// </summary>
internal sealed class LinearTaps
{
    /// <param name="size">How many source positions there are.</param>
    /// <param name="newSize">How many positions read them.</param>
    /// <param name="place">Where a position reads, in source positions; kept between the first and the last.</param>
    public LinearTaps(int size, int newSize, Func<int, float> place)
    {
        (Size, Index, Weight) = (size, new int[newSize], new float[newSize]);
        for (int i = 0; i < newSize; i++)
        {
            float at = Math.Max(place(i), 0);
            Index[i] = Math.Min((int)at, size - 1);
            Weight[i] = Index[i] == size - 1 ? 0 : at - Index[i];
        }
    }

    public int Size { get; }

    public int NewSize => Index.Length;

    public int[] Index { get; }

    public float[] Weight { get; }

    /// <summary>As PyTorch's <c>interpolate</c> has them, without aligned corners: the whole areas coincide.</summary>
    public static LinearTaps Resize(int size, int newSize)
    {
        float step = (float)size / newSize;
        return new(size, newSize, i => (i + 0.5f) * step - 0.5f);
    }

    /// <summary>The same with aligned corners: the centres of the first and of the last positions coincide.</summary>
    public static LinearTaps Align(int size, int newSize)
    {
        float step = newSize > 1 ? (size - 1f) / (newSize - 1) : 0;
        return new(size, newSize, i => i * step);
    }
}
