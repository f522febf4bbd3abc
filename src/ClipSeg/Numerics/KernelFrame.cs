using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace ClipSeg.Numerics;

/// <summary>
/// What the code of every kernel has around the sums of a block: the arguments, the loops over blocks and over the
/// depth, the end. It is a function that takes a pointer to <see cref="GeneratedKernel.Arguments"/>.
/// </summary>
/// <remarks>
/// rax: A, rdx: three rows further, r8: its stride, rcx: panel, r9: steps left, r10: rows of C, r11: arguments; none of
/// them is the caller's under either calling convention. All but r11 are free outside of the loop over the depth.
/// </remarks>
internal sealed class KernelFrame
{
    // Where things are in GeneratedKernel.Arguments.
    public const int C = 32, StrideC = 40, Start = 48, StrideStart = 56, Addend = 64, LastColumns = 72, Rectifies = 80,
        RowScales = 96, ColumnScales = 104, Bias = 112;

    private const int A = 0, StrideA = 8, Panel = 16, Depth = 24, BlocksLeft = 88;

    // Bytes: by the time that they are needed they have come from a cache that all cores share.
    private const int PanelAhead = 8192;

    // The low halves of these belong to the caller on Windows.
    private const int FirstSaved = 6, LastSaved = 15, SavedBytes = (LastSaved - FirstSaved + 1) * 16 + 8;

    private readonly Assembler _c;
    private readonly int _rows;
    private readonly bool _byColumns;
    private readonly int _saved;

    /// <param name="used">The highest vector register that the code writes to.</param>
    public KernelFrame(Assembler c, int rows, int used, bool byColumns, bool windows)
    {
        (_c, _rows, _byColumns, _saved) = (c, rows, byColumns, windows ? Math.Min(LastSaved, used) : -1);
        c.mov(r11, windows ? rcx : rdi);
        if (_saved >= FirstSaved) c.sub(rsp, SavedBytes);
        for (int i = FirstSaved; i <= _saved; i++) c.vmovups(__xmmword_ptr[rsp + (i - FirstSaved) * 16], Xmm(i));
    }

    /// <summary>
    /// Repeats <paramref name="block"/> for one block of rows below another. The arguments follow, to beyond the last.
    /// </summary>
    public void Blocks(Action block)
    {
        Assembler c = _c;
        Label next = c.CreateLabel(), noStart = c.CreateLabel(), noAddend = c.CreateLabel();
        c.Label(ref next);
        block();
        if (_byColumns)
        {
            c.add(__qword_ptr[r11 + A], _rows * 4);
        }
        else
        {
            c.imul(rax, __qword_ptr[r11 + StrideA], _rows);
            c.add(__qword_ptr[r11 + A], rax);
        }
        c.add(__qword_ptr[r11 + RowScales], _rows * 4);
        c.imul(rax, __qword_ptr[r11 + StrideStart], _rows);
        c.cmp(__qword_ptr[r11 + Start], 0);
        c.je(noStart);
        c.add(__qword_ptr[r11 + Start], rax);
        c.Label(ref noStart);
        c.imul(rax, __qword_ptr[r11 + StrideC], _rows);
        c.add(__qword_ptr[r11 + C], rax);
        c.cmp(__qword_ptr[r11 + Addend], 0);
        c.je(noAddend);
        c.add(__qword_ptr[r11 + Addend], rax);
        c.Label(ref noAddend);
        c.dec(__qword_ptr[r11 + BlocksLeft]);
        c.jnz(next);
    }

    /// <summary>Has C's rows of the next block brought near while this one is computed.</summary>
    /// <param name="lines">Cache lines of a row.</param>
    public void PrefetchNext(int lines)
    {
        _c.mov(rax, __qword_ptr[r11 + StrideC]);
        _c.imul(r10, rax, _rows);
        _c.add(r10, __qword_ptr[r11 + C]);
        for (int r = 0; r < _rows; r++)
        {
            for (int i = 0; i < lines; i++) _c.prefetchw(__byte_ptr[r10 + i * 64]);
            _c.add(r10, rax);
        }
    }

    /// <summary>Repeats <paramref name="step"/> for each 32-bit element of a row of A.</summary>
    /// <param name="panelStride">Bytes of the panel that a step reads.</param>
    public void Loop(int panelStride, Action step)
    {
        Assembler c = _c;
        c.mov(rax, __qword_ptr[r11 + A]);
        c.mov(r8, __qword_ptr[r11 + StrideA]);
        c.mov(rcx, __qword_ptr[r11 + Panel]);
        c.mov(r9, __qword_ptr[r11 + Depth]);
        if (!_byColumns)
        {
            c.lea(rdx, __[r8 + r8 * 2]);
            c.add(rdx, rax);
        }
        Label loop = c.CreateLabel(), done = c.CreateLabel();
        c.test(r9, r9);
        c.jz(done);
        c.Label(ref loop);
        for (int line = 0; line < panelStride; line += 64) c.prefetcht0(__byte_ptr[rcx + PanelAhead + line]);
        step();
        c.add(rcx, panelStride);
        if (_byColumns)
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
    }

    /// <summary>The element of A that row <paramref name="row"/> multiplies in this step.</summary>
    public AssemblerMemoryOperand Element(int row)
    {
        if (_byColumns) return __dword_ptr[rax + row * 4];
        AssemblerRegister64 three = row < 3 ? rax : rdx;
        return (row % 3) switch
        {
            0 => __dword_ptr[three],
            1 => __dword_ptr[three + r8],
            _ => __dword_ptr[three + r8 * 2],
        };
    }

    /// <summary>The function's end.</summary>
    public void Return()
    {
        for (int i = FirstSaved; i <= _saved; i++) _c.vmovups(Xmm(i), __xmmword_ptr[rsp + (i - FirstSaved) * 16]);
        if (_saved >= FirstSaved) _c.add(rsp, SavedBytes);
        _c.vzeroupper();
        _c.ret();
    }

    /// <summary>The code, to be run where it is put.</summary>
    public static byte[] Bytes(Assembler c)
    {
        using MemoryStream code = new();
        c.Assemble(new StreamCodeWriter(code), rip: 0);
        return code.ToArray();
    }

    private static AssemblerRegisterXMM Xmm(int i) => new(Register.XMM0 + i);
}
