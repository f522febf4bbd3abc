using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace ClipSeg.Numerics;

/// <summary>Writes the machine code of <see cref="GeneratedKernel.Avx2Kernel"/>.</summary>
/// <remarks>
/// Registers: ymm0 to ymm11 hold the block of C, ymm12 and ymm13 a row of the panel, ymm14 and ymm15 what else is
/// needed. There are no instructions for bfloat16: its bits are the upper half of a float's, so each half of an element
/// becomes a float first. Without AVX-VNNI, bytes become words, whose products are summed in pairs, exactly: the
/// instruction for pairs of bytes would saturate.
/// </remarks>
internal static class Avx2KernelAssembler
{
    private const int PanelStride = 16 * 4, VectorBytes = 32;

    private static readonly AssemblerRegisterYMM _a = ymm14, _other = ymm15;

    /// <summary>The code of a block; see <see cref="KernelFrame"/>.</summary>
    /// <param name="vnni">Whether the processor has AVX-VNNI.</param>
    public static byte[] Assemble(
        Precision precision, int rows, int vectors, bool byColumns, bool windows, bool vnni)
    {
        Assembler c = new(64);
        KernelFrame frame = new(c, rows, used: 15, byColumns, windows);
        Block block = new(c, frame, rows, vectors);
        frame.Blocks(() =>
        {
            block.StartSums();
            frame.PrefetchNext(lines: 1);
            if (precision == Precision.BFloat16) block.KeepHighHalves();
            frame.Loop(PanelStride, precision switch
            {
                Precision.Float32 => block.MultiplyFloats,
                Precision.BFloat16 => block.MultiplyHalves,
                _ when vnni => block.MultiplyBytes,
                _ => block.MultiplyWords,
            });
            if (precision == Precision.Int8) block.Scale();
            block.Finish();
            block.Store();
        });
        frame.Return();
        block.Constants();
        return KernelFrame.Bytes(c);
    }

    private sealed class Block(Assembler c, KernelFrame frame, int rows, int vectors)
    {
        private Label _columns = c.CreateLabel(), _highHalves = c.CreateLabel(), _lowBytes = c.CreateLabel();

        public void StartSums()
        {
            Label zero = c.CreateLabel(), ready = c.CreateLabel();
            c.mov(r10, __qword_ptr[r11 + KernelFrame.Start]);
            c.test(r10, r10);
            c.jz(zero);
            LoadMask();
            c.mov(r10, __qword_ptr[r11 + KernelFrame.Start]);
            for (int r = 0; r < rows; r++)
            {
                LoadRow(v => Sum(r, v));
                c.add(r10, __qword_ptr[r11 + KernelFrame.StrideStart]);
            }
            c.jmp(ready);
            c.Label(ref zero);
            Each((r, v) => c.vxorps(Sum(r, v), Sum(r, v), Sum(r, v)));
            c.Label(ref ready);
        }

        public void MultiplyFloats()
        {
            for (int v = 0; v < vectors; v++) c.vmovups(B(v), Panel(v));
            for (int r = 0; r < rows; r++)
            {
                AssemblerRegisterYMM a = r % 2 == 0 ? _a : _other;
                c.vbroadcastss(a, frame.Element(r));
                for (int v = 0; v < vectors; v++) c.vfmadd231ps(Sum(r, v), a, B(v));
            }
        }

        /// <summary>To be called before the loop of <see cref="MultiplyHalves"/>.</summary>
        public void KeepHighHalves() => c.vmovups(_other, __ymmword_ptr[_highHalves]);

        public void MultiplyHalves()
        {
            for (int v = 0; v < vectors; v++)
            {
                c.vmovups(B(v), Panel(v));
                c.vpslld(B(v), B(v), 16);
            }
            EachRow(() => c.vpslld(_a, _a, 16), (sum, b) => c.vfmadd231ps(sum, _a, b));
            for (int v = 0; v < vectors; v++) c.vpand(B(v), _other, Panel(v));
            EachRow(() => c.vpand(_a, _a, _other), (sum, b) => c.vfmadd231ps(sum, _a, b));
        }

        public void MultiplyBytes()
        {
            for (int v = 0; v < vectors; v++) c.vmovups(B(v), Panel(v));
            EachRow(() => { }, (sum, b) => c.vpdpbusd(sum, _a, b));             // a unsigned, b signed
        }

        public void MultiplyWords()
        {
            for (int v = 0; v < vectors; v++)
            {
                c.vmovups(B(v), Panel(v));
                c.vpsllw(B(v), B(v), 8);
                c.vpsraw(B(v), B(v), 8);
            }
            EachRow(() => c.vpand(_a, _a, __ymmword_ptr[_lowBytes]), AddPairs);
            for (int v = 0; v < vectors; v++)
            {
                c.vmovups(B(v), Panel(v));
                c.vpsraw(B(v), B(v), 8);
            }
            EachRow(() => c.vpsrlw(_a, _a, 8), AddPairs);
        }

