using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace ClipSeg.Numerics;

/// <summary>Writes the machine code of <see cref="GeneratedKernel.Avx512Kernel"/>.</summary>
/// <remarks>
/// Registers: zmm0 to zmm23 hold the block of C, zmm24 to zmm27 a row of the panel, zmm28 to zmm31 broadcast elements
/// of A. k1 masks the last register of a row.
/// </remarks>
internal static class KernelAssembler
{
    private const int PanelStride = 64 * 4;

    /// <summary>The code of a block; see <see cref="KernelFrame"/>.</summary>
    public static byte[] Assemble(Precision precision, int rows, int vectors, bool byColumns, bool windows)
    {
        Assembler c = new(64);
        KernelFrame frame = new(c, rows, used: (rows - 1) * 4 + vectors - 1, byColumns, windows);
        c.mov(r10d, -1);
        c.mov(r9, __qword_ptr[r11 + KernelFrame.LastColumns]);
        c.bzhi(r10d, r10d, r9d);
        c.kmovw(k1, r10d);

        frame.Blocks(() =>
        {
            StartSums(c, rows, vectors);
            frame.PrefetchNext(vectors);
            frame.Loop(PanelStride, () =>
            {
                for (int v = 0; v < vectors; v++) c.vmovups(Zmm(24 + v), __zmmword_ptr[rcx + v * 64]);
                for (int r = 0; r < rows; r++)
                {
                    AssemblerRegisterZMM a = Zmm(28 + r % 4);
                    c.vbroadcastss(a, frame.Element(r));
                    for (int v = 0; v < vectors; v++) MultiplyAdd(c, precision, Zmm(r * 4 + v), a, Zmm(24 + v));
                }
            });
            if (precision == Precision.Int8) Scale(c, rows, vectors);
            Finish(c, rows, vectors);
            Store(c, rows, vectors);
        });
        frame.Return();
        return KernelFrame.Bytes(c);
    }

    /// <summary>
    /// The code of a function (x, y, count) that rounds floats to bfloat16, two to an element; count is a multiple of
    /// 32.
    /// </summary>
    public static byte[] AssembleRounding(bool windows)
    {
        Assembler c = new(64);
        AssemblerRegister64[] parameters = windows ? [rcx, rdx, r8] : [rdi, rsi, rdx];
        (AssemblerRegister64 x, AssemblerRegister64 y, AssemblerRegister64 count) =
            (parameters[0], parameters[1], parameters[2]);
        Label loop = c.CreateLabel();
        c.Label(ref loop);
        c.vmovups(zmm0, __zmmword_ptr[x]);
        c.vmovups(zmm1, __zmmword_ptr[x + 64]);
        c.vcvtne2ps2bf16(zmm0, zmm1, zmm0);
        c.vmovups(__zmmword_ptr[y], zmm0);
        c.add(x, 128);
        c.add(y, 64);
        c.sub(count, 32);
        c.jnz(loop);
        return End(c);
    }

    /// <summary>
    /// The code of a function (low, high, y, count) that rounds two rows to bfloat16 and puts elements of both into
    /// one; count is a multiple of 16.
    /// </summary>
    public static byte[] AssemblePairRounding(bool windows)
    {
        Assembler c = new(64);
        AssemblerRegister64[] parameters = windows ? [rcx, rdx, r8, r9] : [rdi, rsi, rdx, rcx];
        (AssemblerRegister64 low, AssemblerRegister64 high, AssemblerRegister64 y, AssemblerRegister64 count) =
            (parameters[0], parameters[1], parameters[2], parameters[3]);
        Label loop = c.CreateLabel();
        c.Label(ref loop);
        c.vcvtneps2bf16(ymm0, __zmmword_ptr[low]);
        c.vcvtneps2bf16(ymm1, __zmmword_ptr[high]);
        c.vpmovzxwd(zmm0, ymm0);
        c.vpmovzxwd(zmm1, ymm1);
        c.vpslld(zmm1, zmm1, 16);
        c.vpord(zmm0, zmm0, zmm1);
        c.vmovups(__zmmword_ptr[y], zmm0);
        c.add(low, 64);
        c.add(high, 64);
        c.add(y, 64);
        c.sub(count, 16);
        c.jnz(loop);
        return End(c);
    }

    private static byte[] End(Assembler c)
    {
        c.vzeroupper();
        c.ret();
        return KernelFrame.Bytes(c);
    }

