using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace ClipSeg.Numerics;

/// <summary>
/// The inner loop of a matrix product as machine code made for this processor: C[rows, columns] = A * panel + what C
/// starts from, for up to six rows and <see cref="Columns"/> columns, in each <see cref="Precision"/>. One per
/// instruction set.
/// </summary>
/// <remarks>
/// .NET has no instruction for bfloat16 or 512-bit VNNI, and its compiler no way to write half of a block: code made
/// for each block size has both, writes C itself, and reads A by columns as well as by rows, so nothing is transposed.
/// <see cref="GemmKernel"/> is the definition, and what runs where this cannot.
/// </remarks>
internal sealed unsafe class GeneratedKernel
{
    /// <summary>The most rows of a block.</summary>
    public const int Rows = GemmKernel.Rows;

    /// <summary>Set to 0, it switches generated code off.</summary>
    public const string Variable = "CLIPSEG_GENERATED_KERNELS";

    private static readonly bool _windows = OperatingSystem.IsWindows();
    private static readonly Lock _generating = new();
    private static nint _rounding, _pairRounding;

    // .NET asks whether the system saves the registers; a system that forbids executable pages says so on one.
    private static readonly bool _allowed =
        Avx2.X64.IsSupported && Fma.X64.IsSupported && ExecutableMemory.Load([0xC3]) != 0;

    private readonly int _vectors;
    private readonly Func<Precision, int, int, bool, byte[]> _assemble;
    private readonly bool[] _supported;
    private readonly nint[] _kernels;

    /// <param name="lanes">32-bit elements of a register.</param>
    /// <param name="vectors">Registers of a row.</param>
    /// <param name="supports">Whether the processor has what products of a precision need.</param>
    /// <param name="assemble">Writes the code for a precision, rows, registers of a row, and whether A is read by
    /// columns.</param>
    private GeneratedKernel(
        int lanes, int vectors, Func<Precision, bool> supports, Func<Precision, int, int, bool, byte[]> assemble)
    {
        (Lanes, _vectors, _assemble) = (lanes, vectors, assemble);
        _supported = Array.ConvertAll(Enum.GetValues<Precision>(), p => _allowed && supports(p));
        _kernels = new nint[_supported.Length * Rows * vectors * 2];
    }

    /// <summary>Blocks of 6 x 64 in 24 of 32 registers.</summary>
    public static GeneratedKernel Avx512Kernel { get; } = new(16, 4,
        precision => Avx512F.X64.IsSupported && precision switch
        {
            Precision.BFloat16 => Processor.HasAvx512BFloat16,
            Precision.Int8 => Processor.HasAvx512Vnni,
            _ => true,
        },
        (precision, rows, vectors, byColumns) =>
            KernelAssembler.Assemble(precision, rows, vectors, byColumns, _windows));

    /// <summary>Blocks of 6 x 16 in 12 of 16 registers, for all precisions.</summary>
    public static GeneratedKernel Avx2Kernel { get; } = new(8, 2,
        _ => true,
        (precision, rows, vectors, byColumns) =>
            Avx2KernelAssembler.Assemble(precision, rows, vectors, byColumns, _windows, AvxVnni.IsSupported));

    /// <summary>32-bit elements of a register.</summary>
    public int Lanes { get; }

    /// <summary>The columns of a full block, and of a panel.</summary>
    public int Columns => Lanes * _vectors;

    /// <summary>What a kernel works on; offsets are those that <see cref="KernelFrame"/> has.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Arguments
    {
        /// <summary>The first element of A; two bfloat16 or four int8 of a row count as one 32-bit element.</summary>
        public void* A;

        /// <summary>
        /// Bytes from one row of A to the next or, where A is read by columns, from one column to the next.
        /// </summary>
        public nint StrideA;

        /// <summary>[depth, <see cref="Columns"/>] 32-bit elements.</summary>
        public void* Panel;

        /// <summary>The number of 32-bit elements in a row of A.</summary>
        public nint Depth;

        public void* C;

        /// <summary>Bytes from one row of C, and of the addend, to the next.</summary>
        public nint StrideC;

        /// <summary>What the sums start from, floats or integers as they are, or null for 0.</summary>
        public void* Start;

        /// <summary>Bytes from one row of it to the next; 0 for a bias.</summary>
        public nint StrideStart;

        /// <summary>Added last, or null.</summary>
        public float* Addend;

        /// <summary>Columns in the last register, at least 1.</summary>
        public long LastColumns;

        /// <summary>Unless 0, float sums below 0 become 0 before the addend.</summary>
        public long Rectifies;

        /// <summary>How many blocks of rows, one below the other, at least 1. A, C, Start and Addend follow.</summary>
        public long Blocks;

        /// <summary>Of int8: [rows], what the integers of a row of A are multiples of. They follow as well.</summary>
        public float* RowScales;

        /// <summary>Of int8: [columns], what the panel's integers are multiples of.</summary>
        public float* ColumnScales;

        /// <summary>Of int8: [columns], added to what the scaled sums are, or null.</summary>
        public float* Bias;
    }

