using System.Runtime.CompilerServices;

namespace ClipSeg.Numerics;

/// <summary>
/// The right-hand matrix of a product, [K, N], laid out for the GEMM kernel: panels of <see cref="PanelWidth"/>
/// columns, each [K, PanelWidth], the last one padded with zeros.
/// </summary>
public sealed unsafe class PackedMatrix
{
    private const int Alignment = 64;       // a cache line and a 512-bit register

    [ThreadStatic]
    private static Stack<PackedMatrix>? _spare;

    private float[] _buffer = [];           // pinned: the address is taken once

    /// <summary>An unwritten matrix; fill it with <see cref="Pack"/> before use.</summary>
    public PackedMatrix(int rows, int columns, int? panelWidth = null)
    {
        PanelWidth = panelWidth ?? GemmKernel.Best.Columns;
        Resize(rows, columns);
    }

    /// <summary>Rows: the length of the sums.</summary>
    public int K { get; private set; }

    /// <summary>Columns.</summary>
    public int N { get; private set; }

    public int PanelWidth { get; }

    public int Panels { get; private set; }

    internal float* Data { get; private set; }

    internal float* Panel(int p) => Data + (nint)p * PanelWidth * K;

    /// <summary>
    /// Packs [K, N] row-major, or, if <paramref name="transposed"/>, a weight [N, K] that stands for its transpose.
    /// </summary>
    public static PackedMatrix Of(ReadOnlySpan<float> source, int rows, int columns, bool transposed)
    {
        PackedMatrix packed = new(rows, columns);
        packed.Pack(source, transposed ? rows : columns, transposed);
        return packed;
    }

    /// <summary>A matrix from this thread's spares, for a product whose right-hand side is not a weight.</summary>
    internal static PackedMatrix Rent(int rows, int columns)
    {
        _spare ??= [];
        if (!_spare.TryPop(out PackedMatrix? packed)) return new(rows, columns);
        packed.Resize(rows, columns);
        return packed;
    }

    /// <summary>Puts a rented matrix back; nobody may hold on to it.</summary>
    internal void Return() => _spare!.Push(this);

    /// <summary>
    /// Fills all of it from <paramref name="source"/>, whose rows are <paramref name="stride"/> elements apart.
    /// </summary>
    public void Pack(ReadOnlySpan<float> source, int stride, bool transposed)
    {
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
        int needed = checked(Panels * PanelWidth * rows + Alignment / sizeof(float));
        if (needed <= _buffer.Length) return;
        _buffer = GC.AllocateUninitializedArray<float>(needed, pinned: true);
        nint start = (nint)Unsafe.AsPointer(ref _buffer[0]);
        Data = (float*)((start + Alignment - 1) & -Alignment);
    }

    private void PackRows(int p, float* source, int stride)
    {
        int width = Math.Min(PanelWidth, N - p * PanelWidth);
        float* panel = Panel(p);
        for (int k = 0; k < K; k++)
        {
            Span<float> row = new(panel + (nint)k * PanelWidth, PanelWidth);
            new ReadOnlySpan<float>(source + (nint)k * stride, width).CopyTo(row);
            row[width..].Clear();
        }
    }

    private void PackTransposed(int p, float* source, int stride)
    {
        int width = Math.Min(PanelWidth, N - p * PanelWidth);
        float* panel = Panel(p);
        for (int n = 0; n < width; n += Kernels.TransposedRows)
        {
            int rows = Math.Min(Kernels.TransposedRows, width - n);
            Kernels.TransposeStrip(source + (nint)n * stride, rows, K, stride, panel + n, PanelWidth);
        }
        if (width == PanelWidth) return;
        for (int k = 0; k < K; k++) new Span<float>(panel + (nint)k * PanelWidth + width, PanelWidth - width).Clear();
    }
}
