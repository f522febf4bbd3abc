using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace ClipSeg.Numerics;

/// <summary>
/// The inner loop of a matrix product as machine code made for this processor: C[rows, columns] = A * panel + what C
/// starts from, for up to six rows and 64 columns, in each <see cref="Precision"/>.
/// </summary>
/// <remarks>
/// .NET has no instruction for bfloat16 or 512-bit VNNI, and its compiler no way to write half of a block: code made
/// for each block size has both, writes C itself, and reads A by columns as well as by rows, so nothing is transposed.
/// <see cref="GemmKernel"/> is the definition, and what runs where this cannot.
/// </remarks>
internal static unsafe class GeneratedKernel
{
    /// <summary>The most rows of a block.</summary>
    public const int Rows = GemmKernel.Rows;

    /// <summary>The columns of a full block: four registers.</summary>
    public const int Columns = 4 * Lanes;

    /// <summary>32-bit elements of a register.</summary>
    public const int Lanes = 16;

    /// <summary>Set to 0, it switches generated code off.</summary>
    public const string Variable = "CLIPSEG_GENERATED_KERNELS";

    private static readonly bool _windows = OperatingSystem.IsWindows();
    private static readonly nint[] _kernels = new nint[3 * Rows * 4 * 2];
    private static readonly Lock _generating = new();
    private static nint _rounding, _pairRounding;

    // The first also says that the system saves the registers; a system that forbids executable pages says so on one.
    private static readonly bool _allowed = Avx512F.X64.IsSupported && ExecutableMemory.Load([0xC3]) != 0;
    private static readonly bool[] _supported = Array.ConvertAll(Enum.GetValues<Precision>(), Runs);

    /// <summary>What a kernel works on; offsets are those that <see cref="KernelAssembler"/> reads.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Arguments
    {
        /// <summary>The first element of A; two bfloat16 or four int8 of a row count as one 32-bit element.</summary>
        public void* A;

        /// <summary>
        /// Bytes from one row of A to the next or, where A is read by columns, from one column to the next.
        /// </summary>
        public nint StrideA;

        /// <summary>[depth, 64] 32-bit elements.</summary>
        public void* Panel;

        /// <summary>The number of 32-bit elements in a row of A.</summary>
        public nint Depth;

        public void* C;

        /// <summary>Bytes from one row of C, and of the addend, to the next.</summary>
        public nint StrideC;

        /// <summary>What the sums start from, or null for 0.</summary>
        public void* Start;

        /// <summary>Bytes from one row of it to the next; 0 for a bias.</summary>
        public nint StrideStart;

        /// <summary>Added last, or null.</summary>
        public float* Addend;

        /// <summary>A bit for each column of the last register.</summary>
        public long Mask;
    }

    /// <summary>Whether this thread runs generated code for products of this precision.</summary>
    public static bool Supports(Precision precision)
        => Compute.Current.UsesGeneratedKernels && _supported[(int)precision];

    /// <summary>Runs the kernel for a block of this size.</summary>
    /// <param name="vectors">Registers per row, 1 to 4: columns rounded up.</param>
    /// <param name="byColumns">Whether a row of the product takes a column of A.</param>
    public static void Run(Precision precision, int rows, int vectors, bool byColumns, Arguments* arguments)
    {
        int index = (((int)precision * Rows + rows - 1) * 4 + vectors - 1) * 2 + (byColumns ? 1 : 0);
        nint code = Volatile.Read(ref _kernels[index]);
        if (code == 0) code = GenerateKernel(index, precision, rows, vectors, byColumns);
        ((delegate* unmanaged[SuppressGCTransition]<Arguments*, void>)code)(arguments);
    }

    /// <summary>Rounds to bfloat16 as many elements as whole registers hold; returns how many.</summary>
    public static int Round(ReadOnlySpan<float> x, Span<uint> y)
    {
        int count = x.Length & -2 * Lanes;
        if (count == 0 || !Supports(Precision.BFloat16)) return 0;
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
        int count = Math.Min(low.Length, high.Length) & -Lanes;
        if (count == 0 || !Supports(Precision.BFloat16)) return 0;
        nint code = Volatile.Read(ref _pairRounding);
        if (code == 0) code = Generate(ref _pairRounding, () => KernelAssembler.AssemblePairRounding(_windows));
        fixed (float* pl = low, ph = high)
        fixed (uint* py = y)
            ((delegate* unmanaged[SuppressGCTransition]<float*, float*, uint*, nint, void>)code)(pl, ph, py, count);
        return count;
    }

    // Apart from Run, which would otherwise allocate what the function holds on to on every call.
    private static nint GenerateKernel(int index, Precision precision, int rows, int vectors, bool byColumns)
        => Generate(
            ref _kernels[index], () => KernelAssembler.Assemble(precision, rows, vectors, byColumns, _windows));

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

    private static bool Runs(Precision precision)
    {
        return _allowed && precision switch
        {
            Precision.BFloat16 => Processor.HasAvx512BFloat16,
            Precision.Int8 => Processor.HasAvx512Vnni,
            _ => true,
        };
    }
}