    /// <summary>
    /// What this thread runs for panels of a width in a precision; null if that is a <see cref="GemmKernel"/>.
    /// </summary>
    public static GeneratedKernel? For(int panelWidth, Precision precision)
    {
        GeneratedKernel kernel = panelWidth == Avx512Kernel.Columns ? Avx512Kernel : Avx2Kernel;
        return panelWidth == kernel.Columns && kernel._supported[(int)precision]
            && Compute.Current.UsesGeneratedKernels ? kernel : null;
    }

    /// <summary>Whether this thread runs generated code for products of this precision.</summary>
    public static bool Supports(Precision precision) => For(GemmKernel.PanelWidth(precision), precision) is not null;

    /// <summary>Runs the kernel for blocks of this size.</summary>
    /// <param name="vectors">Registers per row: columns rounded up.</param>
    /// <param name="byColumns">Whether a row of the product takes a column of A.</param>
    public void Run(Precision precision, int rows, int vectors, bool byColumns, Arguments* arguments)
    {
        int index = (((int)precision * Rows + rows - 1) * _vectors + vectors - 1) * 2 + (byColumns ? 1 : 0);
        nint code = Volatile.Read(ref _kernels[index]);
        if (code == 0) code = GenerateKernel(index, precision, rows, vectors, byColumns);
        ((delegate* unmanaged[SuppressGCTransition]<Arguments*, void>)code)(arguments);
    }

    /// <summary>Rounds to bfloat16 as many elements as whole registers hold; returns how many.</summary>
    public static int Round(ReadOnlySpan<float> x, Span<uint> y)
    {
        int count = x.Length & -2 * Avx512Kernel.Lanes;
        if (count == 0 || For(Avx512Kernel.Columns, Precision.BFloat16) is null) return 0;
        nint code = Volatile.Read(ref _rounding);
        if (code == 0) code = Generate(ref _rounding, () => KernelAssembler.AssembleRounding(_windows));
        fixed (float* px = x)
        fixed (uint* py = y)
            ((delegate* unmanaged[SuppressGCTransition]<float*, uint*, nint, void>)code)(px, py, count);
        return count;
    }

    /// <summary>The same for pairs of elements of two rows.</summary>
    public static int RoundPairs(ReadOnlySpan<float> low, ReadOnlySpan<float> high, Span<uint> y)
    {
        int count = Math.Min(low.Length, high.Length) & -Avx512Kernel.Lanes;
        if (count == 0 || For(Avx512Kernel.Columns, Precision.BFloat16) is null) return 0;
        nint code = Volatile.Read(ref _pairRounding);
        if (code == 0) code = Generate(ref _pairRounding, () => KernelAssembler.AssemblePairRounding(_windows));
        fixed (float* pl = low, ph = high)
        fixed (uint* py = y)
            ((delegate* unmanaged[SuppressGCTransition]<float*, float*, uint*, nint, void>)code)(pl, ph, py, count);
        return count;
    }

    // Apart from Run, which would otherwise allocate what the function holds on to on every call.
    private nint GenerateKernel(int index, Precision precision, int rows, int vectors, bool byColumns)
        => Generate(ref _kernels[index], () => _assemble(precision, rows, vectors, byColumns));

    private static nint Generate(ref nint place, Func<byte[]> assemble)
    {
        lock (_generating)
        {
            if (place != 0) return place;
            nint code = ExecutableMemory.Load(assemble());
            if (code == 0) throw new NotSupportedException(
                $"The system does not let a process make code executable. Set {Variable}=0 to run without.");
            Volatile.Write(ref place, code);
            return code;
        }
    }
}
