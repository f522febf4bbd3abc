using System.Numerics;

namespace ClipSeg.Numerics;

/// <summary>The function applied to a linear layer's output.</summary>
internal enum Activation
{
    None,

    /// <summary>x * sigmoid(1.702 x), CLIP's.</summary>
    QuickGelu,

    /// <summary>max(x, 0), the decoder's.</summary>
    Relu,

    /// <summary>x Φ(x), with the normal distribution's Φ: that of vision transformers other than CLIP's.</summary>
    Gelu,
}

/// <summary>
/// Matrix products: C[M, N] = activation(A[M, K] * B[K, N] + bias[N]) + addend[M, N]. B is packed, in the precision the
/// product is to have; A and C are row-major.
/// </summary>
internal static unsafe partial class Gemm
{
    /// <summary>Below this many multiplications a thread is not worth waking.</summary>
    private const long MultipliesPerThread = 200_000;

    /// <summary>What happens to the product on its way to C.</summary>
    public readonly ref struct Epilogue
    {
        /// <summary>[N], or empty.</summary>
        public ReadOnlySpan<float> Bias { get; init; }

        public Activation Activation { get; init; }

        /// <summary>
        /// Laid out like C and added last (a residual), or empty. May be C itself if there is no activation.
        /// </summary>
        public ReadOnlySpan<float> Addend { get; init; }
    }

    /// <summary>The product on all threads.</summary>
    /// <param name="lda">Elements from one row of A to the next.</param>
    /// <param name="ldc">Elements from one row of C (and of the addend) to the next.</param>
    public static void Multiply(
        ReadOnlySpan<float> a, int lda, int m, PackedMatrix b, Span<float> c, int ldc, Epilogue epilogue = default)
    {
        CheckRows(a, lda, m, b.K);
        if (b.Precision == Precision.Float32)
        {
            fixed (float* pa = a) Run(new(pa, lda), m, b, c, ldc, epilogue, here: false);
            return;
        }
        using TensorScope scope = new();
        Multiply(ReducedRows.Of(a, lda, m, b.K, b.Precision), b, c, ldc, epilogue);
    }

    /// <summary>The product of rows that have B's precision already.</summary>
    internal static void Multiply(
        ReducedRows a, PackedMatrix b, Span<float> c, int ldc, Epilogue epilogue = default)
    {
        if (a.Precision != b.Precision || a.Elements[1] != b.Depth)
            Throw.Shape("Gemm A", a.Elements.Shape, $"[M, {b.Depth}] of {b.Precision}");
        fixed (float* elements = a.Elements.Data, scales = a.Scales is null ? default : a.Scales.Data)
            Run(new(elements, b.Depth) { Scales = scales }, a.Elements[0], b, c, ldc, epilogue, here: false);
    }

    /// <summary>
    /// The product on this thread alone, of rows that have B's precision already: for callers that have split their
    /// work.
    /// </summary>
    internal static void MultiplyHere(
        ReadOnlySpan<float> a, int lda, int m, PackedMatrix b, Span<float> c, int ldc, Epilogue epilogue = default)
    {
        CheckRows(a, lda, m, b.Depth);
        fixed (float* pa = a) Run(new(pa, lda), m, b, c, ldc, epilogue, here: true);
    }

    /// <summary>C[M, N] = Aᵀ B on this thread alone, for A [K, M] in B's precision.</summary>
    internal static void MultiplyHere(TransposedRows a, int m, PackedMatrix b, Span<float> c, int ldc)
    {
        fixed (float* pa = a.Elements)
            Run(new(pa, a.Stride) { ByColumns = a.ByColumns }, m, b, c, ldc, default, here: true);
    }

    /// <summary>C[M, N] += Aᵀ B for A [K, M] and B [K, N], both row-major.</summary>
    /// <param name="lda">Elements from one row of A to the next; <paramref name="ldb"/> and <paramref name="ldc"/>
    /// alike.</param>
    /// <param name="precision">Float32 or BFloat16.</param>
    /// <param name="here">Whether to stay on this thread.</param>
    internal static void AddTransposedProduct(
        ReadOnlySpan<float> a, int lda, int k, int m, ReadOnlySpan<float> b, int ldb, int n, Span<float> c, int ldc,
        Precision precision = Precision.Float32, bool here = false)
    {
        using TensorScope scope = new();
        PackedMatrix packed = PackedMatrix.Rent(k, n, precision);
        packed.Pack(b, ldb, transposed: false);
        TransposedRows rows = TransposedRows.Of(a, lda, k, m, precision);
        fixed (float* pa = rows.Elements)
        {
            Run(new(pa, rows.Stride) { ByColumns = rows.ByColumns }, m, packed, c, ldc, new() { Addend = c }, here);
        }
        packed.Return();
    }

    private static void Run(
        GemmProduct.Left a, int m, PackedMatrix b, Span<float> c, int ldc, in Epilogue epilogue, bool here)
    {
        CheckResult(m, b, c, ldc, epilogue);
        if (m == 0 || b.N == 0) return;
        fixed (float* pc = c, bias = epilogue.Bias, addend = epilogue.Addend)
        {
            GemmProduct product = new(a, m, b, pc, ldc, bias, addend, epilogue.Activation);
            long multiplies = (long)m * b.N * b.K;
            int threads = here ? 1 : (int)Math.Clamp(
                multiplies / MultipliesPerThread, 1, Compute.Current.Workers.Count);
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

    private static void CheckRows(ReadOnlySpan<float> a, int lda, int m, int depth)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(m);
        ArgumentOutOfRangeException.ThrowIfLessThan(lda, depth);
        long needed = m == 0 ? 0 : (long)(m - 1) * lda + depth;
        if (a.Length < needed) Throw.LengthMismatch("Gemm A", a.Length, (int)needed);
    }

    private static void CheckResult(int m, PackedMatrix b, Span<float> c, int ldc, in Epilogue epilogue)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ldc, b.N);
        if (m == 0) return;
        long needed = (long)(m - 1) * ldc + b.N;
        if (c.Length < needed) Throw.LengthMismatch("Gemm C", c.Length, (int)needed);
        if (!epilogue.Bias.IsEmpty && epilogue.Bias.Length != b.N)
            Throw.LengthMismatch("Gemm bias", epilogue.Bias.Length, b.N);
        if (!epilogue.Addend.IsEmpty && epilogue.Addend.Length < needed)
            Throw.LengthMismatch("Gemm addend", epilogue.Addend.Length, (int)needed);
        if (epilogue.Activation != Activation.None && epilogue.Addend.Overlaps(c))
            throw new ArgumentException("Gemm addend is C, expected another matrix after an activation.");
    }
}
