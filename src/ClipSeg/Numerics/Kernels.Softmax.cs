using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ClipSeg.Numerics;

internal static partial class Kernels
{
    /// <summary>y[i] = exp(x[i] - m) / Σⱼ exp(x[j] - m), m the maximum of x. <c>y</c> may be <c>x</c>.</summary>
    public static void Softmax(ReadOnlySpan<float> x, Span<float> y)
    {
        if (x.Length != y.Length) Throw.LengthMismatch(nameof(Softmax), x.Length, y.Length);
        if (x.IsEmpty) return;
        TensorPrimitives.Subtract(x, TensorPrimitives.Max(x), y);       // exp never overflows
        TensorPrimitives.Exp(y, y);
        Scale(y, 1 / TensorPrimitives.Sum(y));
    }

    /// <summary>
    /// For each column of x, x[r] = exp(s x[r] - m), m the largest s x of the column; and their sum: a softmax but for
    /// the division.
    /// </summary>
    /// <param name="x">[rows, columns]; columns fill whole vectors.</param>
    /// <param name="sums">[columns].</param>
    /// <param name="scale">s, above 0.</param>
    /// <param name="pairs">[⌈rows / 2⌉, columns], for the exponentials of two rows at a time in bfloat16, the first in
    /// the low half; x stays as it is then. Empty: they replace x.</param>
    /// <remarks>The maximum makes exp never overflow; a masked score is -inf and becomes exactly 0.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ColumnExponentials(Span<float> x, Span<float> sums, float scale, Span<uint> pairs = default)
    {
        int width = Vectors(x, sums), rows = x.Length / sums.Length;
        if (!pairs.IsEmpty && pairs.Length != (rows + 1) / 2 * sums.Length)
            Throw.LengthMismatch(nameof(ColumnExponentials), pairs.Length, (rows + 1) / 2 * sums.Length);
        Span<Vector512<float>> xv = MemoryMarshal.Cast<float, Vector512<float>>(x),
            sv = MemoryMarshal.Cast<float, Vector512<float>>(sums);
        Span<Vector512<uint>> pv = MemoryMarshal.Cast<uint, Vector512<uint>>(pairs);
        Vector512<float> s = Vector512.Create(scale);
        Span<Vector512<float>> shifts = stackalloc Vector512<float>[StripVectors];
        for (int first = 0; first < width; first += StripVectors)
        {
            int count = Math.Min(StripVectors, width - first);
            shifts.Fill(Vector512.Create(float.NegativeInfinity));
            for (int r = 0; r < rows; r += BlockRows)
            {
                int end = Math.Min(rows, r + BlockRows) * width;
                for (int v = 0; v < count; v++)
                {
                    Vector512<float> max = shifts[v];
                    for (int i = r * width + first + v; i < end; i += width) max = Vector512.MaxNative(max, xv[i]);
                    shifts[v] = max;
                }
            }
            sv.Slice(first, count).Clear();
            for (int r = 0; r < rows; r += BlockRows)
            {
                int end = Math.Min(rows, r + BlockRows) * width;
                for (int v = 0; v < count; v++)
                {
                    Vector512<float> shift = -shifts[v] * s, partial = Vector512<float>.Zero;
                    int i = r * width + first + v;
                    for (; pv.IsEmpty && i < end; i += width)
                    {
                        Vector512<float> e = Exp(Vector512.MultiplyAddEstimate(xv[i], s, shift));
                        xv[i] = e;
                        partial += e;
                    }
                    for (int pair = r / 2 * width + first + v; i < end; i += 2 * width, pair += width)
                    {
                        Vector512<float> even = Exp(Vector512.MultiplyAddEstimate(xv[i], s, shift));
                        Vector512<float> odd = i + width >= end ? Vector512<float>.Zero
                            : Exp(Vector512.MultiplyAddEstimate(xv[i + width], s, shift));
                        pv[pair] = HighHalf(even) >>> 16 | HighHalf(odd);
                        partial += even;
                        partial += odd;
                    }
                    sv[first + v] += partial;
                }
            }
        }
    }

    /// <summary>The nearest bfloat16, ties to even, in the high half of each element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> HighHalf(Vector512<float> x)
    {
        Vector512<uint> bits = x.AsUInt32();
        return bits + Vector512.Create(0x7FFFu) + (bits >>> 16 & Vector512<uint>.One) & Vector512.Create(0xFFFF0000);
    }

