using System.Runtime.InteropServices;

namespace ClipSeg.Numerics;

/// <summary>The left-hand matrix of a product, [M, K], in reduced precision.</summary>
/// <param name="Elements">
/// [M, depth]: the bits of two bfloat16 or four shifted int8 of a row in each element.
/// </param>
/// <param name="Scales">[M]: what a row of int8 is a multiple of; null for bfloat16.</param>
internal sealed record ReducedRows(Precision Precision, Tensor Elements, Tensor? Scales)
{
    /// <summary>Rows to be filled by <see cref="Set"/>.</summary>
    public static ReducedRows Empty(int rows, int columns, Precision precision)
        => new(precision, Tensor.Empty(rows, PackedMatrix.DepthOf(columns, precision)),
            precision == Precision.Int8 ? Tensor.Empty(rows) : null);

    /// <summary>Converts rows that are <paramref name="stride"/> elements apart.</summary>
    public static unsafe ReducedRows Of(ReadOnlySpan<float> x, int stride, int rows, int columns, Precision precision)
    {
        ReducedRows reduced = Empty(rows, columns, precision);
        fixed (float* pinned = x)
        {
            float* from = pinned;
            Workers.Split(rows, Math.Max(1, 32768 / Math.Max(1, columns)), (start, end) =>
            {
                for (int i = start; i < end; i++) reduced.Set(i, new(from + (nint)i * stride, columns));
            });
        }
        return reduced;
    }

    /// <summary>Converts one row.</summary>
    public void Set(int i, ReadOnlySpan<float> row)
    {
        int depth = Elements[1];
        Span<uint> target = MemoryMarshal.Cast<float, uint>(Elements.Data.Slice(i * depth, depth));
        if (Scales is null) Kernels.ToBFloat16(row, target);
        else Scales.Data[i] = Kernels.Quantize(row, target, Kernels.Int8Shift);
    }
}
