using System.Numerics;
using System.Runtime.InteropServices;

namespace ClipSeg.Numerics;

public static partial class Kernels
{
    /// <summary>y[columns, rows] = x[rows, columns]ᵀ; strides are elements from one row to the next.</summary>
    public static unsafe void Transpose(
        ReadOnlySpan<float> x, int rows, int columns, int strideX, Span<float> y, int strideY)
    {
        const int Block = 16;               // 16 x 16 floats: one cache line a row on both sides
        if (rows == 0 || columns == 0) return;
        int needX = (rows - 1) * strideX + columns, needY = (columns - 1) * strideY + rows;
        if (x.Length < needX) Throw.LengthMismatch(nameof(Transpose), x.Length, needX);
        if (y.Length < needY) Throw.LengthMismatch(nameof(Transpose), y.Length, needY);
        fixed (float* pinnedX = x, pinnedY = y)
        {
            float* px = pinnedX, py = pinnedY;
            Workers.Split((rows + Block - 1) / Block, Math.Max(1, 32768 / (Block * columns)), (start, end) =>
            {
                for (int r0 = start * Block; r0 < Math.Min(end * Block, rows); r0 += Block)
                {
                    int r1 = Math.Min(r0 + Block, rows);
                    for (int c0 = 0; c0 < columns; c0 += Block)
                    {
                        int c1 = Math.Min(c0 + Block, columns);
                        for (int c = c0; c < c1; c++)
                        {
                            for (int r = r0; r < r1; r++) py[(nint)c * strideY + r] = px[(nint)r * strideX + c];
                        }
                    }
                }
            });
        }
    }

    /// <summary>sums[j] += Σᵢ x[i, j] for x of rows of <c>sums.Length</c>.</summary>
    public static void AddColumnSums(ReadOnlySpan<float> x, Span<float> sums)
    {
        int n = sums.Length;
        if (n == 0 || x.Length % n != 0) Throw.LengthMismatch(nameof(AddColumnSums), x.Length, n);
        for (int i = 0; i < x.Length; i += n) Add(x.Slice(i, n), sums);
    }
}
