using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

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
    /// <remarks>The maximum makes exp never overflow; a masked score is -inf and becomes exactly 0.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ColumnExponentials(Span<float> x, Span<float> sums, float scale)
    {
        int width = Vectors(x, sums), rows = x.Length / sums.Length;
        Span<Vector<float>> xv = MemoryMarshal.Cast<float, Vector<float>>(x),
            sv = MemoryMarshal.Cast<float, Vector<float>>(sums);
        Span<Vector<float>> shifts = stackalloc Vector<float>[StripVectors],
            partial = stackalloc Vector<float>[StripVectors];
        for (int first = 0; first < width; first += StripVectors)
        {
            Span<Vector<float>> strip = sv.Slice(first, Math.Min(StripVectors, width - first));
            shifts.Fill(new(float.NegativeInfinity));
            for (int r = 0; r < rows; r++)
            {
                ReadOnlySpan<Vector<float>> row = xv.Slice(r * width + first, strip.Length);
                for (int v = 0; v < row.Length; v++) shifts[v] = Vector.MaxNative(shifts[v], row[v]);
            }
            for (int v = 0; v < strip.Length; v++) shifts[v] *= scale;
            strip.Clear();
            for (int r = 0; r < rows; r += BlockRows)
            {
                partial.Clear();
                for (int end = Math.Min(rows, r + BlockRows), i = r; i < end; i++)
                {
                    Span<Vector<float>> row = xv.Slice(i * width + first, strip.Length);
                    for (int v = 0; v < row.Length; v++) partial[v] += row[v] = Exp(row[v] * scale - shifts[v]);
                }
                for (int v = 0; v < strip.Length; v++) strip[v] += partial[v];
            }
        }
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
        ReadOnlySpan<Vector<float>> yv = MemoryMarshal.Cast<float, Vector<float>>(y);
        Span<Vector<float>> dyv = MemoryMarshal.Cast<float, Vector<float>>(dy),
            sv = MemoryMarshal.Cast<float, Vector<float>>(sums);
        sv.Clear();
        for (int block = 0; block < yv.Length; block += BlockRows * width)
        {
            int end = Math.Min(yv.Length, block + BlockRows * width);
            for (int v = 0; v < width; v++)
            {
                Vector<float> partial = Vector<float>.Zero;
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
    private const int StripVectors = 8;

    /// <summary>Rows that are summed on their own first: sums of thousands lose less.</summary>
    private const int BlockRows = 16;

    private static int Vectors(ReadOnlySpan<float> x, ReadOnlySpan<float> sums)
    {
        if (sums.IsEmpty || sums.Length % Vector<float>.Count != 0 || x.Length % sums.Length != 0)
            throw new ArgumentException($"{x.Length} elements in {sums.Length} columns, expected whole vectors.");
        return sums.Length / Vector<float>.Count;
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
        ReadOnlySpan<Vector<float>> yv = MemoryMarshal.Cast<float, Vector<float>>(y);
        ReadOnlySpan<Vector<float>> dyv = MemoryMarshal.Cast<float, Vector<float>>(dy);
        Span<Vector<float>> dxv = MemoryMarshal.Cast<float, Vector<float>>(dx);
        for (int i = 0; i < yv.Length; i++) dxv[i] = yv[i] * (dyv[i] - new Vector<float>(dot));
        for (int i = yv.Length * Vector<float>.Count; i < y.Length; i++) dx[i] = y[i] * (dy[i] - dot);
    }
}
