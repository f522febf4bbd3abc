using System.Runtime.Intrinsics;
using F128 = System.Runtime.Intrinsics.Vector128<float>;
using F256 = System.Runtime.Intrinsics.Vector256<float>;
using F512 = System.Runtime.Intrinsics.Vector512<float>;

namespace ClipSeg.Numerics;

/// <summary>
/// The inner loop of every matrix product: six rows of A times one panel of B, the whole block of C in registers.
/// One per vector size; <see cref="Best"/> is what this machine runs.
/// </summary>
/// <remarks>
/// The blocks: 6 x 64 with 512-bit vectors (24 of 32 registers), 6 x 16 with 256, 6 x 8 with 128 (12 of 16). A row of A
/// is read one element at a time and broadcast, so A needs no packing. Written out by hand because the accumulators
/// have to be locals for the compiler to keep them in registers.
/// </remarks>
internal sealed unsafe partial class GemmKernel
{
    /// <summary>The rows of a block, the same for every kernel.</summary>
    public const int Rows = 6;

    /// <summary>The columns of the widest block.</summary>
    public const int MaxColumns = 64;

    private readonly delegate*<float*, nint, float*, nint, float*, void> _multiply;

    private GemmKernel(int columns, delegate*<float*, nint, float*, nint, float*, void> multiply)
    {
        Columns = columns;
        _multiply = multiply;
    }

    public static GemmKernel Vector512Kernel { get; } = new(64, &Multiply512);

    public static GemmKernel Vector256Kernel { get; } = new(16, &Multiply256);

    public static GemmKernel Vector128Kernel { get; } = new(8, &Multiply128);

    /// <summary>The widest kernel that the processor runs natively.</summary>
    public static GemmKernel Best { get; } =
        Vector512.IsHardwareAccelerated ? Vector512Kernel :
        Vector256.IsHardwareAccelerated ? Vector256Kernel : Vector128Kernel;

    /// <summary>The fastest width of panels in a precision on this thread: a generated kernel's, if any.</summary>
    public static int PanelWidth(Precision precision)
        => GeneratedKernel.For(GeneratedKernel.Avx512Kernel.Columns, precision) is { } wide ? wide.Columns
            : GeneratedKernel.For(GeneratedKernel.Avx2Kernel.Columns, precision) is { } narrow ? narrow.Columns
            : Best.Columns;

    /// <summary>The kernel for panels of this width.</summary>
    public static GemmKernel For(int panelWidth) => panelWidth switch
    {
        64 => Vector512Kernel,
        16 => Vector256Kernel,
        8 => Vector128Kernel,
        _ => throw new ArgumentException($"No kernel has panels of {panelWidth} columns; 8, 16 and 64 exist."),
    };

    /// <summary>The columns of a block: the panel width.</summary>
    public int Columns { get; }

    /// <summary>
    /// tile[6, Columns] = A[6, depth] * panel[depth, Columns]; rows of A are <paramref name="lda"/> elements apart. The
    /// tile of int8 holds integers, the shift of the inputs still in them.
    /// </summary>
    public void Multiply(Precision precision, float* a, nint lda, float* panel, nint depth, float* tile)
    {
        switch (precision)
        {
            case Precision.Float32: _multiply(a, lda, panel, depth, tile); break;
            case Precision.BFloat16: MultiplyBFloat16(a, lda, panel, depth, tile, Columns); break;
            default: MultiplyInt8(a, lda, panel, depth, tile, Columns); break;
        }
    }

