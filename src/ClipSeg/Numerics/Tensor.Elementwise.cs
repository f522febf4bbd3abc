namespace ClipSeg.Numerics;

internal sealed partial class Tensor
{
    /// <summary>The elements below which an operation stays on one thread.</summary>
    private const int ElementGrain = 1 << 15;

    /// <summary>x + y, element by element; y may have a first axis of 1, and is then added to every x[i].</summary>
    public static Tensor operator +(Tensor x, Tensor y)
    {
        bool broadcast = y.Length < x.Length && y.Rank == x.Rank && y[0] == 1;
        if (!broadcast && !x.Shape.SequenceEqual(y.Shape) || broadcast && !x.Shape[1..].SequenceEqual(y.Shape[1..]))
            Throw.ShapeMismatch("+", y._shape, x._shape);
        Tensor z = Empty(x._shape);
        Workers.Split(x.Length / Math.Max(1, y.Length), 1, (first, last) =>
        {
            for (int i = first; i < last; i++)
            {
                Workers.Split(y.Length, ElementGrain, (start, end) =>
                {
                    Range part = (i * y.Length + start)..(i * y.Length + end);
                    Kernels.Sum(x.Data[part], y.Data[start..end], z.Data[part]);
                });
            }
        });
        if (Tape.Records(x, y))
        {
            Tape.Current.Add(z, () =>
            {
                if (x.RequiresGrad) x.AddGrad(z._grad!.Data);
                if (!y.RequiresGrad) return;
                for (int i = 0; i < x.Length; i += y.Length) y.AddGrad(z._grad!.Data.Slice(i, y.Length));
            });
        }
        return z;
    }

    /// <summary>a x.</summary>
    public static Tensor operator *(Tensor x, float a)
    {
        Tensor z = Empty(x._shape);
        x.Data.CopyTo(z.Data);
        Kernels.Scale(z.Data, a);
        if (Tape.Records(x))
        {
            Tape.Current.Add(z, () => Kernels.AddScaled(z._grad!.Data, a, x.AddableGrad().Data));
        }
        return z;
    }

    /// <summary>[B, T, C] + the first T rows of a table [at least T, C].</summary>
    public Tensor AddPositions(Parameter table)
    {
        int n = this[1] * this[2];
        if (table.Shape is not [int rows, int width] || rows < this[1] || width != this[2])
            Throw.Shape(nameof(AddPositions), table.Shape, $"[at least {this[1]}, {this[2]}]");
        Tensor z = Empty(_shape);
        for (int i = 0; i < Length; i += n) Kernels.Sum(Data.Slice(i, n), table.Value.Data[..n], z.Data.Slice(i, n));
        if (Tape.Records(this, table))
        {
            Tape.Current.Add(z, () =>
            {
                if (RequiresGrad) AddGrad(z._grad!.Data);
                if (table.Trainable) Kernels.AddColumnSums(z._grad!.Data, Tape.GradientOf(table).Data[..n]);
            });
        }
        return z;
    }

    /// <summary>x * sigmoid(1.702 x).</summary>
    public Tensor QuickGelu()
        => Map(Kernels.Apply<QuickGeluFunction>, (x, _, dy, dx) => Kernels.QuickGeluBackward(x, dy, dx));

    /// <summary>x Φ(x).</summary>
    public Tensor Gelu() => Map(Kernels.Apply<GeluFunction>, (x, _, dy, dx) => Kernels.GeluBackward(x, dy, dx));

    /// <summary>max(x, 0).</summary>
    public Tensor Relu() => Map(Kernels.Apply<ReluFunction>, (_, y, dy, dx) => Kernels.ReluBackward(y, dy, dx));

    /// <summary>Each row (last axis) as a distribution: exp(x) / Σ exp(x).</summary>
    public Tensor Softmax()
    {
        int n = this[^1];
        Tensor y = Empty(_shape);
        Workers.Split(Rows, Math.Max(1, ElementGrain / n), (start, end) =>
        {
            for (int i = start; i < end; i++) Kernels.Softmax(Data.Slice(i * n, n), y.Data.Slice(i * n, n));
        });
        if (Tape.Records(this))
        {
            Tape.Current.Add(y, () =>
            {
                Tensor dx = Empty(_shape);
                for (int i = 0; i < Rows; i++)
                {
                    Kernels.SoftmaxBackward(
                        y.Data.Slice(i * n, n), y._grad!.Data.Slice(i * n, n), dx.Data.Slice(i * n, n));
                }
                AddGrad(dx.Data);
            });
        }
        return y;
    }

    /// <summary>Each row (last axis) at length 1: x / |x|.</summary>
    public Tensor Normalize()
    {
        int n = this[^1];
        Tensor y = Empty(_shape), lengths = Empty(Rows);
        for (int i = 0; i < Rows; i++)
        {
            Span<float> row = y.Data.Slice(i * n, n);
            Data.Slice(i * n, n).CopyTo(row);
            Kernels.Scale(row, 1 / (lengths.Data[i] = MathF.Sqrt(Kernels.Dot(row, row))));
        }
        if (Tape.Records(this))
        {
            Tape.Current.Add(y, () =>
            {
                Tensor dx = AddableGrad();
                for (int i = 0; i < Rows; i++)
                {
                    // dx = (dy - y (y . dy)) / |x|
                    Span<float> dy = y._grad!.Data.Slice(i * n, n), row = y.Data.Slice(i * n, n);
                    float dot = Kernels.Dot(row, dy), scale = 1 / lengths.Data[i];
                    Kernels.AddScaled(dy, scale, dx.Data.Slice(i * n, n));
                    Kernels.AddScaled(row, -dot * scale, dx.Data.Slice(i * n, n));
                }
            });
        }
        return y;
    }

    /// <summary>
    /// Training only: zeroes elements with the tape's probability and scales the rest; otherwise x itself.
    /// </summary>
    public Tensor Dropout()
    {
        if (!Tape.Records(this) || Tape.Current.Dropout == 0) return this;
        float p = Tape.Current.Dropout;
        uint seed = Tape.Current.NextSeed();
        return Map(
            (x, y) => { x.CopyTo(y); Kernels.Dropout(y, p, seed, 0); },
            (_, _, dy, dx) => { dy.CopyTo(dx); Kernels.Dropout(dx, p, seed, 0); },
            whole: true);
    }

    private delegate void Forward(ReadOnlySpan<float> x, Span<float> y);

    private delegate void Backward(
        ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx);

    /// <param name="whole">Whether the functions must see everything at once rather than ranges.</param>
    private Tensor Map(Forward forward, Backward backward, bool whole = false)
    {
        int grain = whole ? Math.Max(1, Length) : ElementGrain;
        Tensor y = Empty(_shape);
        Workers.Split(Length, grain, (start, end) => forward(Data[start..end], y.Data[start..end]));
        if (Tape.Records(this))
        {
            Tape.Current.Add(y, () =>
            {
                Tensor dx = GradTarget(out bool accumulate);
                Tensor part = accumulate ? Empty(_shape) : dx;
                Workers.Split(Length, grain, (start, end) =>
                {
                    backward(Data[start..end], y.Data[start..end], y._grad!.Data[start..end], part.Data[start..end]);
                    if (accumulate) Kernels.Add(part.Data[start..end], dx.Data[start..end]);
                });
            });
        }
        return y;
    }

    /// <summary>Adds to this tensor's gradient.</summary>
    private void AddGrad(ReadOnlySpan<float> gradient)
    {
        Tensor target = GradTarget(out bool accumulate);
        if (accumulate) Kernels.Add(gradient, target.Data);
        else gradient.CopyTo(target.Data);
    }
}
