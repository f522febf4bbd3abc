using System.Runtime.InteropServices;

namespace ClipSeg.Numerics;

/// <summary>The left-hand matrix of a product, [M, K], in reduced precision.</summary>
/// <param name="Elements">
/// [M, depth]: the bits of two bfloat16 or four shifted int8 of a row in each element.
/// </param>
/// <param name="Scales">[M]: what a row of int8 is a multiple of; null for bfloat16.</param>
internal sealed record ReducedRows(Precision Precision, Tensor Elements, Tensor? Scales)
{
    /// <summary>Converts rows that are <paramref name="stride"/> elements apart.</summary>
    public static ReducedRows Of(ReadOnlySpan<float> x, int stride, int rows, int columns, Precision precision)
    {
        int perElement = precision == Precision.BFloat16 ? 2 : 4, depth = (columns + perElement - 1) / perElement;
        Tensor elements = Tensor.Empty(rows, depth);
        Tensor? scales = precision == Precision.Int8 ? Tensor.Empty(rows) : null;
        unsafe
        {
            fixed (float* pinned = x)
            {
                float* from = pinned;
                Workers.Split(rows, Math.Max(1, 32768 / Math.Max(1, columns)), (start, end) =>
                {
                    for (int i = start; i < end; i++)
                        Convert(new(from + (nint)i * stride, columns), elements, scales, i);
                });
            }
        }
        return new(precision, elements, scales);
    }

    private static void Convert(ReadOnlySpan<float> row, Tensor elements, Tensor? scales, int i)
    {
        int depth = elements[1];
        Span<uint> target = MemoryMarshal.Cast<float, uint>(
            elements.Data.Slice(i * depth, depth));
        if (scales is null) Kernels.ToBFloat16(row, target);
        else scales.Data[i] = Kernels.Quantize(row, target, Kernels.Int8Shift);
    }
}
