namespace ClipSeg.Numerics;

internal sealed partial class Tensor
{
    /// <summary>
    /// Mean binary cross-entropy of logits against targets in [0, 1], of equal length: a single element.
    /// </summary>
    public Tensor BinaryCrossEntropy(ReadOnlySpan<float> targets)
    {
        if (targets.Length != Length) Throw.LengthMismatch(nameof(BinaryCrossEntropy), targets.Length, Length);
        float[] truth = targets.ToArray();
        double sum = 0;
        ReadOnlySpan<float> x = Data;
        for (int i = 0; i < truth.Length; i++)
            sum += MathF.Max(x[i], 0) - x[i] * truth[i] + MathF.Log(1 + MathF.Exp(-MathF.Abs(x[i])));
        Tensor loss = Empty();
        loss.Data[0] = (float)(sum / truth.Length);
        if (Tape.Records(this))
        {
            Tape.Current.Add(loss, () =>
            {
                // d/dx = (sigmoid(x) - target) / n
                Tensor d = Empty(_shape);
                Kernels.Apply<SigmoidFunction>(Data, d.Data);
                Kernels.AddScaled(truth, -1, d.Data);
                Kernels.AddScaled(d.Data, loss._grad!.Scalar / truth.Length, AddableGrad().Data);
            });
        }
        return loss;
    }

    /// <summary>
    /// CLIP's loss on similarities [B, B] of pictures (rows) and captions (columns), pair i on the diagonal: the mean
    /// of the cross-entropies along rows and along columns. A single element. Radford et al. 2021, figure 3.
    /// </summary>
    public Tensor ContrastiveLoss()
    {
        int n = this[0];
        if (Rank != 2 || this[1] != n) Throw.Shape(nameof(ContrastiveLoss), _shape, "[B, B]");
        Tensor rows = Empty(n, n), columns = Empty(n, n);           // columns holds the transpose
        Kernels.Transpose(Data, n, n, n, columns.Data, n);
        double sum = 0;
        for (int i = 0; i < n; i++)
        {
            Kernels.Softmax(Data.Slice(i * n, n), rows.Data.Slice(i * n, n));
            Kernels.Softmax(columns.Data.Slice(i * n, n), columns.Data.Slice(i * n, n));
            sum -= Math.Log(Math.Max(rows.Data[i * n + i], float.Epsilon));
            sum -= Math.Log(Math.Max(columns.Data[i * n + i], float.Epsilon));
        }
        Tensor loss = Empty();
        loss.Data[0] = (float)(sum / (2 * n));
        if (Tape.Records(this))
        {
            Tape.Current.Add(loss, () =>
            {
                Tensor dx = AddableGrad();
                float scale = loss._grad!.Scalar / (2 * n);
                Tensor back = Empty(n, n);
                Kernels.Transpose(columns.Data, n, n, n, back.Data, n);
                Kernels.AddScaled(rows.Data, scale, dx.Data);
                Kernels.AddScaled(back.Data, scale, dx.Data);
                for (int i = 0; i < n; i++) dx.Data[i * n + i] -= 2 * scale;
            });
        }
        return loss;
    }

    /// <summary>
    /// x * exp(logarithm), the factor at most <paramref name="largest"/>: CLIP's learned temperature.
    /// </summary>
    public Tensor ScaleByExp(Parameter logarithm, float largest)
    {
        float factor = MathF.Exp(logarithm.Value.Scalar);
        bool clipped = factor > largest;
        if (clipped) factor = largest;
        Tensor y = Empty(_shape);
        Data.CopyTo(y.Data);
        Kernels.Scale(y.Data, factor);
        if (Tape.Records(this, logarithm))
        {
            Tape.Current.Add(y, () =>
            {
                if (RequiresGrad) Kernels.AddScaled(y._grad!.Data, factor, AddableGrad().Data);
                if (logarithm.Trainable && !clipped)
                    Tape.GradientOf(logarithm).Data[0] += Kernels.Dot(y._grad!.Data, y.Data);
            });
        }
        return y;
    }
}
