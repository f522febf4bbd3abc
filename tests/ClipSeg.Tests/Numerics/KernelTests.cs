using System.Runtime.Intrinsics;
using ClipSeg.Numerics;

namespace ClipSeg.Tests.Numerics;

public sealed class KernelTests
{
    [Fact]
    public void Softmax_equals_its_definition_at_every_length()
    {
        Random random = new(42);
        foreach (int n in Lengths.All.Where(n => n > 0))
        {
            float[] x = random.Floats(n, -100, 100);
            if (n > 2) x[n / 2] = float.NegativeInfinity;           // a masked score
            float[] expected = new float[n];
            Kernels.SoftmaxScalar(x, expected);

            Fenced actual = new(n);
            Kernels.Softmax(x, actual.Span);
            Close.All(expected, actual.Span, absolute: 1e-6f);
            actual.AssertFencesIntact();

            Kernels.Softmax(x, x);
            Close.All(expected, x, absolute: 1e-6f);
            if (n > 2) Assert.Equal(0, x[n / 2]);
        }
    }

    [Theory]
    [InlineData(1, 16)]
    [InlineData(7, 64)]
    [InlineData(131, 144)]
    public void Exponentials_of_columns_equal_their_definition(int rows, int columns)
    {
        const float Scale = 0.3f;
        Random random = new(3);
        float[] x = random.Floats(rows * columns, -100, 100);
        if (rows > 2) x[columns + 5] = float.NegativeInfinity;      // a masked score
        Fenced actual = new(rows * columns), sums = new(columns);
        x.CopyTo(actual.Span);

        Kernels.ColumnExponentials(actual.Span, sums.Span, Scale);

        for (int c = 0; c < columns; c++)
        {
            float[] column = [.. Enumerable.Range(0, rows).Select(r => Scale * x[r * columns + c])];
            float[] expected = [.. column.Select(v => (float)Math.Exp((double)v - column.Max()))];
            for (int r = 0; r < rows; r++) Assert.Equal(expected[r], actual.Span[r * columns + c], 1e-5f);
            Assert.Equal(expected.Sum(), sums.Span[c], 1e-4f * expected.Sum());
        }
        if (rows > 2) Assert.Equal(0, actual.Span[columns + 5]);
        actual.AssertFencesIntact();
        sums.AssertFencesIntact();

        Fenced again = new(columns);
        uint[] pairs = new uint[(rows + 1) / 2 * columns], both = new uint[columns];
        Kernels.ColumnExponentials(x, again.Span, Scale, pairs);
        for (int r = 0; r < rows; r += 2)
        {
            Span<float> even = actual.Span.Slice(r * columns, columns);
            Kernels.ToBFloat16(even, r + 1 < rows ? actual.Span.Slice((r + 1) * columns, columns) : default, both);
            Assert.Equal(both, pairs.AsSpan(r / 2 * columns, columns));
        }
        Assert.Equal(sums.Span, again.Span);
        again.AssertFencesIntact();
    }

    [Fact]
    public void LayerNorm_equals_its_definition_at_every_length()
    {
        Random random = new(42);
        foreach (int n in Lengths.All.Where(n => n > 1))
        {
            float[] x = random.Floats(n, -3, 5), w = random.Floats(n), b = random.Floats(n), expected = new float[n];
            double mean = x.Average(v => (double)v), variance = x.Average(v => (v - mean) * (v - mean));
            for (int i = 0; i < n; i++)
                expected[i] = (float)((x[i] - mean) / Math.Sqrt(variance + 1e-5) * w[i] + b[i]);

            Fenced actual = new(n);
            Kernels.LayerNorm(x, w, b, 1e-5f, actual.Span);
            Close.All(expected, actual.Span, absolute: 2e-6f, relative: 2e-6f);
            actual.AssertFencesIntact();
        }
    }

