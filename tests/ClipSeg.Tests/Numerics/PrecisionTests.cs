using ClipSeg.Numerics;

namespace ClipSeg.Tests.Numerics;

/// <summary>Products in every precision, by generated code and without it.</summary>
public sealed class PrecisionTests
{
    public static TheoryData<Precision, bool> Ways => new()
    {
        { Precision.Float32, true }, { Precision.Float32, false },
        { Precision.BFloat16, true }, { Precision.BFloat16, false },
        { Precision.Int8, true }, { Precision.Int8, false },
    };

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_product_is_that_of_its_rounded_operands(Precision precision, bool generated) => Run(generated, () =>
    {
        Random random = new(3);
        foreach (int panelWidth in (int[])[8, 16, 64])
        {
            foreach ((int m, int n, int k) in ((int, int, int)[])
                [(1, 1, 1), (5, 3, 2), (6, 64, 7), (7, 65, 33), (13, 130, 801), (170, 48, 64), (2, 17, 3100)])
            {
                foreach (Activation activation in Enum.GetValues<Activation>())
                    Compare(random, precision, panelWidth, m, n, k, activation);
            }
        }
    });

    [Theory]
    [MemberData(nameof(Ways))]
    public void Two_layers_some_rows_at_a_time_are_two_products(Precision precision, bool generated)
        => Run(generated, () =>
    {
        Random random = new(7);
        foreach ((int rows, int inner, int width) in
            ((int, int, int)[])[(3, 50, 8), (577, 512, 12), (401, 701, 12), (131, 2048, 16)])
        {
            Tensor x = random.Tensor(2, rows, width), added = random.Tensor(2, rows, width);
            Parameter first = Frozen(random, inner, width), second = Frozen(random, width, inner);
            Parameter firstBias = Frozen(random, inner), bias = Frozen(random, width);
            foreach (Activation activation in Enum.GetValues<Activation>())
            {
                Tensor expected = x.Linear(first, firstBias, activation).Linear(second, bias, addend: added);
                Tensor actual = x.TwoLayers(new(first, firstBias, activation), second, bias, added);
                Assert.Equal(expected.Shape, actual.Shape);
                Assert.Equal(expected.Data, actual.Data);
                Assert.Equal(x.Linear(first, firstBias, activation).Linear(second, null).Data,
                    x.TwoLayers(new(first, firstBias, activation), second, null, null).Data);
            }
        }

        Parameter Frozen(Random source, params int[] shape)
        {
            Tensor value = source.Tensor(shape);
            return new("w", shape, (at, y) => value.Data.Slice((int)at, y.Length).CopyTo(y)) { Precision = precision };
        }
    });

    [Theory]
    [MemberData(nameof(Ways))]
    public void Attention_is_that_of_rounded_queries_keys_values_and_weights(Precision precision, bool generated)
        => Run(generated, () =>
    {
        const int Heads = 2, Width = 34, Depth = Width / Heads;
        Precision rounded = precision == Precision.Float32 ? precision : Precision.BFloat16;
        Random random = new(5);
        foreach (int tokens in (int[])[1, 2, 7, 64, 131])
        {
            foreach (bool causal in (bool[])[false, true])
            {
                Tensor q = random.Tensor(1, tokens, Width), k = random.Tensor(1, tokens, Width),
                    v = random.Tensor(1, tokens, Width);
                Tensor actual = Tensor.Attention(q, k, v, Heads, causal, precision: precision);
                for (int t = 0; t < tokens; t++)
                {
                    for (int c = 0; c < Width; c++)
                    {
                        Assert.Equal(Expected(q.Data, k.Data, v.Data, t, c, causal ? t + 1 : tokens),
                            actual.Data[t * Width + c], rounded == Precision.Float32 ? 1e-5f : 3e-3f);
                    }
                }
            }
        }

        float Expected(Span<float> q, Span<float> k, Span<float> v, int t, int c, int visible)
        {
            double[] scores = new double[visible];
            for (int j = 0; j < visible; j++)
            {
                for (int d = c / Depth * Depth; d < c / Depth * Depth + Depth; d++)
                    scores[j] += (double)Rounded(q[t * Width + d], rounded) * Rounded(k[j * Width + d], rounded);
            }
            double max = scores.Max(), sum = 0, y = 0;
            for (int j = 0; j < visible; j++)
            {
                double e = Math.Exp((scores[j] - max) / Math.Sqrt(Depth));
                sum += e;
                y += Rounded((float)e, rounded) * (double)Rounded(v[j * Width + c], rounded);
            }
            return (float)(y / sum);
        }
    });

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_transposed_product_adds_to_what_is_there(Precision precision, bool generated) => Run(generated, () =>
    {
        if (precision == Precision.Int8) return;        // no gradient is computed in integers
        Random random = new(3);
        foreach ((int k, int m, int n) in ((int, int, int)[])[(1, 1, 1), (3, 7, 65), (64, 12, 64), (801, 31, 20)])
        {
            foreach (bool here in (bool[])[false, true])
            {
                float[] a = random.Floats(k * m), b = random.Floats(k * n), c = random.Floats(m * n);
                float[] expected = new float[m * n];
                for (int i = 0; i < m; i++)
                {
                    for (int j = 0; j < n; j++)
                    {
                        double sum = c[i * n + j];
                        for (int p = 0; p < k; p++)
                            sum += (double)Rounded(a[p * m + i], precision) * Rounded(b[p * n + j], precision);
                        expected[i * n + j] = (float)sum;
                    }
                }
                Gemm.AddTransposedProduct(a, m, k, m, b, n, n, c, n, precision, here);
                Close.All(expected, c, 2e-5f * MathF.Sqrt(k), what: $"{k}x{m}x{n}");
            }
        }
    });

