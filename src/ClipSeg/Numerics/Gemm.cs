using System.Numerics;

namespace ClipSeg.Numerics;

/// <summary>The function applied to a linear layer's output.</summary>
public enum Activation
{
    None,

    /// <summary>x * sigmoid(1.702 x), CLIP's.</summary>
    QuickGelu,

    /// <summary>max(x, 0), the decoder's.</summary>
    Relu,
}

/// <summary>
/// Matrix products: C[M, N] = activation(A[M, K] * B[K, N] + bias[N]) + addend[M, N]. B is packed, A and C are
/// row-major.
/// </summary>
public static unsafe class Gemm
{
    /// <summary>The K of one pass: a panel of B and six rows of A then stay in the caches next to the core.</summary>
    private const int BlockK = 768;

    /// <summary>
    /// The M of one pass: as many rows of A, times <see cref="BlockK"/>, as fit half of a 1 MB cache.
    /// </summary>
    private const int BlockM = 28 * GemmKernel.Rows;

    /// <summary>Below this many multiplications a thread is not worth waking.</summary>
    private const long MultipliesPerThread = 200_000;

    /// <summary>What happens to the product on its way to C.</summary>
    public readonly ref struct Epilogue
    {
        /// <summary>[N], or empty.</summary>
        public ReadOnlySpan<float> Bias { get; init; }

        public Activation Activation { get; init; }

        /// <summary>Laid out like C and added last (a residual), or empty. May be C itself.</summary>
        public ReadOnlySpan<float> Addend { get; init; }
    }

    /// <summary>The product on all threads.</summary>
    /// <param name="lda">Elements from one row of A to the next.</param>
    /// <param name="ldc">Elements from one row of C (and of the addend) to the next.</param>
    public static void Multiply(
        ReadOnlySpan<float> a, int lda, int m, PackedMatrix b, Span<float> c, int ldc, Epilogue epilogue = default)
    {
        Check(a, lda, m, b, c, ldc, epilogue);
        if (m == 0 || b.N == 0) return;
        fixed (float* pa = a, pc = c, pBias = epilogue.Bias, pAddend = epilogue.Addend)
        {
            Product product = new(pa, lda, m, b, pc, ldc, pBias, pAddend, epilogue.Activation);
            long multiplies = (long)m * b.N * b.K;
            int threads = (int)Math.Clamp(multiplies / MultipliesPerThread, 1, Workers.Count);
            int strips = (m + GemmKernel.Rows - 1) / GemmKernel.Rows;

            // Panels if they split evenly (each thread then reads only its part of B), else rows.
            if (threads == 1) product.Run(0, m, 0, b.Panels);
            else if (b.Panels % threads == 0 || b.Panels >= 8 * threads || strips < threads)
                Workers.Split(b.Panels, (b.Panels + threads - 1) / threads, (p0, p1) => product.Run(0, m, p0, p1));
            else
                Workers.Split(strips, (strips + threads - 1) / threads, (s0, s1) => product.Run(
                    s0 * GemmKernel.Rows, Math.Min(s1 * GemmKernel.Rows, m), 0, b.Panels));
        }
    }

    /// <summary>The product on this thread alone: for callers that have split their work already.</summary>
    internal static void MultiplyHere(
        ReadOnlySpan<float> a, int lda, int m, PackedMatrix b, Span<float> c, int ldc, Epilogue epilogue = default)
    {
        Check(a, lda, m, b, c, ldc, epilogue);
        if (m == 0 || b.N == 0) return;
        fixed (float* pa = a, pc = c, pBias = epilogue.Bias, pAddend = epilogue.Addend)
            new Product(pa, lda, m, b, pc, ldc, pBias, pAddend, epilogue.Activation).Run(0, m, 0, b.Panels);
    }

