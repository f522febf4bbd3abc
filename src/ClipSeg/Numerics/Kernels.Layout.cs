using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace ClipSeg.Numerics;

internal static partial class Kernels
{
    /// <summary>y[columns, rows] = x[rows, columns]ᵀ; strides are elements from one row to the next.</summary>
    public static unsafe void Transpose(
        ReadOnlySpan<float> x, int rows, int columns, int strideX, Span<float> y, int strideY)
    {
        if (rows == 0 || columns == 0) return;
        int needX = (rows - 1) * strideX + columns, needY = (columns - 1) * strideY + rows;
        if (x.Length < needX) Throw.LengthMismatch(nameof(Transpose), x.Length, needX);
        if (y.Length < needY) Throw.LengthMismatch(nameof(Transpose), y.Length, needY);
        fixed (float* pinnedX = x, pinnedY = y)
        {
            float* px = pinnedX, py = pinnedY;
            int strips = (rows + TransposedRows - 1) / TransposedRows;
            Workers.Split(strips, Math.Max(1, 32768 / (TransposedRows * columns)), (start, end) =>
            {
                for (int r = start * TransposedRows; r < Math.Min(end * TransposedRows, rows); r += TransposedRows)
                {
                    TransposeStrip(
                        px + (nint)r * strideX, Math.Min(TransposedRows, rows - r), columns, strideX, py + r, strideY);
                }
            });
        }
    }

    /// <summary>Rows that are transposed together: they fill a cache line of the result.</summary>
    internal const int TransposedRows = 16;

    /// <summary>y[columns, rows] = x[rows, columns]ᵀ for up to <see cref="TransposedRows"/> rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static unsafe void TransposeStrip(
        float* x, int rows, int columns, int strideX, float* y, int strideY)
    {
        int wholeRows = rows - rows % 4, wholeColumns = columns - columns % 4;
        for (int c = 0; c < wholeColumns; c += 4)
        {
            for (int r = 0; r < wholeRows; r += 4)
                TransposeFour(x + (nint)r * strideX + c, strideX, y + (nint)c * strideY + r, strideY);
        }
        for (int c = 0; c < columns; c++)
        {
            for (int r = c < wholeColumns ? wholeRows : 0; r < rows; r++)
                y[(nint)c * strideY + r] = x[(nint)r * strideX + c];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void TransposeFour(float* x, nint strideX, float* y, nint strideY)
    {
        Vector128<float> a = Vector128.Load(x), b = Vector128.Load(x + strideX),
            c = Vector128.Load(x + 2 * strideX), d = Vector128.Load(x + 3 * strideX);
        Vector128<double> ab = ZipLow(a, b).AsDouble(), cd = ZipLow(c, d).AsDouble();
        ZipLow(ab, cd).AsSingle().Store(y);
        ZipHigh(ab, cd).AsSingle().Store(y + strideY);
        (ab, cd) = (ZipHigh(a, b).AsDouble(), ZipHigh(c, d).AsDouble());
        ZipLow(ab, cd).AsSingle().Store(y + 2 * strideY);
        ZipHigh(ab, cd).AsSingle().Store(y + 3 * strideY);
    }

    /// <summary>a₀ b₀ a₁ b₁.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> ZipLow(Vector128<float> a, Vector128<float> b)
        => Sse.IsSupported ? Sse.UnpackLow(a, b)
            : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(a, b)
            : Vector128.Create(a[0], b[0], a[1], b[1]);

    /// <summary>a₂ b₂ a₃ b₃.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> ZipHigh(Vector128<float> a, Vector128<float> b)
        => Sse.IsSupported ? Sse.UnpackHigh(a, b)
            : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(a, b)
            : Vector128.Create(a[2], b[2], a[3], b[3]);

    /// <summary>a₀ b₀.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> ZipLow(Vector128<double> a, Vector128<double> b)
        => Sse2.IsSupported ? Sse2.UnpackLow(a, b)
            : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(a, b)
            : Vector128.Create(a[0], b[0]);

    /// <summary>a₁ b₁.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> ZipHigh(Vector128<double> a, Vector128<double> b)
        => Sse2.IsSupported ? Sse2.UnpackHigh(a, b)
            : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(a, b)
            : Vector128.Create(a[1], b[1]);

    /// <summary>sums[j] += Σᵢ x[i, j] for x of rows of <c>sums.Length</c>.</summary>
    public static void AddColumnSums(ReadOnlySpan<float> x, Span<float> sums)
    {
        int n = sums.Length;
        if (n == 0 || x.Length % n != 0) Throw.LengthMismatch(nameof(AddColumnSums), x.Length, n);
        for (int i = 0; i < x.Length; i += n) Add(x.Slice(i, n), sums);
    }
}
