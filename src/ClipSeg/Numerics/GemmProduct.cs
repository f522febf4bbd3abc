using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ClipSeg.Numerics;

/// <summary>One matrix product; any rectangle of C can be computed on its own, on any thread.</summary>
/// <param name="c">[M, N], rows <paramref name="ldc"/> elements apart.</param>
/// <param name="bias">[N], or null.</param>
/// <param name="addend">Laid out like C, or null.</param>
internal sealed unsafe class GemmProduct(
    GemmProduct.Left a, int m, PackedMatrix b, float* c, int ldc, float* bias, float* addend, Activation activation)
{
    /// <summary>
    /// The depth of one pass: a panel of B and six rows of A then stay in the caches next to the core.
    /// </summary>
    private const int BlockDepth = 768;

    /// <summary>
    /// The M of one pass: a panel is read from afar once for as many rows of A, which are read from the next cache; all
    /// 485 tokens of a picture of 352 x 352.
    /// </summary>
    private const int BlockM = 81 * GemmKernel.Rows;

    /// <summary>
    /// The rows that generated code computes before something else is done with them, while they are in the cache.
    /// </summary>
    private const int RowsAtOnce = 8 * GemmKernel.Rows;

    /// <summary>The left-hand matrix, as 32-bit elements.</summary>
    /// <param name="stride">Elements from one row to the next; where columns are rows, from one column to the
    /// next.</param>
    public readonly struct Left(float* data, int stride)
    {
        public float* Data { get; } = data;

        public int Stride { get; } = stride;

        /// <summary>[M], of int8.</summary>
        public float* Scales { get; init; }

        /// <summary>Whether the matrix is stored transposed, [depth, M]; for generated code only.</summary>
        public bool ByColumns { get; init; }
    }

    // Integers stay in registers to the end, so int8 has no passes: its depth is a quarter.
    private readonly int _blockDepth = b.Precision == Precision.Int8 ? Math.Max(1, b.Depth) : BlockDepth;

    private readonly bool _addsFirst = addend != null && activation == Activation.None;

    /// <summary>Computes rows and panels of C, ends exclusive.</summary>
    public void Run(int row0, int row1, int panel0, int panel1) => Run(row0, row1, panel0, panel1, 0, b.Depth);

    /// <summary>The same for a part of the depth, which the parts before have led up to.</summary>
    public void Run(int row0, int row1, int panel0, int panel1, int step0, int step1)
    {
        if (GeneratedKernel.For(b.PanelWidth, b.Precision) is { } kernel)
        {
            RunGenerated(kernel, row0, row1, panel0, panel1, step0, step1);
            return;
        }
        float[]? padded = m < GemmKernel.Rows ? RepeatLastRow() : null;
        fixed (float* pinned = padded)
        {
            if (padded is null) RunPortable(a.Data, a.Stride, row0, row1, panel0, panel1, step0, step1);
            else RunPortable(pinned, b.Depth, row0, row1, panel0, panel1, step0, step1);
        }
        if (padded is not null) BufferPool.Return(padded);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void RunGenerated(
        GeneratedKernel kernel, int row0, int row1, int panel0, int panel1, int step0, int step1)
    {
        for (int block = row0; block < row1; block += BlockM)
        {
            int blockEnd = Math.Min(block + BlockM, row1);
            for (int p = panel0; p < panel1; p++)
            {
                for (int k0 = step0; k0 == step0 || k0 < step1; k0 += _blockDepth)
                {
                    int depth = Math.Min(_blockDepth, step1 - k0);
                    for (int i = block; i < blockEnd; i += RowsAtOnce)
                        RunGenerated(kernel, i, Math.Min(RowsAtOnce, blockEnd - i), p, k0, depth);
                }
            }
        }
    }

    /// <summary>Some rows of C in one panel, from one pass.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void RunGenerated(GeneratedKernel kernel, int i, int rows, int p, int k0, int depth)
    {
        int width = kernel.Columns, column = p * width, columns = Math.Min(width, b.N - column);
        int vectors = (columns + kernel.Lanes - 1) / kernel.Lanes;
        nint target = (nint)i * ldc + column;
        (int perRow, int perStep) = a.ByColumns ? (1, a.Stride) : (a.Stride, 1);
        GeneratedKernel.Arguments arguments = new()
        {
            A = a.Data + (nint)i * perRow + (nint)k0 * perStep,
            StrideA = (nint)a.Stride * sizeof(float),
            Panel = b.Panel(p) + (nint)k0 * width,
            Depth = depth,
            C = c + target,
            StrideC = (nint)ldc * sizeof(float),
            LastColumns = columns - (vectors - 1) * kernel.Lanes,
        };
        bool last = k0 + depth >= b.Depth, rectifies = last && activation == Activation.Relu;
        arguments.Rectifies = rectifies ? 1 : 0;
        if (Adds(k0 + depth) || rectifies && addend != null) arguments.Addend = addend + target;
        fixed (float* scales = b.Scales)
        fixed (int* corrections = b.Corrections)
        {
            if (b.Precision == Precision.Int8)
            {
                arguments.Start = corrections + column;
                arguments.RowScales = a.Scales + i;
                arguments.ColumnScales = scales + column;
                arguments.Bias = bias == null ? null : bias + column;
            }
            else if (k0 > 0)
            {
                arguments.Start = c + target;
                arguments.StrideStart = arguments.StrideC;
            }
            else if (bias != null) arguments.Start = bias + column;
            Run(kernel, rows, vectors, &arguments);
        }
        if (last && !rectifies) Activate(i, rows, column, columns);
    }

    /// <summary>
    /// Whether the addend comes after the sums up to this step: those of the first whole pass, before the next one
    /// would overwrite it, should it be C.
    /// </summary>
    private bool Adds(int step) => _addsFirst && step == Math.Min(_blockDepth, b.Depth);

    /// <summary>Whole blocks, and the rest.</summary>
    private void Run(GeneratedKernel kernel, int rows, int vectors, GeneratedKernel.Arguments* arguments)
    {
        (arguments->Blocks, int rest) = Math.DivRem(rows, GemmKernel.Rows);
        if (rows != rest) kernel.Run(b.Precision, GemmKernel.Rows, vectors, a.ByColumns, arguments);
        arguments->Blocks = 1;
        if (rest > 0) kernel.Run(b.Precision, rest, vectors, a.ByColumns, arguments);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void RunPortable(float* a, int lda, int row0, int row1, int panel0, int panel1, int step0, int step1)
    {
        GemmKernel kernel = GemmKernel.For(b.PanelWidth);
        float* tile = stackalloc float[GemmKernel.Rows * GemmKernel.MaxColumns + 16];
        tile = (float*)(((nint)tile + 63) & -64);
        int width = b.PanelWidth;

        for (int k0 = step0; k0 == step0 || k0 < step1; k0 += _blockDepth)
        {
            int depth = Math.Min(_blockDepth, step1 - k0);
            for (int block = row0; block < row1; block += BlockM)
            {
                int blockEnd = Math.Min(block + BlockM, row1);
                for (int p = panel0; p < panel1; p++)
                {
                    float* panel = b.Panel(p) + (nint)k0 * width;
                    int column = p * width, columns = Math.Min(width, b.N - column);
                    for (int i = block; i < blockEnd; i += GemmKernel.Rows)
                    {
                        // The last block of rows starts early and stores only what is new.
                        int start = Math.Max(0, Math.Min(i, m - GemmKernel.Rows));
                        kernel.Multiply(b.Precision, a + (nint)start * lda + k0, lda, panel, depth, tile);
                        int rows = Math.Min(GemmKernel.Rows, m - i);
                        float* from = tile + (i - start) * width;
                        if (b.Precision == Precision.Int8)
                            Dequantize((int*)from, width, i, rows, column, columns);
                        else Finish(from, width, i, rows, column, columns, k0, k0 + depth);
                    }
                }
            }
        }
    }

    /// <summary>A as six rows, for the few-row products of single prompts.</summary>
    private float[] RepeatLastRow()
    {
        float[] rows = BufferPool.Rent(GemmKernel.Rows * b.Depth + 1);
        for (int r = 0; r < GemmKernel.Rows; r++)
        {
            new ReadOnlySpan<float>(a.Data + (nint)Math.Min(r, m - 1) * a.Stride, b.Depth)
                .CopyTo(rows.AsSpan(r * b.Depth));
        }
        return rows;
    }

    /// <summary>From a tile of float sums to C.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Finish(float* sums, int stride, int row, int rows, int column, int columns, int step0, int step1)
    {
        bool first = step0 == 0, last = step1 >= b.Depth, adds = Adds(step1);
        int whole = columns - columns % Vector512<float>.Count;
        for (int r = 0; r < rows; r++)
        {
            float* t = sums + (nint)r * stride;
            nint at = (nint)(row + r) * ldc + column;
            for (int j = 0; j < whole; j += Vector512<float>.Count)
            {
                Vector512<float> v = Vector512.Load(t + j);
                if (!first) v += Vector512.Load(c + at + j);
                if (adds) v += Vector512.Load(addend + at + j);
                if (last && bias != null) v += Vector512.Load(bias + column + j);
                v.Store(c + at + j);
            }
            for (int j = whole; j < columns; j++)
            {
                float v = first ? t[j] : t[j] + c[at + j];
                if (adds) v += addend[at + j];
                if (last && bias != null) v += bias[column + j];
                c[at + j] = v;
            }
        }
        if (last) Activate(row, rows, column, columns);
    }

    /// <summary>Applies the activation to a block of C that is complete but for it, and the addend after it.</summary>
    private void Activate(int row, int rows, int column, int columns)
    {
        switch (activation)
        {
            case Activation.QuickGelu: Activate<QuickGeluFunction>(row, rows, column, columns); break;
            case Activation.Gelu: Activate<GeluFunction>(row, rows, column, columns); break;
            case Activation.Relu: Activate<ReluFunction>(row, rows, column, columns); break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Activate<F>(int row, int rows, int column, int columns) where F : struct, IFunction
    {
        for (int r = 0; r < rows; r++)
        {
            nint at = (nint)(row + r) * ldc + column;
            Span<float> values = new(c + at, columns);
            Kernels.Apply<F>(values, values);
            if (addend != null) Kernels.Add(new(addend + at, columns), values);
        }
    }

    /// <summary>From sums of int8 products to C.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Dequantize(int* sums, int stride, int row, int rows, int column, int columns)
    {
        int whole = columns - columns % Vector512<float>.Count;
        fixed (float* scales = b.Scales)
        fixed (int* corrections = b.Corrections)
        {
            for (int r = 0; r < rows; r++)
            {
                int* t = sums + r * stride;
                float scale = a.Scales[row + r];
                nint at = (nint)(row + r) * ldc + column;
                for (int j = 0; j < whole; j += Vector512<float>.Count)
                {
                    Vector512<int> sum = Vector512.Load(t + j) + Vector512.Load(corrections + column + j);
                    Vector512<float> v = Vector512.ConvertToSingle(sum) * (Vector512.Load(scales + column + j) * scale);
                    if (bias != null) v += Vector512.Load(bias + column + j);
                    if (_addsFirst) v += Vector512.Load(addend + at + j);
                    v.Store(c + at + j);
                }
                for (int j = whole; j < columns; j++)
                {
                    int sum = t[j] + corrections[column + j];
                    float v = sum * (scales[column + j] * scale);
                    if (bias != null) v += bias[column + j];
                    if (_addsFirst) v += addend[at + j];
                    c[at + j] = v;
                }
            }
        }
        Activate(row, rows, column, columns);
    }
}
