using System.Runtime.InteropServices;
using ClipSeg.Numerics;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace ClipSeg.Tests.Numerics;

public sealed unsafe class GeneratedKernelTests
{
    public static TheoryData<Precision> Precisions => [Precision.Float32, Precision.BFloat16, Precision.Int8];

    [Theory]
    [MemberData(nameof(Precisions))]
    public void Generated_code_equals_its_definition_for_every_block(Precision precision)
    {
        if (!GeneratedKernel.Supports(precision)) return;       // another processor, or switched off
        Random random = new(7);
        foreach (bool byColumns in (bool[])[false, true])
        {
            for (int rows = 1; rows <= GeneratedKernel.Rows; rows++)
            {
                for (int columns = 1; columns <= GeneratedKernel.Columns; columns++)
                    Compare(precision, rows, columns, depth: 1 + random.Next(40), byColumns, random);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Precisions))]
    public void Code_for_Windows_keeps_what_belongs_to_its_caller(Precision precision)
    {
        if (!GeneratedKernel.Supports(precision) || OperatingSystem.IsWindows()) return;
        Random random = new(7);
        Block block = new(precision, rows: 6, columns: 64, depth: 9, byColumns: false, random);
        nint code = ExecutableMemory.Load(KernelAssembler.Assemble(precision, 6, 4, byColumns: false, windows: true));

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

    private static void Compare(
        Precision precision, int rows, int columns, int depth, bool byColumns, Random random)
    {
        Block block = new(precision, rows, columns, depth, byColumns, random);
        block.Run(arguments => GeneratedKernel.Run(
            precision, rows, (columns + 15) / 16, byColumns, (GeneratedKernel.Arguments*)arguments));
        block.Check();
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
        private readonly Precision _precision;
        private readonly int _rows, _columns, _depth, _stride, _strideA;
        private readonly bool _byColumns;
        private readonly uint[] _a, _panel;
        private readonly float[] _start, _addend;
        private readonly Fenced _c;

        public Block(Precision precision, int rows, int columns, int depth, bool byColumns, Random random)
        {
            (_precision, _rows, _columns, _depth, _byColumns) = (precision, rows, columns, depth, byColumns);
            _stride = columns + 3;
            _strideA = byColumns ? rows + 2 : depth + 2;
            _a = Elements(random, (byColumns ? depth : rows) * _strideA);
            _panel = Elements(random, depth * GeneratedKernel.Columns);
            _start = random.Floats(columns);
            if (precision == Precision.Int8)
                _start = Array.ConvertAll(_start, x => BitConverter.Int32BitsToSingle((int)(x * 9999)));
            _addend = random.Floats(rows * _stride);
            _c = new(rows * _stride);
        }

        public void Run(Action<nint> run)
        {
            fixed (uint* a = _a, panel = _panel)
            fixed (float* start = _start, addend = _addend, c = _c.Span)
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
                    Addend = _precision == Precision.Int8 ? null : addend,
                    Mask = 0xFFFF >> (_columns + 15) / 16 * 16 - _columns,
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
                    if (_precision == Precision.Int8)
                        Assert.Equal((int)expected, BitConverter.SingleToInt32Bits(actual));
                    else Assert.InRange(actual - expected, -2e-5 * _depth, 2e-5 * _depth);
                }
            }
            _c.AssertFencesIntact();
        }

        private double Expected(int row, int column)
        {
            double sum = _precision == Precision.Int8
                ? BitConverter.SingleToInt32Bits(_start[column])
                : _start[column] + _addend[row * _stride + column];
            for (int p = 0; p < _depth; p++)
            {
                uint a = _a[_byColumns ? p * _strideA + row : row * _strideA + p];
                uint b = _panel[p * GeneratedKernel.Columns + column];
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
            return sum;
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
