namespace ClipSeg.Numerics;

internal sealed partial class Tensor
{
    /// <summary>Of the rows between two layers: fewer are not worth making in pieces.</summary>
    private const int NearElements = 1 << 17;

    /// <summary>Larger weights would have to be read anew for every few rows.</summary>
    private const int LargestNearWeight = 1 << 18;

    /// <summary>Rows that two layers are computed for at once: they and the result stay in the core's own cache.
    /// </summary>
    private const int RowsOfPart = 384;

    /// <summary>activation(x Wᵀ + bias): [..., K] → [..., N] for a weight [N, K] and a bias [N].</summary>
    /// <param name="weight">[N, K]; further axes count as K.</param>
    /// <param name="bias">[N], or null.</param>
    /// <param name="activation">Fused into the product where no tape records.</param>
    /// <param name="addend">[..., N], added last (a residual), or null; fused likewise.</param>
    public Tensor Linear(
        Parameter weight, Parameter? bias, Activation activation = Activation.None, Tensor? addend = null)
    {
        int n = weight.Shape[0], k = Count(weight.Shape[1..]);
        if (Rank < 1 || this[^1] != k) Throw.Shape(nameof(Linear), _shape, $"[..., {k}] for weight '{weight.Name}'");
        if (bias is not null && bias.Shape is not [int length] || bias is not null && bias.Shape[0] != n)
            Throw.ShapeMismatch(nameof(Linear), bias.Shape, [n]);

        using Profile.Timing timing = Profile.Measure(nameof(Linear), weight, 2L * Rows * n * k);
        bool records = Tape.Records(this, weight, bias);
        Tensor y = Multiply(weight, bias, records ? Activation.None : activation, records ? null : addend);
        if (!records) return y;

        Tape.Current!.Add(y, () => LinearBackward(weight, bias, y));
        Tensor z = activation switch
        {
            Activation.QuickGelu => y.QuickGelu(),
            Activation.Gelu => y.Gelu(),
            Activation.Relu => y.Relu(),
            _ => y,
        };
        return addend is null ? z : addend + z;
    }

    /// <summary>
    /// bias + weight(first(x)) + addend, for inference: [..., K] → [..., N] by way of rows that are wider than both.
    /// Those are made a few at a time, so that they stay in the cache; the numbers are those of <see cref="Linear"/>
    /// twice.
    /// </summary>
    internal Tensor TwoLayers(InnerLayer first, Parameter weight, Parameter? bias, Tensor? addend)
    {
        int inner = first.Weight.Shape[0], rows = Rows, n = weight.Shape[0];
        if ((long)rows * inner <= NearElements || (long)inner * Math.Max(this[^1], n) > LargestNearWeight)
            return Linear(first.Weight, first.Bias, first.Activation).Linear(weight, bias, addend: addend);

        using Profile.Timing timing = Profile.Measure(nameof(TwoLayers), weight, 2L * rows * inner * (this[^1] + n));
        int k = this[^1], threads = Compute.Current.Workers.Count;
        int parts = ((rows + RowsOfPart - 1) / RowsOfPart + threads - 1) / threads * threads;
        int size = ((rows + parts - 1) / parts + GemmKernel.Rows - 1) / GemmKernel.Rows * GemmKernel.Rows;
        Tensor y = Empty([.. _shape.AsSpan(..^1), n]);
        Workers.Split(parts, 1, (start, end) =>
        {
            for (int at = start * size; at < Math.Min(end * size, rows); at += size)
            {
                int count = Math.Min(size, rows - at);
                Gemm.Epilogue between = new()
                {
                    Bias = first.Bias is null ? default : first.Bias.Value.Data,
                    Activation = first.Activation,
                };
                Gemm.Epilogue last = new()
                {
                    Bias = bias is null ? default : bias.Value.Data,
                    Addend = addend is null ? default : addend.Data.Slice(at * n, count * n),
                };
                Gemm.MultiplyTwice(
                    Data.Slice(at * k, count * k), count, first.Weight.Packed, between,
                    weight.Packed, y.Data.Slice(at * n, count * n), last);
            }
        });
        return y;
    }

