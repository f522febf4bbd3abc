using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ClipSeg.Numerics;

/// <summary>
/// The right-hand matrix of a product, [K, N], laid out for the GEMM kernel: panels of <see cref="PanelWidth"/>
/// columns, each [<see cref="Depth"/>, PanelWidth] 32-bit elements, the last one padded with zeros. An element is one
/// float32, or two bfloat16 or four int8 of a column.
/// </summary>
internal sealed unsafe class PackedMatrix
{
    private const int Alignment = 64;       // a cache line and a 512-bit register

    private float[] _buffer = [];           // pinned: the address is taken once

    /// <summary>An unwritten matrix; fill it with <see cref="Pack"/> before use.</summary>
    public PackedMatrix(int rows, int columns, int? panelWidth = null, Precision precision = Precision.Float32)
    {
        Precision = precision;
        PanelWidth = panelWidth ?? GemmKernel.PanelWidth(precision);
        Resize(rows, columns);
    }

    /// <summary>Rows: the length of the sums.</summary>
    public int K { get; private set; }

    /// <summary>Columns.</summary>
    public int N { get; private set; }

    /// <summary>32-bit elements in a column, <see cref="DepthOf"/> K.</summary>
    public int Depth { get; private set; }

    public Precision Precision { get; }

    public int PanelWidth { get; }

    public int Panels { get; private set; }

    internal float* Data { get; private set; }

    /// <summary>Of int8: what each column's integers are multiples of, [N].</summary>
    internal float[] Scales { get; private set; } = [];

    /// <summary>Of int8: what takes the shift of the inputs out of a column's sum, [N].</summary>
    internal int[] Corrections { get; private set; } = [];

    /// <summary>The first panel, [depth, PanelWidth].</summary>
    internal Span<float> FirstPanel => new(Data, PanelWidth * Depth);

    internal float* Panel(int p) => Data + (nint)p * PanelWidth * Depth;

    /// <summary>The 32-bit elements that so many numbers fill: all of them, or half or a quarter, rounded up.</summary>
    internal static int DepthOf(int numbers, Precision precision)
    {
        int perElement = precision switch { Precision.Float32 => 1, Precision.BFloat16 => 2, _ => 4 };
        return (numbers + perElement - 1) / perElement;
    }

    /// <summary>
    /// Packs [K, N] row-major, or, if <paramref name="transposed"/>, a weight [N, K] that stands for its transpose.
    /// </summary>
    public static PackedMatrix Of(
        ReadOnlySpan<float> source, int rows, int columns, bool transposed, Precision precision = Precision.Float32)
    {
        PackedMatrix packed = new(rows, columns, precision: precision);
        packed.Pack(source, transposed ? rows : columns, transposed);
        return packed;
    }

    /// <summary>A matrix from the spares, for a product whose right-hand side is not a weight.</summary>
    internal static PackedMatrix Rent(int rows, int columns, Precision precision = Precision.Float32)
    {
        if (Compute.Current.Buffers.TakeMatrix(precision) is not { } packed)
            return new(rows, columns, precision: precision);
        packed.Resize(rows, columns);
        return packed;
    }

    /// <summary>Puts a rented matrix back; nobody may hold on to it.</summary>
    internal void Return() => Compute.Current.Buffers.PutMatrix(this);

    /// <summary>
    /// Fills all of it from <paramref name="source"/>, whose rows are <paramref name="stride"/> elements apart.
    /// </summary>
    /// <exception cref="NotSupportedException">Int8, whose scales belong to columns, of a source that is not
    /// transposed.</exception>
    public void Pack(ReadOnlySpan<float> source, int stride, bool transposed)
    {
        if (!transposed && Precision == Precision.Int8)
            throw new NotSupportedException("Int8 matrices are packed from weights [N, K].");
        int needed = K == 0 || N == 0 ? 0 : transposed ? (N - 1) * stride + K : (K - 1) * stride + N;
        if (source.Length < needed) Throw.LengthMismatch(nameof(Pack), source.Length, needed);
        fixed (float* pinned = source)
        {
            float* s = pinned;
            Workers.Split(Panels, Math.Max(1, 65536 / Math.Max(1, K * PanelWidth)), (start, end) =>
            {
                for (int p = start; p < end; p++)
                {
                    if (transposed) PackTransposed(p, s + (nint)p * PanelWidth * stride, stride);
                    else PackRows(p, s + (nint)p * PanelWidth, stride);
                }
            });
        }
    }

