namespace ClipSeg.Numerics;

/// <summary>
/// A matrix [K, M] that a product takes the transpose of, as its left-hand side: generated code reads it by columns as
/// it lies, elsewhere it is transposed first.
/// </summary>
internal readonly ref struct TransposedRows
{
    /// <summary>32-bit elements, [depth, M] where columns are read, else [M, depth].</summary>
    public ReadOnlySpan<float> Elements { get; private init; }

    /// <summary>Elements from one row to the next.</summary>
    public int Stride { get; private init; }

    public bool ByColumns { get; private init; }

    /// <param name="x">[K, M], rows <paramref name="stride"/> elements apart. It is not always copied.</param>
    /// <param name="precision">Float32 or BFloat16.</param>
    /// <remarks>What is copied belongs to the open <see cref="TensorScope"/>.</remarks>
    public static TransposedRows Of(ReadOnlySpan<float> x, int stride, int k, int m, Precision precision)
    {
        if (!GeneratedKernel.Supports(precision))
        {
            Tensor rows = Tensor.Empty(m, k);
            Kernels.Transpose(x, k, m, stride, rows.Data, k);
            if (precision != Precision.Float32) rows = ReducedRows.Of(rows.Data, k, m, k, precision).Elements;
            return new() { Elements = rows.Data, Stride = rows[1] };
        }
        return precision == Precision.Float32
            ? new() { Elements = x, Stride = stride, ByColumns = true }
            : new() { Elements = PairRows(x, stride, k, m).Data, Stride = m, ByColumns = true };
    }

    /// <summary>[K, M] → [⌈K / 2⌉, M]: elements of two rows in bfloat16.</summary>
    private static unsafe Tensor PairRows(ReadOnlySpan<float> x, int stride, int k, int m)
    {
        Tensor pairs = Tensor.Empty((k + 1) / 2, m);
        fixed (float* pinned = x)
        {
            float* from = pinned;
            Workers.Split(pairs[0], Math.Max(1, 32768 / Math.Max(1, m)), (start, end) =>
            {
                for (int i = start; i < end; i++)
                {
                    float* row = from + (nint)2 * i * stride;
                    ReadOnlySpan<float> second = 2 * i + 1 < k ? new(row + stride, m) : default;
                    fixed (float* to = pairs.Data.Slice(i * m, m))
                        Kernels.ToBFloat16(new(row, m), second, new Span<uint>(to, m));
                }
            });
        }
        return pairs;
    }
}