    private static void Multiply512(float* a, nint lda, float* b, nint k, float* tile)
    {
        float* a0 = a, a1 = a + lda, a2 = a + 2 * lda, a3 = a + 3 * lda, a4 = a + 4 * lda, a5 = a + 5 * lda;
        F512 c00 = default, c01 = default, c02 = default, c03 = default;
        F512 c10 = default, c11 = default, c12 = default, c13 = default;
        F512 c20 = default, c21 = default, c22 = default, c23 = default;
        F512 c30 = default, c31 = default, c32 = default, c33 = default;
        F512 c40 = default, c41 = default, c42 = default, c43 = default;
        F512 c50 = default, c51 = default, c52 = default, c53 = default;
        for (nint p = 0; p < k; p++, b += 64)
        {
            F512 b0 = Vector512.Load(b), b1 = Vector512.Load(b + 16), b2 = Vector512.Load(b + 32),
                b3 = Vector512.Load(b + 48);
            F512 x = Vector512.Create(a0[p]);
            c00 = Vector512.MultiplyAddEstimate(x, b0, c00);
            c01 = Vector512.MultiplyAddEstimate(x, b1, c01);
            c02 = Vector512.MultiplyAddEstimate(x, b2, c02);
            c03 = Vector512.MultiplyAddEstimate(x, b3, c03);
            x = Vector512.Create(a1[p]);
            c10 = Vector512.MultiplyAddEstimate(x, b0, c10);
            c11 = Vector512.MultiplyAddEstimate(x, b1, c11);
            c12 = Vector512.MultiplyAddEstimate(x, b2, c12);
            c13 = Vector512.MultiplyAddEstimate(x, b3, c13);
            x = Vector512.Create(a2[p]);
            c20 = Vector512.MultiplyAddEstimate(x, b0, c20);
            c21 = Vector512.MultiplyAddEstimate(x, b1, c21);
            c22 = Vector512.MultiplyAddEstimate(x, b2, c22);
            c23 = Vector512.MultiplyAddEstimate(x, b3, c23);
            x = Vector512.Create(a3[p]);
            c30 = Vector512.MultiplyAddEstimate(x, b0, c30);
            c31 = Vector512.MultiplyAddEstimate(x, b1, c31);
            c32 = Vector512.MultiplyAddEstimate(x, b2, c32);
            c33 = Vector512.MultiplyAddEstimate(x, b3, c33);
            x = Vector512.Create(a4[p]);
            c40 = Vector512.MultiplyAddEstimate(x, b0, c40);
            c41 = Vector512.MultiplyAddEstimate(x, b1, c41);
            c42 = Vector512.MultiplyAddEstimate(x, b2, c42);
            c43 = Vector512.MultiplyAddEstimate(x, b3, c43);
            x = Vector512.Create(a5[p]);
            c50 = Vector512.MultiplyAddEstimate(x, b0, c50);
            c51 = Vector512.MultiplyAddEstimate(x, b1, c51);
            c52 = Vector512.MultiplyAddEstimate(x, b2, c52);
            c53 = Vector512.MultiplyAddEstimate(x, b3, c53);
        }

        c00.Store(tile + 0); c01.Store(tile + 16); c02.Store(tile + 32); c03.Store(tile + 48);
        c10.Store(tile + 64); c11.Store(tile + 80); c12.Store(tile + 96); c13.Store(tile + 112);
        c20.Store(tile + 128); c21.Store(tile + 144); c22.Store(tile + 160); c23.Store(tile + 176);
        c30.Store(tile + 192); c31.Store(tile + 208); c32.Store(tile + 224); c33.Store(tile + 240);
        c40.Store(tile + 256); c41.Store(tile + 272); c42.Store(tile + 288); c43.Store(tile + 304);
        c50.Store(tile + 320); c51.Store(tile + 336); c52.Store(tile + 352); c53.Store(tile + 368);
    }