    private static void StartSums(Assembler c, int rows, int vectors)
    {
        Label zero = c.CreateLabel(), ready = c.CreateLabel();
        c.mov(r10, __qword_ptr[r11 + KernelFrame.Start]);
        c.test(r10, r10);
        c.jz(zero);
        for (int r = 0; r < rows; r++)
        {
            LoadRow(c, vectors, first: r * 4, r10);
            c.add(r10, __qword_ptr[r11 + KernelFrame.StrideStart]);
        }
        c.jmp(ready);
        c.Label(ref zero);
        for (int r = 0; r < rows; r++)
        {
            for (int v = 0; v < vectors; v++) c.vpxord(Zmm(r * 4 + v), Zmm(r * 4 + v), Zmm(r * 4 + v));
        }
        c.Label(ref ready);
    }

    /// <summary>From sums of integers to what they are multiples of, and the bias.</summary>
    private static void Scale(Assembler c, int rows, int vectors)
    {
        Label none = c.CreateLabel();
        c.mov(r10, __qword_ptr[r11 + KernelFrame.ColumnScales]);
        c.mov(rax, __qword_ptr[r11 + KernelFrame.RowScales]);
        LoadRow(c, vectors, first: 24, r10);
        for (int r = 0; r < rows; r++)
        {
            c.vbroadcastss(zmm28, __dword_ptr[rax + r * 4]);
            for (int v = 0; v < vectors; v++)
            {
                c.vcvtdq2ps(Zmm(r * 4 + v), Zmm(r * 4 + v));
                c.vmulps(zmm29, Zmm(24 + v), zmm28);
                c.vmulps(Zmm(r * 4 + v), Zmm(r * 4 + v), zmm29);
            }
        }
        c.mov(r10, __qword_ptr[r11 + KernelFrame.Bias]);
        c.test(r10, r10);
        c.jz(none);
        LoadRow(c, vectors, first: 24, r10);
        for (int r = 0; r < rows; r++)
        {
            for (int v = 0; v < vectors; v++) c.vaddps(Zmm(r * 4 + v), Zmm(r * 4 + v), Zmm(24 + v));
        }
        c.Label(ref none);
    }

    /// <summary>Loads as many columns as a row has.</summary>
    private static void LoadRow(Assembler c, int vectors, int first, AssemblerRegister64 at)
    {
        for (int v = 0; v < vectors; v++)
        {
            AssemblerRegisterZMM x = Zmm(first + v);
            c.vmovups(v == vectors - 1 ? x.k1.z : x, __zmmword_ptr[at + v * 64]);
        }
    }

    private static void Finish(Assembler c, int rows, int vectors)
    {
        Label linear = c.CreateLabel(), none = c.CreateLabel();
        c.cmp(__qword_ptr[r11 + KernelFrame.Rectifies], 0);
        c.je(linear);
        c.vpxord(zmm24, zmm24, zmm24);
        for (int r = 0; r < rows; r++)
        {
            // The sum comes second: where it is NaN, that is what comes out.
            for (int v = 0; v < vectors; v++) c.vmaxps(Zmm(r * 4 + v), zmm24, Zmm(r * 4 + v));
        }
        c.Label(ref linear);
        c.mov(r10, __qword_ptr[r11 + KernelFrame.Addend]);
        c.test(r10, r10);
        c.jz(none);
        for (int r = 0; r < rows; r++)
        {
            for (int v = 0; v < vectors; v++)
            {
                AssemblerRegisterZMM sum = Zmm(r * 4 + v);
                c.vaddps(v == vectors - 1 ? sum.k1 : sum, sum, __zmmword_ptr[r10 + v * 64]);
            }
            c.add(r10, __qword_ptr[r11 + KernelFrame.StrideC]);
        }
        c.Label(ref none);
    }

    private static void Store(Assembler c, int rows, int vectors)
    {
        c.mov(r10, __qword_ptr[r11 + KernelFrame.C]);
        for (int r = 0; r < rows; r++)
        {
            for (int v = 0; v < vectors; v++)
            {
                AssemblerMemoryOperand at = __zmmword_ptr[r10 + v * 64];
                c.vmovups(v == vectors - 1 ? at.k1 : at, Zmm(r * 4 + v));
            }
            c.add(r10, __qword_ptr[r11 + KernelFrame.StrideC]);
        }
    }

    private static void MultiplyAdd(
        Assembler c, Precision precision, AssemblerRegisterZMM sum, AssemblerRegisterZMM a, AssemblerRegisterZMM b)
    {
        switch (precision)
        {
            case Precision.Float32: c.vfmadd231ps(sum, a, b); break;
            case Precision.BFloat16: c.vdpbf16ps(sum, a, b); break;
            default: c.vpdpbusd(sum, a, b); break;              // a unsigned, b signed
        }
    }

    private static AssemblerRegisterZMM Zmm(int i) => new(Register.ZMM0 + i);
}
