namespace ClipSeg.Numerics;

internal static unsafe partial class Gemm
{
    /// <summary>The rows and columns between the two products that are made at once.</summary>
    private const int InnerRows = 16 * GemmKernel.Rows, InnerColumns = 256;

    /// <summary>
    /// Two products, C = activation(A B₁ + bias₁) B₂ + bias₂ + addend, on this thread alone. What is between them is
    /// made a few rows and columns at a time, and stays with what both read of B₁ and B₂ in the cache next to the core;
    /// the sums are those of the two products one after the other.
    /// </summary>
    /// <param name="a">[M, K], one row behind the other, as in C and the addend.</param>
    /// <param name="inner">Bias and activation of the first.</param>
    /// <param name="outer">Bias and addend of the second.</param>
    internal static void MultiplyTwice(
        ReadOnlySpan<float> a, int m, PackedMatrix first, in Epilogue inner, PackedMatrix second, Span<float> c,
        in Epilogue outer)
    {
        CheckRows(a, first.K, m, first.K);
        CheckResult(m, second, c, second.N, outer);
        if (second.K != first.N) Throw.LengthMismatch("Gemm depth", second.K, first.N);

        using TensorScope scope = new();
        ReducedRows? reduced = first.Precision == Precision.Float32
            ? null : ReducedRows.Of(a, first.K, m, first.K, first.Precision);
        ReadOnlySpan<float> elements = reduced is null ? a : reduced.Elements.Data;
        // Integers of a row are multiples of a number that the whole row decides.
        bool wholeRows = second.Precision == Precision.Int8 || !GeneratedKernel.Supports(second.Precision);
        int width = wholeRows ? first.N : Math.Min(first.N, InnerColumns);
        Tensor between = Tensor.Empty(InnerRows, width);
        fixed (float* pa = elements, scales = reduced?.Scales is { } s ? s.Data : default, pb = between.Data, pc = c,
            innerBias = inner.Bias, bias = outer.Bias, addend = outer.Addend)
        {
            for (int column = 0; column < first.N; column += width)
            {
                int end = Math.Min(first.N, column + width);
                for (int row = 0; row < m; row += InnerRows)
                {
                    int rows = Math.Min(InnerRows, m - row);
                    GemmProduct.Left left = new(pa + (nint)row * first.Depth, first.Depth) { Scales = scales + row };
                    GemmProduct product =
                        new(left, rows, first, pb - column, width, innerBias, addend: null, inner.Activation);
                    product.Run(
                        0, rows, column / first.PanelWidth, (end + first.PanelWidth - 1) / first.PanelWidth);

                    nint at = (nint)row * second.N;
                    MultiplyOn(between, rows, column, end, second, pc + at, bias, addend == null ? null : addend + at);
                }
            }
        }
    }

    /// <summary>Adds to C what some columns of the rows between the products give.</summary>
    private static void MultiplyOn(
        Tensor between, int rows, int column, int end, PackedMatrix b, float* c, float* bias, float* addend)
    {
        using TensorScope scope = new();
        ReducedRows? reduced = b.Precision == Precision.Float32
            ? null : ReducedRows.Of(between.Data, between[1], rows, end - column, b.Precision);
        Tensor elements = reduced is null ? between : reduced.Elements;
        fixed (float* pa = elements.Data, scales = reduced?.Scales is { } s ? s.Data : default)
        {
            int step = PackedMatrix.DepthOf(column, b.Precision);
            GemmProduct.Left left = new(pa - step, elements[1]) { Scales = scales };
            new GemmProduct(left, rows, b, c, b.N, bias, addend, Activation.None).Run(
                0, rows, 0, b.Panels, step, PackedMatrix.DepthOf(end, b.Precision));
        }
    }
}
