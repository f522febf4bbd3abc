using ClipSeg.Numerics;

namespace ClipSeg.Tests.Numerics;

public sealed class GemmTests
{
    public static TheoryData<int> PanelWidths => [8, 16, 64];

    [Theory]
    [MemberData(nameof(PanelWidths))]
    public void Gemm_equals_its_definition_at_every_tail(int panelWidth)
    {
        EqualsItsDefinition(panelWidth);
        GeneratedCode.Without(() => EqualsItsDefinition(panelWidth));
    }

    [Theory]
    [MemberData(nameof(PanelWidths))]
    public void Gemm_gives_what_the_portable_kernel_gives(int panelWidth)
    {
        foreach (Precision precision in Enum.GetValues<Precision>()) CompareWithPortable(panelWidth, precision);
    }

    private static void CompareWithPortable(int panelWidth, Precision precision)
    {
        Random random = new(42);
        foreach ((int m, int n, int k) in ((int, int, int)[])[(1, 1, 1), (7, 17, 5), (13, 70, 800), (30, 33, 1601)])
        {
            float[] a = random.Floats(m * k), bias = random.Floats(n), actual = new float[m * n];
            PackedMatrix b = new(k, n, panelWidth, precision);
            b.Pack(random.Floats(k * n), k, transposed: true);
            float[] expected = new float[m * n];
            Gemm.Multiply(a, k, m, b, actual, n, new() { Bias = bias, Activation = Activation.QuickGelu });
            GeneratedCode.Without(() => Gemm.Multiply(
                a, k, m, b, expected, n, new() { Bias = bias, Activation = Activation.QuickGelu }));
            Close.All(expected, actual, 2e-5f * MathF.Sqrt(k), what: $"{precision} {m}x{n}x{k}");
        }
    }

    [Theory]
    [InlineData(Activation.None)]
    [InlineData(Activation.Relu)]
    [InlineData(Activation.QuickGelu)]
    [InlineData(Activation.Gelu)]
    internal void Gemm_applies_bias_activation_and_addend_in_that_order(Activation activation)
        => Compare(new(42), GemmKernel.Best.Columns, 37, 131, 1600, activation, bias: true, addend: true);

    [Theory]
    [InlineData(Activation.Relu)]
    [InlineData(Activation.QuickGelu)]
    [InlineData(Activation.Gelu)]
    internal void What_is_no_number_stays_so_through_every_activation(Activation activation)
    {
        StaysNotANumber();
        GeneratedCode.Without(StaysNotANumber);

        void StaysNotANumber()
        {
            float[] c = new float[7 * 20];
            PackedMatrix b = PackedMatrix.Of(Enumerable.Repeat(1f, 20).ToArray(), 1, 20, transposed: false);
            Gemm.Multiply([1, float.NaN, 1, 1, 1, 1, float.NaN], 1, 7, b, c, 20, new() { Activation = activation });
            Assert.All(c.Chunk(20).Index(), row =>
                Assert.All(row.Item, x => Assert.Equal(row.Index is 1 or 6, float.IsNaN(x))));
        }
    }

    [Fact]
    public void Gemm_of_no_sum_is_its_epilogue()
    {
        PackedMatrix b = new(0, 3);
        float[] c = [9, 9, 9];
        Gemm.Multiply([], 0, 1, b, c, 3, new() { Bias = [1, 2, 3] });
        Assert.Equal([1f, 2f, 3f], c);
    }

    [Fact]
    public void Gemm_refuses_spans_that_are_too_short()
    {
        PackedMatrix b = PackedMatrix.Of(new float[12], 3, 4, transposed: false);
        Assert.Throws<ArgumentException>(() => Gemm.Multiply(new float[5], 3, 2, b, new float[8], 4));
        Assert.Throws<ArgumentException>(() => Gemm.Multiply(new float[6], 3, 2, b, new float[7], 4));
    }

    [Fact]
    public void Gemm_gives_the_same_bits_on_any_number_of_threads()
    {
        Random random = new(42);
        PackedMatrix b = PackedMatrix.Of(random.Floats(300 * 500), 300, 500, transposed: true);
        float[] a = random.Floats(250 * 300), one = new float[250 * 500], many = new float[250 * 500];
        Gemm.MultiplyHere(a, 300, 250, b, one, 500);
        Gemm.Multiply(a, 300, 250, b, many, 500);
        Assert.Equal(one, many);
    }

    private static void EqualsItsDefinition(int panelWidth)
    {
        Random random = new(42);
        foreach (int m in (int[])[1, 2, 5, 6, 7, 12, 13, 170])
        {
            foreach (int n in (int[])[1, 3, 8, 15, 17, 63, 64, 65, 130])
            {
                foreach (int k in (int[])[1, 2, 31, 800]) Compare(random, panelWidth, m, n, k, Activation.None);
            }
        }
    }

    private static void Compare(
        Random random, int panelWidth, int m, int n, int k, Activation activation, bool bias = false,
        bool addend = false)
    {
        float[] a = random.Floats(m * k), b = random.Floats(k * n);
        float[] biases = bias ? random.Floats(n) : [], addends = addend ? random.Floats(m * n) : [];
        PackedMatrix packed = new(k, n, panelWidth);
        packed.Pack(b, n, transposed: false);
        Fenced c = new(m * n);
        Gemm.Multiply(a, k, m, packed, c.Span, n, new() { Bias = biases, Activation = activation, Addend = addends });

        float[] expected = new float[m * n];
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
            {
                double sum = bias ? biases[j] : 0;
                for (int p = 0; p < k; p++) sum += (double)a[i * k + p] * b[p * n + j];
                if (activation == Activation.Relu) sum = Math.Max(sum, 0);
                if (activation == Activation.QuickGelu) sum /= 1 + Math.Exp(-1.702 * sum);
                if (activation == Activation.Gelu) sum *= KernelTests.Normal(sum);
                expected[i * n + j] = (float)(sum + (addend ? addends[i * n + j] : 0));
            }
        }
        Close.All(expected, c.Span, 2e-5f * MathF.Sqrt(k), what: $"{m}x{n}x{k}");
        c.AssertFencesIntact();
    }
}