        /// <summary>From sums of integers to what they are multiples of, and the bias.</summary>
        public void Scale()
        {
            Label none = c.CreateLabel();
            LoadMask();
            c.mov(r10, __qword_ptr[r11 + KernelFrame.ColumnScales]);
            c.mov(rax, __qword_ptr[r11 + KernelFrame.RowScales]);
            LoadRow(B);
            Each((r, v) =>
            {
                c.vbroadcastss(_other, __dword_ptr[rax + r * 4]);
                c.vmulps(_other, B(v), _other);
                c.vcvtdq2ps(Sum(r, v), Sum(r, v));
                c.vmulps(Sum(r, v), Sum(r, v), _other);
            });
            c.mov(r10, __qword_ptr[r11 + KernelFrame.Bias]);
            c.test(r10, r10);
            c.jz(none);
            LoadRow(B);
            Each((r, v) => c.vaddps(Sum(r, v), Sum(r, v), B(v)));
            c.Label(ref none);
        }

        public void Finish()
        {
            Label linear = c.CreateLabel(), none = c.CreateLabel();
            c.cmp(__qword_ptr[r11 + KernelFrame.Rectifies], 0);
            c.je(linear);
            c.vxorps(_other, _other, _other);
            Each((r, v) => c.vmaxps(Sum(r, v), _other, Sum(r, v)));     // the sum comes second, and stays if it is NaN
            c.Label(ref linear);
            LoadMask();
            c.mov(r10, __qword_ptr[r11 + KernelFrame.Addend]);
            c.test(r10, r10);
            c.jz(none);
            for (int r = 0; r < rows; r++)
            {
                for (int v = 0; v < vectors - 1; v++) c.vaddps(Sum(r, v), Sum(r, v), At(v));
                c.vmaskmovps(_other, _a, At(vectors - 1));
                c.vaddps(Sum(r, vectors - 1), Sum(r, vectors - 1), _other);
                c.add(r10, __qword_ptr[r11 + KernelFrame.StrideC]);
            }
            c.Label(ref none);
        }

        /// <summary>Whole rows are stored without a mask: storing with one takes many times as long.</summary>
        public void Store()
        {
            Label partial = c.CreateLabel(), done = c.CreateLabel();
            LoadMask();
            c.mov(r10, __qword_ptr[r11 + KernelFrame.C]);
            c.cmp(r9, -8);
            c.jne(partial);
            for (int r = 0; r < rows; r++)
            {
                for (int v = 0; v < vectors; v++) c.vmovups(At(v), Sum(r, v));
                c.add(r10, __qword_ptr[r11 + KernelFrame.StrideC]);
            }
            c.jmp(done);
            c.Label(ref partial);
            for (int r = 0; r < rows; r++)
            {
                for (int v = 0; v < vectors - 1; v++) c.vmovups(At(v), Sum(r, v));
                c.vmaskmovps(At(vectors - 1), _a, Sum(r, vectors - 1));
                c.add(r10, __qword_ptr[r11 + KernelFrame.StrideC]);
            }
            c.Label(ref done);
        }

        /// <summary>Data behind the code.</summary>
        public void Constants()
        {
            c.Label(ref _columns);
            Fill(uint.MaxValue);
            Fill(0);
            c.Label(ref _highHalves);
            Fill(0xFFFF0000);
            c.Label(ref _lowBytes);
            Fill(0x00FF00FF);

            void Fill(uint element)
            {
                for (int i = 0; i < 8; i++) c.dd(element);
            }
        }

        /// <summary>
        /// The mask of a row's last register, all ones in the columns that are there, to ymm14; minus their number to
        /// r9.
        /// </summary>
        private void LoadMask()
        {
            c.mov(r9, __qword_ptr[r11 + KernelFrame.LastColumns]);
            c.neg(r9);
            c.lea(r10, __[_columns]);
            c.vmovups(_a, __ymmword_ptr[r10 + r9 * 4 + VectorBytes]);
        }

        /// <summary>Loads as many columns as a row has from r10, by the mask in ymm14.</summary>
        private void LoadRow(Func<int, AssemblerRegisterYMM> register)
        {
            for (int v = 0; v < vectors - 1; v++) c.vmovups(register(v), At(v));
            c.vmaskmovps(register(vectors - 1), _a, At(vectors - 1));
        }

        private void AddPairs(AssemblerRegisterYMM sum, AssemblerRegisterYMM b)
        {
            c.vpmaddwd(_other, _a, b);
            c.vpaddd(sum, sum, _other);
        }

        private void EachRow(Action convert, Action<AssemblerRegisterYMM, AssemblerRegisterYMM> multiply)
        {
            for (int r = 0; r < rows; r++)
            {
                c.vpbroadcastd(_a, frame.Element(r));
                convert();
                for (int v = 0; v < vectors; v++) multiply(Sum(r, v), B(v));
            }
        }

        private void Each(Action<int, int> action)
        {
            for (int r = 0; r < rows; r++)
            {
                for (int v = 0; v < vectors; v++) action(r, v);
            }
        }

        private static AssemblerRegisterYMM Sum(int row, int vector) => new(Register.YMM0 + row * 2 + vector);

        private static AssemblerRegisterYMM B(int vector) => new(Register.YMM12 + vector);

        private static AssemblerMemoryOperand At(int vector) => __ymmword_ptr[r10 + vector * VectorBytes];

        private static AssemblerMemoryOperand Panel(int vector) => __ymmword_ptr[rcx + vector * VectorBytes];
    }
}
