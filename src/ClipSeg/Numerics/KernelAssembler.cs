using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace ClipSeg.Numerics;

/// <summary>Writes the machine code of <see cref="GeneratedKernel"/>.</summary>
/// <remarks>
/// Registers: zmm0 to zmm23 hold the block of C, zmm24 to zmm27 a row of the panel, zmm28 to zmm31 broadcast elements
/// of A. rax: A, rdx: three rows further, r8: its stride, rcx: panel, r9: steps left, r10: rows of C, r11: arguments;
/// none of them is the caller's under either calling convention. k1 masks the last register of a row.
/// </remarks>
internal static class KernelAssembler
{
    private const int PanelStride = GeneratedKernel.Columns * 4;
    private const int A = 0, StrideA = 8, Panel = 16, Depth = 24, C = 32, StrideC = 40, Start = 48, StrideStart = 56,
        Addend = 64, Mask = 72;             // of GeneratedKernel.Arguments

    // The low halves of these belong to the caller on Windows.
    private const int FirstSaved = 6, LastSaved = 15, SavedBytes = (LastSaved - FirstSaved + 1) * 16 + 8;

    /// <summary>The code of a function that takes a pointer to <see cref="GeneratedKernel.Arguments"/>.</summary>
    public static byte[] Assemble(Precision precision, int rows, int vectors, bool byColumns, bool windows)
    {
        Assembler c = new(64);
        int used = (rows - 1) * 4 + vectors - 1;            // the highest register that holds a part of C
        int saved = windows ? Math.Min(LastSaved, used) : -1;

        c.mov(r11, windows ? rcx : rdi);
        if (saved >= FirstSaved) c.sub(rsp, SavedBytes);
        for (int i = FirstSaved; i <= saved; i++) c.vmovups(__xmmword_ptr[rsp + (i - FirstSaved) * 16], Xmm(i));
        c.mov(rax, __qword_ptr[r11 + A]);
        c.mov(r8, __qword_ptr[r11 + StrideA]);
        c.mov(rcx, __qword_ptr[r11 + Panel]);
        c.mov(r9, __qword_ptr[r11 + Depth]);
        c.kmovw(k1, __word_ptr[r11 + Mask]);
        if (!byColumns)
        {
            c.lea(rdx, __[r8 + r8 * 2]);
            c.add(rdx, rax);
        }

        StartSums(c, rows, vectors);
        Label loop = c.CreateLabel(), done = c.CreateLabel();
        c.test(r9, r9);
        c.jz(done);
        c.Label(ref loop);
        for (int v = 0; v < vectors; v++) c.vmovups(Zmm(24 + v), __zmmword_ptr[rcx + v * 64]);
        for (int r = 0; r < rows; r++)
        {
            AssemblerRegisterZMM a = Zmm(28 + r % 4);
            c.vbroadcastss(a, Element(r, byColumns));
            for (int v = 0; v < vectors; v++) MultiplyAdd(c, precision, Zmm(r * 4 + v), a, Zmm(24 + v));
        }
        c.add(rcx, PanelStride);
        if (byColumns)
        {
            c.add(rax, r8);
        }
        else
        {
            c.add(rax, 4);
            c.add(rdx, 4);
        }
        c.dec(r9);
        c.jnz(loop);
        c.Label(ref done);

        if (precision != Precision.Int8) AddAddend(c, rows, vectors);
        c.mov(r10, __qword_ptr[r11 + C]);
        for (int r = 0; r < rows; r++)
        {
            for (int v = 0; v < vectors; v++)
            {
                AssemblerMemoryOperand at = __zmmword_ptr[r10 + v * 64];
                c.vmovups(v == vectors - 1 ? at.k1 : at, Zmm(r * 4 + v));
            }
            c.add(r10, __qword_ptr[r11 + StrideC]);
        }
        for (int i = FirstSaved; i <= saved; i++) c.vmovups(Xmm(i), __xmmword_ptr[rsp + (i - FirstSaved) * 16]);
        if (saved >= FirstSaved) c.add(rsp, SavedBytes);
        c.vzeroupper();
        c.ret();

        using MemoryStream code = new();
        c.Assemble(new StreamCodeWriter(code), rip: 0);
        return code.ToArray();
    }

    private static void StartSums(Assembler c, int rows, int vectors)
    {
        Label zero = c.CreateLabel(), ready = c.CreateLabel();
        c.mov(r10, __qword_ptr[r11 + Start]);
        c.test(r10, r10);
        c.jz(zero);
        for (int r = 0; r < rows; r++)
        {
            for (int v = 0; v < vectors; v++)
            {
                AssemblerRegisterZMM sum = Zmm(r * 4 + v);
                c.vmovups(v == vectors - 1 ? sum.k1.z : sum, __zmmword_ptr[r10 + v * 64]);
            }
            c.add(r10, __qword_ptr[r11 + StrideStart]);
        }
        c.jmp(ready);
        c.Label(ref zero);
        for (int r = 0; r < rows; r++)
        {
            for (int v = 0; v < vectors; v++) c.vpxord(Zmm(r * 4 + v), Zmm(r * 4 + v), Zmm(r * 4 + v));
        }
        c.Label(ref ready);
    }

    private static void AddAddend(Assembler c, int rows, int vectors)
    {
        Label none = c.CreateLabel();
        c.mov(r10, __qword_ptr[r11 + Addend]);
        c.test(r10, r10);
        c.jz(none);
        for (int r = 0; r < rows; r++)
        {
            for (int v = 0; v < vectors; v++)
            {
                AssemblerRegisterZMM sum = Zmm(r * 4 + v);
                c.vaddps(v == vectors - 1 ? sum.k1 : sum, sum, __zmmword_ptr[r10 + v * 64]);
            }
            c.add(r10, __qword_ptr[r11 + StrideC]);
        }
        c.Label(ref none);
    }

    private static AssemblerMemoryOperand Element(int row, bool byColumns)
    {
        if (byColumns) return __dword_ptr[rax + row * 4];
        AssemblerRegister64 three = row < 3 ? rax : rdx;
        return (row % 3) switch
        {
            0 => __dword_ptr[three],
            1 => __dword_ptr[three + r8],
            _ => __dword_ptr[three + r8 * 2],
        };
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

    private static AssemblerRegisterXMM Xmm(int i) => new(Register.XMM0 + i);
}