    /// <summary>
    /// Fills columns <paramref name="first"/> onwards from whole rows of a weight [N, K]: for weights that are read in
    /// pieces. <paramref name="first"/> must start a panel.
    /// </summary>
    public void PackColumns(int first, ReadOnlySpan<float> rows)
    {
        if (first % PanelWidth != 0) throw new ArgumentException($"Column {first} does not start a panel.");
        int count = rows.Length / K;
        if (count * K != rows.Length || first + count > N || (count % PanelWidth != 0 && first + count != N))
            throw new ArgumentException($"{rows.Length} elements at column {first} do not fill panels of [{K}, {N}].");
        fixed (float* s = rows)
        {
            for (int i = 0; i < count; i += PanelWidth)
                PackTransposed((first + i) / PanelWidth, s + (nint)i * K, K);
        }
    }

    private void Resize(int rows, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        (K, N, Panels) = (rows, columns, (columns + PanelWidth - 1) / PanelWidth);
        Depth = DepthOf(rows, Precision);
        if (Precision == Precision.Int8 && Scales.Length < columns)
            (Scales, Corrections) = (new float[columns], new int[columns]);
        int needed = checked(Panels * PanelWidth * Depth + Alignment / sizeof(float));
        if (needed <= _buffer.Length) return;
        _buffer = GC.AllocateUninitializedArray<float>(needed, pinned: true);
        nint start = (nint)Unsafe.AsPointer(ref _buffer[0]);
        Data = (float*)((start + Alignment - 1) & -Alignment);
    }

    private void PackRows(int p, float* source, int stride)
    {
        int width = Math.Min(PanelWidth, N - p * PanelWidth);
        float* panel = Panel(p);
        int perElement = Precision == Precision.Float32 ? 1 : 2;
        for (int k = 0; k < K; k += perElement, panel += PanelWidth)
        {
            Span<float> row = new(panel, PanelWidth);
            ReadOnlySpan<float> first = new(source + (nint)k * stride, width);
            if (Precision == Precision.Float32)
            {
                first.CopyTo(row);
            }
            else
            {
                ReadOnlySpan<float> second = k + 1 < K ? new(source + (nint)(k + 1) * stride, width) : default;
                Kernels.ToBFloat16(first, second, new Span<uint>(panel, width));
            }
            row[width..].Clear();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void PackTransposed(int p, float* source, int stride)
    {
        int width = Math.Min(PanelWidth, N - p * PanelWidth);
        float* panel = Panel(p);
        float[]? reduced = Precision == Precision.Float32 ? null : BufferPool.Rent(Kernels.TransposedRows * Depth);
        fixed (float* pinned = reduced)
        {
            for (int n = 0; n < width; n += Kernels.TransposedRows)
            {
                int rows = Math.Min(Kernels.TransposedRows, width - n);
                float* from = source + (nint)n * stride;
                for (int r = 0; reduced is not null && r < rows; r++)
                {
                    ReadOnlySpan<float> row = new(from + (nint)r * stride, K);
                    Reduce(row, new Span<uint>(pinned + r * Depth, Depth), p * PanelWidth + n + r);
                }
                if (reduced is null) Kernels.TransposeStrip(from, rows, K, stride, panel + n, PanelWidth);
                else Kernels.TransposeStrip(pinned, rows, Depth, Depth, panel + n, PanelWidth);
            }
        }
        if (reduced is not null) BufferPool.Return(reduced);
        if (width == PanelWidth) return;
        for (int k = 0; k < Depth; k++)
            new Span<float>(panel + (nint)k * PanelWidth + width, PanelWidth - width).Clear();
    }

    /// <summary>One column of the matrix in reduced precision.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Reduce(ReadOnlySpan<float> values, Span<uint> elements, int column)
    {
        if (Precision == Precision.BFloat16)
        {
            Kernels.ToBFloat16(values, elements);
            return;
        }
        Scales[column] = Kernels.Quantize(values, elements, shift: 0);
        int sum = 0;
        foreach (sbyte value in MemoryMarshal.Cast<uint, sbyte>(elements)) sum += value;
        Corrections[column] = -Kernels.Int8Shift * sum;
    }
}