    [Theory]
    [InlineData(Precision.BFloat16)]
    [InlineData(Precision.Int8)]
    public void Rows_of_a_tensor_that_two_scopes_read_are_each_scopes_own(Precision precision)
    {
        Tensor shared = new Random(7).Tensor(4, 32);
        using ManualResetEventSlim isRead = new(), isClosed = new();
        bool isReturned = true;
        Thread other = new(() =>
        {
            using TensorScope scope = new();
            ReducedRows rows = shared.Reduced(precision);
            isRead.Set();
            isClosed.Wait();
            isReturned = rows.Elements.IsReturned;
        });
        using (new TensorScope())
        {
            shared.Reduced(precision);
            other.Start();
            isRead.Wait();
        }
        isClosed.Set();
        other.Join();
        Assert.False(isReturned);
    }

    [Fact]
    public void Bfloat16_is_the_nearest_and_the_even_of_two()
    {
        Assert.Equal(0x3F80, Kernels.ToBFloat16(1f));
        Assert.Equal(0x3F80, Kernels.ToBFloat16(1f + 1 / 256f));            // halfway: down to even
        Assert.Equal(0x3F82, Kernels.ToBFloat16(1f + 3 / 256f));            // halfway: up to even
        Assert.Equal(0x7F80, Kernels.ToBFloat16(float.MaxValue));
        Assert.Equal(0xFF80, Kernels.ToBFloat16(float.NegativeInfinity));
        Assert.True((Kernels.ToBFloat16(BitConverter.UInt32BitsToSingle(0x7FFFFFFF)) & 0x7F) != 0);

        float[] x = [.. new Random(5).Floats(61), float.NaN, -0f];
        uint[] y = new uint[(x.Length + 1) / 2];
        Kernels.ToBFloat16(x, y);
        for (int i = 0; i < x.Length; i++)
            Assert.Equal(Kernels.ToBFloat16(x[i]), (ushort)(y[i / 2] >> 16 * (i % 2)));
    }

    [Fact]
    public void Quantised_rows_are_within_half_a_step()
    {
        foreach (int n in (int[])[1, 4, 31, 32, 100])
        {
            float[] x = new Random(n).Floats(n);
            foreach (int shift in (int[])[0, 128])
            {
                uint[] y = new uint[(n + 3) / 4];
                float scale = Kernels.Quantize(x, y, shift);
                for (int i = 0; i < n; i++)
                {
                    byte value = (byte)(y[i / 4] >> 8 * (i % 4));
                    float back = scale * (shift == 0 ? (sbyte)value : value - 128);
                    Assert.InRange(x[i] - back, -0.501f * scale, 0.501f * scale);
                }
            }
        }
        uint[] zeros = new uint[1];
        Kernels.Quantize([0, 0], zeros, 0);
        Assert.Equal(0u, zeros[0]);
    }

    private static void Run(bool generated, Action action)
    {
        if (generated) action();
        else GeneratedCode.Without(action);
    }

    private static void Compare(
        Random random, Precision precision, int panelWidth, int m, int n, int k, Activation activation)
    {
        float[] a = random.Floats(m * k), weight = random.Floats(n * k), bias = random.Floats(n);
        float[] addend = random.Floats(m * n);
        PackedMatrix packed = new(k, n, panelWidth, precision);
        packed.Pack(weight, k, transposed: true);
        Fenced c = new(m * n);
        Gemm.Multiply(a, k, m, packed, c.Span, n, new() { Bias = bias, Activation = activation, Addend = addend });

        float[] ra = Rows(a, k, precision), rb = Rows(weight, k, precision), expected = new float[m * n];
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
            {
                double sum = bias[j];
                for (int p = 0; p < k; p++) sum += (double)ra[i * k + p] * rb[j * k + p];
                if (activation == Activation.Relu) sum = Math.Max(sum, 0);
                if (activation == Activation.QuickGelu) sum /= 1 + Math.Exp(-1.702 * sum);
                if (activation == Activation.Gelu) sum *= KernelTests.Normal(sum);
                expected[i * n + j] = (float)(sum + addend[i * n + j]);
            }
        }
        Close.All(expected, c.Span, 2e-5f * MathF.Sqrt(k), what: $"{precision} {m}x{n}x{k}");
        c.AssertFencesIntact();
    }

    /// <summary>What rows of k elements are after rounding.</summary>
    private static float[] Rows(float[] x, int k, Precision precision)
    {
        if (precision != Precision.Int8) return [.. x.Select(v => Rounded(v, precision))];
        float[] y = new float[x.Length];
        uint[] quantised = new uint[(k + 3) / 4];
        for (int i = 0; i < x.Length; i += k)
        {
            float scale = Kernels.Quantize(x.AsSpan(i, k), quantised, 0);
            for (int j = 0; j < k; j++) y[i + j] = scale * (sbyte)(quantised[j / 4] >> 8 * (j % 4));
        }
        return y;
    }

    private static float Rounded(float x, Precision precision) => precision == Precision.BFloat16
        ? BitConverter.UInt32BitsToSingle((uint)Kernels.ToBFloat16(x) << 16)
        : x;
}