    /// <summary>x[r, c] = x[r, c] / sums[c]; what is in sums is lost.</summary>
    public static void DivideColumns(Span<float> x, Span<float> sums)
    {
        TensorPrimitives.Divide(1, sums, sums);
        for (int at = 0; at < x.Length; at += sums.Length)
        {
            Span<float> row = x.Slice(at, sums.Length);
            TensorPrimitives.Multiply(row, sums, row);
        }
    }

    /// <summary>
    /// The gradient of a softmax of each column: dy[r] = y[r] (dy[r] - Σⱼ dy[j] y[j]), in place.
    /// </summary>
    /// <param name="y">[rows, columns]; columns fill whole vectors.</param>
    /// <param name="sums">[columns], for the sums.</param>
    public static void ColumnSoftmaxBackward(ReadOnlySpan<float> y, Span<float> dy, Span<float> sums)
    {
        int width = Vectors(dy, sums);
        if (y.Length != dy.Length) Throw.LengthMismatch(nameof(ColumnSoftmaxBackward), y.Length, dy.Length);
        ReadOnlySpan<Vector512<float>> yv = MemoryMarshal.Cast<float, Vector512<float>>(y);
        Span<Vector512<float>> dyv = MemoryMarshal.Cast<float, Vector512<float>>(dy),
            sv = MemoryMarshal.Cast<float, Vector512<float>>(sums);
        sv.Clear();
        for (int block = 0; block < yv.Length; block += BlockRows * width)
        {
            int end = Math.Min(yv.Length, block + BlockRows * width);
            for (int v = 0; v < width; v++)
            {
                Vector512<float> partial = Vector512<float>.Zero;
                for (int i = block + v; i < end; i += width) partial += yv[i] * dyv[i];
                sv[v] += partial;
            }
        }
        for (int i = 0; i < yv.Length; i += width)
        {
            for (int v = 0; v < width; v++) dyv[i + v] = yv[i + v] * (dyv[i + v] - sv[v]);
        }
    }

    /// <summary>Columns that are worked on together, so that what belongs to them stays near.</summary>
    private const int StripVectors = 4;

    /// <summary>Rows that are summed on their own first: sums of thousands lose less.</summary>
    private const int BlockRows = 16;

    private static int Vectors(ReadOnlySpan<float> x, ReadOnlySpan<float> sums)
    {
        if (sums.IsEmpty || sums.Length % Vector512<float>.Count != 0 || x.Length % sums.Length != 0)
            throw new ArgumentException($"{x.Length} elements in {sums.Length} columns, expected whole vectors.");
        return sums.Length / Vector512<float>.Count;
    }

    /// <summary>The definition, and the tests' oracle.</summary>
    internal static void SoftmaxScalar(ReadOnlySpan<float> x, Span<float> y)
    {
        float max = float.NegativeInfinity;
        foreach (float v in x) max = MathF.Max(max, v);

        float sum = 0;
        for (int i = 0; i < x.Length; i++) sum += y[i] = MathF.Exp(x[i] - max);
        for (int i = 0; i < y.Length; i++) y[i] /= sum;
    }

    /// <summary>dx[i] = y[i] (dy[i] - Σⱼ dy[j] y[j]). <c>dx</c> may be <c>dy</c>.</summary>
    public static void SoftmaxBackward(ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx)
    {
        if (y.Length != dx.Length) Throw.LengthMismatch(nameof(SoftmaxBackward), dx.Length, y.Length);
        float dot = Dot(y, dy);
        ReadOnlySpan<Vector512<float>> yv = MemoryMarshal.Cast<float, Vector512<float>>(y);
        ReadOnlySpan<Vector512<float>> dyv = MemoryMarshal.Cast<float, Vector512<float>>(dy);
        Span<Vector512<float>> dxv = MemoryMarshal.Cast<float, Vector512<float>>(dx);
        for (int i = 0; i < yv.Length; i++) dxv[i] = yv[i] * (dyv[i] - Vector512.Create(dot));
        for (int i = yv.Length * Vector512<float>.Count; i < y.Length; i++) dx[i] = y[i] * (dy[i] - dot);
    }
}