    private static void Multiply256(float* a, nint lda, float* b, nint k, float* tile)
    {
        float* a0 = a, a1 = a + lda, a2 = a + 2 * lda, a3 = a + 3 * lda, a4 = a + 4 * lda, a5 = a + 5 * lda;
        F256 c00 = default, c01 = default;
        F256 c10 = default, c11 = default;
        F256 c20 = default, c21 = default;
        F256 c30 = default, c31 = default;
        F256 c40 = default, c41 = default;
        F256 c50 = default, c51 = default;
        for (nint p = 0; p < k; p++, b += 16)
        {
            F256 b0 = Vector256.Load(b), b1 = Vector256.Load(b + 8);
            F256 x = Vector256.Create(a0[p]);
            c00 = Vector256.MultiplyAddEstimate(x, b0, c00);
            c01 = Vector256.MultiplyAddEstimate(x, b1, c01);
            x = Vector256.Create(a1[p]);
            c10 = Vector256.MultiplyAddEstimate(x, b0, c10);
            c11 = Vector256.MultiplyAddEstimate(x, b1, c11);
            x = Vector256.Create(a2[p]);
            c20 = Vector256.MultiplyAddEstimate(x, b0, c20);
            c21 = Vector256.MultiplyAddEstimate(x, b1, c21);
            x = Vector256.Create(a3[p]);
            c30 = Vector256.MultiplyAddEstimate(x, b0, c30);
            c31 = Vector256.MultiplyAddEstimate(x, b1, c31);
            x = Vector256.Create(a4[p]);
            c40 = Vector256.MultiplyAddEstimate(x, b0, c40);
            c41 = Vector256.MultiplyAddEstimate(x, b1, c41);
            x = Vector256.Create(a5[p]);
            c50 = Vector256.MultiplyAddEstimate(x, b0, c50);
            c51 = Vector256.MultiplyAddEstimate(x, b1, c51);
        }

        c00.Store(tile + 0); c01.Store(tile + 8);
        c10.Store(tile + 16); c11.Store(tile + 24);
        c20.Store(tile + 32); c21.Store(tile + 40);
        c30.Store(tile + 48); c31.Store(tile + 56);
        c40.Store(tile + 64); c41.Store(tile + 72);
        c50.Store(tile + 80); c51.Store(tile + 88);
    }

    private static void Multiply128(float* a, nint lda, float* b, nint k, float* tile)
    {
        float* a0 = a, a1 = a + lda, a2 = a + 2 * lda, a3 = a + 3 * lda, a4 = a + 4 * lda, a5 = a + 5 * lda;
        F128 c00 = default, c01 = default;
        F128 c10 = default, c11 = default;
        F128 c20 = default, c21 = default;
        F128 c30 = default, c31 = default;
        F128 c40 = default, c41 = default;
        F128 c50 = default, c51 = default;
        for (nint p = 0; p < k; p++, b += 8)
        {
            F128 b0 = Vector128.Load(b), b1 = Vector128.Load(b + 4);
            F128 x = Vector128.Create(a0[p]);
            c00 = Vector128.MultiplyAddEstimate(x, b0, c00);
            c01 = Vector128.MultiplyAddEstimate(x, b1, c01);
            x = Vector128.Create(a1[p]);
            c10 = Vector128.MultiplyAddEstimate(x, b0, c10);
            c11 = Vector128.MultiplyAddEstimate(x, b1, c11);
            x = Vector128.Create(a2[p]);
            c20 = Vector128.MultiplyAddEstimate(x, b0, c20);
            c21 = Vector128.MultiplyAddEstimate(x, b1, c21);
            x = Vector128.Create(a3[p]);
            c30 = Vector128.MultiplyAddEstimate(x, b0, c30);
            c31 = Vector128.MultiplyAddEstimate(x, b1, c31);
            x = Vector128.Create(a4[p]);
            c40 = Vector128.MultiplyAddEstimate(x, b0, c40);
            c41 = Vector128.MultiplyAddEstimate(x, b1, c41);
            x = Vector128.Create(a5[p]);
            c50 = Vector128.MultiplyAddEstimate(x, b0, c50);
            c51 = Vector128.MultiplyAddEstimate(x, b1, c51);
        }

        c00.Store(tile + 0); c01.Store(tile + 4);
        c10.Store(tile + 8); c11.Store(tile + 12);
        c20.Store(tile + 16); c21.Store(tile + 20);
        c30.Store(tile + 24); c31.Store(tile + 28);
        c40.Store(tile + 32); c41.Store(tile + 36);
        c50.Store(tile + 40); c51.Store(tile + 44);
    }
}
