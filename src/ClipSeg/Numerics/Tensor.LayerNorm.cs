namespace ClipSeg.Numerics;

internal sealed partial class Tensor
{
    /// <summary>
    /// Normalises each row (last axis, [..., C]) to mean 0 and variance 1, then scales and shifts it.
    /// </summary>
    /// <param name="weight">[C]. Rows are reduced to its precision while they are in the cache.</param>
    /// <param name="bias">[C].</param>
    /// <param name="eps">Added to the variance.</param>
    public Tensor LayerNorm(Parameter weight, Parameter bias, float eps)
    {
        int n = this[^1], rows = Rows;
        if (weight.Shape is not [int width] || width != n) Throw.ShapeMismatch(nameof(LayerNorm), weight.Shape, [n]);
        if (bias.Shape is not [int biasWidth] || biasWidth != n)
            Throw.ShapeMismatch(nameof(LayerNorm), bias.Shape, [n]);

        using Profile.Timing timing = Profile.Measure(nameof(LayerNorm), weight);
        bool records = Tape.Records(this, weight, bias);
        Tensor y = Empty(_shape);
        Tensor? statistics = records ? Empty(rows, 2) : null;
        if (!records && weight.Precision != Precision.Float32)
            y._reduced = ReducedRows.Empty(rows, n, weight.Precision);
        Tensor w = weight.Value, b = bias.Value;
        Workers.Split(rows, Math.Max(1, ElementGrain / n), (start, end) =>
        {
            for (int i = start; i < end; i++)
            {
                (float mean, float scale) = Kernels.LayerNorm(
                    Data.Slice(i * n, n), w.Data, b.Data, eps, y.Data.Slice(i * n, n));
                y._reduced?.Set(i, y.Data.Slice(i * n, n));
                if (statistics is not null) (statistics.Data[2 * i], statistics.Data[2 * i + 1]) = (mean, scale);
            }
        });
        if (!records) return y;

        Tape.Current!.Add(y, () =>
        {
            // The sums over rows are taken in chunks, and the chunks added in order: the same on any number of threads.
            int chunk = Math.Max(64, rows / 64), chunks = (rows + chunk - 1) / chunk;
            Tensor? dx = RequiresGrad ? AddableGrad() : null;
            Tensor? sums = weight.Trainable ? Zeros(chunks, 2 * n) : null;
            Workers.Split(chunks, Math.Max(1, ElementGrain / (chunk * n)), (start, end) =>
            {
                for (int i = start * chunk; i < Math.Min(end * chunk, rows); i++)
                {
                    Span<float> sum = sums is null ? default : sums.Data.Slice(i / chunk * 2 * n, 2 * n);
                    Kernels.LayerNormBackward(
                        Data.Slice(i * n, n), w.Data, statistics!.Data[2 * i], statistics.Data[2 * i + 1],
                        y._grad!.Data.Slice(i * n, n), dx is null ? default : dx.Data.Slice(i * n, n),
                        sum.IsEmpty ? default : sum[..n], sum.IsEmpty ? default : sum[n..]);
                }
            });
            for (int c = 0; sums is not null && c < chunks; c++)
            {
                Kernels.Add(sums.Data.Slice(c * 2 * n, n), Tape.GradientOf(weight).Data);
                Kernels.Add(sums.Data.Slice(c * 2 * n + n, n), Tape.GradientOf(bias).Data);
            }
        });
        return y;
    }
}