    /// <summary>What <see cref="Linear"/> computes.</summary>
    private Tensor Multiply(Parameter weight, Parameter? bias, Activation activation, Tensor? addend)
    {
        int n = weight.Shape[0];
        Tensor y = Empty([.. _shape.AsSpan(..^1), n]);
        if (addend is not null && !addend.Shape.SequenceEqual(y.Shape))
            Throw.ShapeMismatch(nameof(Linear), addend._shape, y._shape);
        Gemm.Epilogue epilogue = new()
        {
            Bias = bias is null ? default : bias.Value.Data,
            Activation = activation,
            Addend = addend is null ? default : addend.Data,
        };
        PackedMatrix packed = weight.Packed;
        if (packed.Precision == Precision.Float32) Gemm.Multiply(Data, this[^1], Rows, packed, y.Data, n, epilogue);
        else Gemm.Multiply(Reduced(packed.Precision), packed, y.Data, n, epilogue);
        return y;
    }

    private void LinearBackward(Parameter weight, Parameter? bias, Tensor y)
    {
        Tensor dy = y._grad!;
        int n = dy[^1], k = this[^1], m = Rows;
        if (RequiresGrad)
        {
            Tensor dx = GradTarget(out bool accumulate);
            Gemm.Multiply(
                dy.Data, n, m, weight.PackedRows, dx.Data, k, new() { Addend = accumulate ? dx.Data : default });
        }
        if (weight.Trainable)
        {
            Gemm.AddTransposedProduct(
                dy.Data, n, m, n, Data, k, k, Tape.GradientOf(weight).Data, k, weight.GradientPrecision);
        }
        if (bias is { Trainable: true }) Kernels.AddColumnSums(dy.Data, Tape.GradientOf(bias).Data);
    }

    /// <summary>
    /// x y for the last two axes: [..., M, K] x [..., K, N] → [..., M, N]; leading axes must be equal.
    /// </summary>
    public Tensor MatMul(Tensor y) => MatMul(y, transposed: false);

    /// <summary>
    /// x yᵀ for the last two axes: [..., M, K] x [..., N, K] → [..., M, N]; leading axes must be equal.
    /// </summary>
    public Tensor MatMulTransposed(Tensor y) => MatMul(y, transposed: true);

    private Tensor MatMul(Tensor y, bool transposed)
    {
        if (Rank < 2 || y.Rank != Rank || !Shape[..^2].SequenceEqual(y.Shape[..^2])
            || this[^1] != (transposed ? y[^1] : y[^2]))
            Throw.ShapeMismatch(nameof(MatMul), y._shape, _shape);
        int m = this[^2], k = this[^1], n = transposed ? y[^2] : y[^1], batch = Length / Math.Max(1, m * k);

        Tensor z = Empty([.. Shape[..^1], n]);
        PackedMatrix packed = PackedMatrix.Rent(k, n);
        for (int i = 0; i < batch; i++)
        {
            packed.Pack(y.Data.Slice(i * k * n, k * n), transposed ? k : n, transposed);
            Gemm.Multiply(Data.Slice(i * m * k, m * k), k, m, packed, z.Data.Slice(i * m * n, m * n), n);
        }
        packed.Return();

        if (Tape.Records(this, y))
        {
            Tape.Current.Add(z, () => MatMulBackward(y, z, transposed));
        }
        return z;
    }

    private void MatMulBackward(Tensor y, Tensor z, bool transposed)
    {
        int m = this[^2], k = this[^1], n = z[^1], batch = Length / Math.Max(1, m * k);
        Tensor dz = z._grad!;
        if (RequiresGrad)
        {
            Tensor dx = AddableGrad();
            PackedMatrix packed = PackedMatrix.Rent(n, k);          // dx = dz yᵀ, or dz y where y came transposed
            for (int i = 0; i < batch; i++)
            {
                Span<float> target = dx.Data.Slice(i * m * k, m * k);
                packed.Pack(y.Data.Slice(i * k * n, k * n), transposed ? k : n, !transposed);
                Gemm.Multiply(dz.Data.Slice(i * m * n, m * n), n, m, packed, target, k, new() { Addend = target });
            }
            packed.Return();
        }
        if (!y.RequiresGrad) return;

        Tensor dy = y.AddableGrad();
        for (int i = 0; i < batch; i++)
        {
            Span<float> x = Data.Slice(i * m * k, m * k), d = dz.Data.Slice(i * m * n, m * n);
            Span<float> target = dy.Data.Slice(i * k * n, k * n);
            if (transposed) Gemm.AddTransposedProduct(d, n, m, n, x, k, k, target, k);      // [N, K] += dzᵀ x
            else Gemm.AddTransposedProduct(x, k, m, k, d, n, n, target, n);                 // [K, N] += xᵀ dz
        }
    }
}