    [Fact]
    public void Activations_equal_their_definitions_at_every_length()
    {
        Random random = new(42);
        foreach (int n in Lengths.All)
        {
            float[] x = random.Floats(n, -60, 60);
            Fenced gelu = new(n), exact = new(n), sigmoid = new(n), relu = new(n);
            Kernels.Apply<QuickGeluFunction>(x, gelu.Span);
            Kernels.Apply<GeluFunction>(x, exact.Span);
            Kernels.Apply<SigmoidFunction>(x, sigmoid.Span);
            Kernels.Apply<ReluFunction>(x, relu.Span);
            for (int i = 0; i < n; i++)
            {
                Assert.Equal(x[i] / (1 + Math.Exp(-1.702 * x[i])), gelu.Span[i], Math.Abs(x[i]) * 1e-6);
                Assert.Equal(x[i] * Normal(x[i]), exact.Span[i], Math.Max(1, Math.Abs(x[i])) * 4e-7);
                Assert.Equal(1 / (1 + Math.Exp(-x[i])), sigmoid.Span[i], 1e-6);
                Assert.Equal(Math.Max(x[i], 0), relu.Span[i]);
            }
            gelu.AssertFencesIntact();
            exact.AssertFencesIntact();
            sigmoid.AssertFencesIntact();
            relu.AssertFencesIntact();
        }
    }

    [Fact]
    public void Gelu_has_the_values_of_a_table_of_the_normal_distribution()
    {
        float[] x = [0, 1, -1, 2, -3], y = new float[5];
        Kernels.Apply<GeluFunction>(x, y);
        Close.All([0, 0.8413447f, -0.1586553f, 1.9544997f, -0.0040497f], y, absolute: 4e-7f);
    }

    /// <summary>The share of a normal distribution below x, by Simpson's rule from 0.</summary>
    internal static double Normal(double x)
    {
        const int Steps = 400;
        if (Math.Abs(x) > 8) return x > 0 ? 1 : 0;
        double h = x / Steps, sum = 0;
        for (int i = 0; i <= Steps; i++)
            sum += (i is 0 or Steps ? 1 : i % 2 == 1 ? 4 : 2) * Math.Exp(-i * h * i * h / 2);
        return 0.5 + sum * h / 3 / Math.Sqrt(2 * Math.PI);
    }

    [Fact]
    public void Exp_is_within_two_units_in_the_last_place()
    {
        for (float x = -87.3f; x < 88.3f; x += 0.0173f)
        {
            float y = Kernels.Exp(Vector512.Create(x))[0];
            float expected = (float)Math.Exp(x);
            Assert.True(Math.Abs(y - expected) <= 2 * (MathF.BitIncrement(expected) - expected),
                $"exp({x}) = {y:R}, {expected:R}");
        }
        Assert.Equal(0, Kernels.Exp(Vector512.Create(float.NegativeInfinity))[0]);
        Assert.Equal(float.NaN, Kernels.Exp(Vector512.Create(float.NaN))[0]);
    }

    [Fact]
    public void Dropout_zeroes_its_share_and_draws_the_same_twice()
    {
        float[] x = new float[100_003], again = new float[100_003];
        Array.Fill(x, 1);
        Array.Fill(again, 1);
        Kernels.Dropout(x, 0.1f, 7, 0);
        Kernels.Dropout(again, 0.1f, 7, 0);
        Assert.Equal(x, again);
        Assert.Equal(0.1, x.Count(v => v == 0) / (double)x.Length, 0.005);
        Assert.All(x, v => Assert.True(v is 0 or 1 / 0.9f));

        float[] tail = new float[1000];                 // drawn from the middle: the same elements
        Array.Fill(tail, 1);
        Kernels.Dropout(tail, 0.1f, 7, 50_001);
        Assert.Equal(x[50_001..51_001], tail);
    }

    [Fact]
    public void Transpose_moves_every_element()
    {
        Random random = new(42);
        foreach ((int rows, int columns) in ((int, int)[])[(1, 1), (3, 40), (16, 16), (33, 100), (485, 64)])
        {
            float[] x = random.Floats(rows * columns);
            Fenced y = new(rows * columns);
            Kernels.Transpose(x, rows, columns, columns, y.Span, rows);
            for (int i = 0; i < x.Length; i++) Assert.Equal(x[i], y.Span[i % columns * rows + i / columns]);
            y.AssertFencesIntact();
        }
    }
}