    private static void Check(
        ReadOnlySpan<float> a, int lda, int m, PackedMatrix b, Span<float> c, int ldc, in Epilogue epilogue)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(m);
        ArgumentOutOfRangeException.ThrowIfLessThan(lda, b.K);
        ArgumentOutOfRangeException.ThrowIfLessThan(ldc, b.N);
        if (m == 0) return;
        long needA = (long)(m - 1) * lda + b.K, needC = (long)(m - 1) * ldc + b.N;
        if (a.Length < needA) Throw.LengthMismatch("Gemm A", a.Length, (int)needA);
        if (c.Length < needC) Throw.LengthMismatch("Gemm C", c.Length, (int)needC);
        if (!epilogue.Bias.IsEmpty && epilogue.Bias.Length != b.N)
            Throw.LengthMismatch("Gemm bias", epilogue.Bias.Length, b.N);
        if (!epilogue.Addend.IsEmpty && epilogue.Addend.Length < needC)
            Throw.LengthMismatch("Gemm addend", epilogue.Addend.Length, (int)needC);
    }

    /// <summary>One product; any rectangle of C can be computed on its own.</summary>
    private sealed class Product(
        float* a, int lda, int m, PackedMatrix b, float* c, int ldc, float* bias, float* addend, Activation activation)
    {
        public void Run(int row0, int row1, int panel0, int panel1)
        {
            float[]? padded = null;
            if (m < GemmKernel.Rows) padded = RepeatLastRow();
            fixed (float* pinned = padded)
            {
                if (padded is null) Run(a, lda, row0, row1, panel0, panel1);
                else Run(pinned, b.K, row0, row1, panel0, panel1);
            }
            if (padded is not null) BufferPool.Return(padded);
        }

        private void Run(float* a, int lda, int row0, int row1, int panel0, int panel1)
        {
            GemmKernel kernel = GemmKernel.For(b.PanelWidth);
            float* tile = stackalloc float[GemmKernel.Rows * GemmKernel.MaxColumns + 16];
            tile = (float*)(((nint)tile + 63) & -64);
            int width = b.PanelWidth;

            for (int k0 = 0; k0 == 0 || k0 < b.K; k0 += BlockK)
            {
                int k = Math.Min(BlockK, b.K - k0);
                for (int block = row0; block < row1; block += BlockM)
                {
                    int blockEnd = Math.Min(block + BlockM, row1);
                    for (int p = panel0; p < panel1; p++)
                    {
                        float* panel = b.Panel(p) + (nint)k0 * width;
                        for (int i = block; i < blockEnd; i += GemmKernel.Rows)
                        {
                            // The last block of rows starts early and stores only what is new.
                            int start = Math.Max(0, Math.Min(i, m - GemmKernel.Rows));
                            kernel.Multiply(a + (nint)start * lda + k0, lda, panel, k, tile);
                            int rows = Math.Min(GemmKernel.Rows, m - i);
                            Store(tile + (i - start) * width, i, rows, p, k0 == 0, k0 + k >= b.K);
                        }
                    }
                }
            }
        }

        /// <summary>A as six rows, for the few-row products of single prompts.</summary>
        private float[] RepeatLastRow()
        {
            float[] rows = BufferPool.Rent(GemmKernel.Rows * b.K + 1);
            for (int r = 0; r < GemmKernel.Rows; r++)
                new ReadOnlySpan<float>(a + (nint)Math.Min(r, m - 1) * lda, b.K).CopyTo(rows.AsSpan(r * b.K));
            return rows;
        }

        private void Store(float* tile, int row, int rows, int p, bool first, bool last)
        {
            int column = p * b.PanelWidth;
            int columns = Math.Min(b.PanelWidth, b.N - column);
            int whole = columns - columns % Vector<float>.Count;
            for (int r = 0; r < rows; r++)
            {
                float* t = tile + r * b.PanelWidth;
                nint at = (nint)(row + r) * ldc + column;
                for (int j = 0; j < whole; j += Vector<float>.Count)
                {
                    Vector<float> v = Vector.Load(t + j);
                    if (!first) v += Vector.Load(c + at + j);
                    if (last)
                    {
                        if (bias != null) v += Vector.Load(bias + column + j);
                        if (activation == Activation.QuickGelu) v = Kernels.QuickGelu(v);
                        else if (activation == Activation.Relu) v = Vector.Max(v, Vector<float>.Zero);
                        if (addend != null) v += Vector.Load(addend + at + j);
                    }
                    v.Store(c + at + j);
                }
                for (int j = whole; j < columns; j++)
                {
                    float v = first ? t[j] : t[j] + c[at + j];
                    if (last)
                    {
                        if (bias != null) v += bias[column + j];
                        if (activation == Activation.QuickGelu) v = Kernels.QuickGelu(v);
                        else if (activation == Activation.Relu) v = MathF.Max(v, 0);
                        if (addend != null) v += addend[at + j];
                    }
                    c[at + j] = v;
                }
            }
        }
    }
}
