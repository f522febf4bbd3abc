using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using ClipSeg.Numerics;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace ClipSeg.Tests.Numerics;

public sealed unsafe class GeneratedKernelTests
{
    public static TheoryData<Precision> Precisions => [.. Enum.GetValues<Precision>()];

    [Theory]
    [MemberData(nameof(Precisions))]
    public void Generated_code_equals_its_definition_for_every_block(Precision precision)
    {
        Random random = new(7);
        foreach (GeneratedKernel kernel in KernelsFor(precision))
        {
            foreach (bool byColumns in (bool[])[false, true])
            {
                for (int rows = 1; rows <= GeneratedKernel.Rows; rows++)
                {
                    for (int columns = 1; columns <= kernel.Columns; columns++)
                        Compare(kernel, precision, rows, columns, depth: 1 + random.Next(40), byColumns, random);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Precisions))]
    public void Code_for_Windows_keeps_what_belongs_to_its_caller(Precision precision)
    {
        if (OperatingSystem.IsWindows()) return;
        foreach (GeneratedKernel kernel in KernelsFor(precision)) CallAsWindows(kernel, precision);
    }

    private static void CallAsWindows(GeneratedKernel kernel, Precision precision)
    {
        Random random = new(7);
        Block block = new(kernel, precision, rows: 6, columns: kernel.Columns, depth: 9, byColumns: false, random);
        nint code = ExecutableMemory.Load(kernel == GeneratedKernel.Avx512Kernel
            ? KernelAssembler.Assemble(precision, 6, 4, byColumns: false, windows: true)
            : Avx2KernelAssembler.Assemble(precision, 6, 2, byColumns: false, windows: true, AvxVnni.IsSupported));

        // A caller under Windows' convention, called under System V's: the arguments go to rcx, and a pattern that is
        // in xmm6 to xmm15 before must be there afterwards.
        nint caller = ExecutableMemory.Load(WindowsCaller(code));
        ulong* kept = stackalloc ulong[10];
        for (int i = 0; i < 10; i++) kept[i] = 0x1234567800000000u + (ulong)i;
        block.Run(arguments => ((delegate* unmanaged<void*, ulong*, void>)caller)((void*)arguments, kept));
        for (int i = 0; i < 10; i++) Assert.Equal(0x1234567800000000u + (ulong)i, kept[i]);
        block.Check();
    }

    [Theory]
    [MemberData(nameof(Precisions))]
    public void Switched_off_nothing_is_generated(Precision precision) => GeneratedCode.Without(
        () => Assert.False(GeneratedKernel.Supports(precision)));

    [Fact]
    public void Bytes_are_multiplied_by_AVX_VNNI_where_there_is_one()
    {
        byte[] code = Avx2KernelAssembler.Assemble(Precision.Int8, 6, 2, byColumns: false, windows: false, vnni: true);
        Decoder decoder = Decoder.Create(64, new ByteArrayCodeReader(code));
        List<Instruction> products = [];
        for (Instruction i = decoder.Decode(); i.Mnemonic != Mnemonic.Ret; i = decoder.Decode())
        {
            Assert.False(i.IsInvalid);
            Assert.NotEqual(EncodingKind.EVEX, i.Code.Encoding());
            if (i.Mnemonic == Mnemonic.Vpdpbusd) products.Add(i);
        }
        Assert.All(products, i => Assert.Equal(Code.VEX_Vpdpbusd_ymm_ymm_ymmm256, i.Code));
        Assert.Equal(Enumerable.Range(0, 12).Select(i => Register.YMM0 + i), products.Select(i => i.Op0Register));
        Assert.All(products, i => Assert.Equal(Register.YMM14, i.Op1Register));           // unsigned
        Assert.Equal([Register.YMM12, Register.YMM13], products.Select(i => i.Op2Register).Distinct());
    }

    /// <summary>What this processor runs: nothing, if generated code is switched off.</summary>
    private static IEnumerable<GeneratedKernel> KernelsFor(Precision precision)
        => ((GeneratedKernel[])[GeneratedKernel.Avx512Kernel, GeneratedKernel.Avx2Kernel])
            .Where(kernel => GeneratedKernel.For(kernel.Columns, precision) == kernel);

    private static void Compare(
        GeneratedKernel kernel, Precision precision, int rows, int columns, int depth, bool byColumns, Random random)
    {
        int vectors = (columns + kernel.Lanes - 1) / kernel.Lanes;
        foreach (int blocks in (int[])[1, 3])
        {
            Block block = new(kernel, precision, rows * blocks, columns, depth, byColumns, random)
            {
                Rectifies = blocks == 3,
            };
            block.Run(arguments => kernel.Run(
                precision, rows, vectors, byColumns, (GeneratedKernel.Arguments*)arguments), blocks);
            block.Check();
        }
    }

    private static byte[] WindowsCaller(nint code)
    {
        Assembler c = new(64);
        c.push(rsi);
        for (int i = 0; i < 10; i++) c.vmovq(new AssemblerRegisterXMM(Register.XMM6 + i), __qword_ptr[rsi + i * 8]);
        c.mov(rcx, rdi);
        c.mov(rax, (long)code);
        c.call(rax);
        c.pop(rsi);
        for (int i = 0; i < 10; i++) c.vmovq(__qword_ptr[rsi + i * 8], new AssemblerRegisterXMM(Register.XMM6 + i));
        c.ret();
        using MemoryStream stream = new();
        c.Assemble(new StreamCodeWriter(stream), 0);
        return stream.ToArray();
    }

    /// <summary>A block with random operands, and what the definition makes of them.</summary>
    private sealed class Block
    {
        private readonly GeneratedKernel _kernel;
        private readonly Precision _precision;
        private readonly int _rows, _columns, _depth, _stride, _strideA;
        private readonly bool _byColumns;
        private readonly uint[] _a, _panel;
        private readonly float[] _start, _addend, _rowScales, _columnScales, _bias;
        private readonly Fenced _c;

        public Block(
            GeneratedKernel kernel, Precision precision, int rows, int columns, int depth, bool byColumns,
            Random random)
        {
            (_kernel, _precision, _rows, _columns, _depth, _byColumns) =
                (kernel, precision, rows, columns, depth, byColumns);
            _stride = columns + 3;
            _strideA = byColumns ? rows + 2 : depth + 2;
            _a = Elements(random, (byColumns ? depth : rows) * _strideA);
            _panel = Elements(random, depth * kernel.Columns);
            _start = random.Floats(columns);
            if (precision == Precision.Int8)
                _start = Array.ConvertAll(_start, x => BitConverter.Int32BitsToSingle((int)(x * 9999)));
            (_rowScales, _columnScales, _bias) = (random.Floats(rows), random.Floats(columns), random.Floats(columns));
            _addend = random.Floats(rows * _stride);
            _c = new(rows * _stride);
        }

        /// <summary>Whether sums below 0 become 0 before the addend.</summary>
        public bool Rectifies { get; init; }

        public void Run(Action<nint> run, int blocks = 1)
        {
            fixed (uint* a = _a, panel = _panel)
            fixed (float* start = _start, addend = _addend, c = _c.Span, rowScales = _rowScales,
                columnScales = _columnScales, bias = _bias)
            {
                GeneratedKernel.Arguments arguments = new()
                {
                    A = a,
                    StrideA = _strideA * 4,
                    Panel = panel,
                    Depth = _depth,
                    C = c,
                    StrideC = _stride * 4,
                    Start = start,
                    Addend = addend,
                    Blocks = blocks,
                    LastColumns = (_columns - 1) % _kernel.Lanes + 1,
                    Rectifies = Rectifies ? 1 : 0,
                    RowScales = rowScales,
                    ColumnScales = columnScales,
                    Bias = bias,
                };
                run((nint)(&arguments));
            }
        }

        public void Check()
        {
            for (int r = 0; r < _rows; r++)
            {
                for (int j = 0; j < _stride; j++)
                {
                    float actual = _c.Span[r * _stride + j];
                    if (j >= _columns)
                    {
                        Assert.True(actual == 0, $"column {j} of {_columns} was written");
                        continue;
                    }
                    double expected = Expected(r, j);
                    if (_precision == Precision.Int8) Assert.Equal((float)expected, actual);
                    else Assert.InRange(actual - expected, -2e-5 * _depth, 2e-5 * _depth);
                }
            }
            _c.AssertFencesIntact();
        }

        private double Expected(int row, int column)
        {
            double sum = _precision == Precision.Int8
                ? BitConverter.SingleToInt32Bits(_start[column])
                : _start[column];
            for (int p = 0; p < _depth; p++)
            {
                uint a = _a[_byColumns ? p * _strideA + row : row * _strideA + p];
                uint b = _panel[p * _kernel.Columns + column];
                sum += _precision switch
                {
                    Precision.Float32 =>
                        (double)BitConverter.UInt32BitsToSingle(a) * BitConverter.UInt32BitsToSingle(b),
                    Precision.BFloat16 =>
                        (double)BitConverter.UInt32BitsToSingle(a << 16) * BitConverter.UInt32BitsToSingle(b << 16)
                        + (double)BitConverter.UInt32BitsToSingle(a & 0xFFFF0000)
                            * BitConverter.UInt32BitsToSingle(b & 0xFFFF0000),
                    _ => Enumerable.Range(0, 4).Sum(i => (byte)(a >> 8 * i) * (sbyte)(b >> 8 * i)),
                };
            }
            float addend = _addend[row * _stride + column];
            if (_precision != Precision.Int8) return (Rectifies ? Math.Max(sum, 0) : sum) + addend;

            float scaled = (float)sum * (_columnScales[column] * _rowScales[row]) + _bias[column];  // as it is rounded
            return (Rectifies ? Math.Max(scaled, 0) : scaled) + addend;
        }

        private uint[] Elements(Random random, int count)
        {
            float[] floats = random.Floats(2 * count);
            uint[] elements = new uint[count];
            if (_precision == Precision.Float32)
                MemoryMarshal.Cast<float, uint>(floats.AsSpan(0, count)).CopyTo(elements);
            else if (_precision == Precision.BFloat16) Kernels.ToBFloat16(floats, elements);
            else random.NextBytes(MemoryMarshal.AsBytes(elements.AsSpan()));
            return elements;
        }
    }
}
