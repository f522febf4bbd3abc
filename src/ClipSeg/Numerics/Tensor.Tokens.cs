namespace ClipSeg.Numerics;

internal sealed partial class Tensor
{
    /// <summary>
    /// Pictures as rows of patches, [B, 3, H, W] → [B, GH * GW, 3 * P * P]: what a convolution with kernel = stride = P
    /// multiplies its weight with. H and W must be multiples of P.
    /// </summary>
    public Tensor Patches(int patch)
    {
        if (Rank != 4 || this[2] % patch != 0 || this[3] % patch != 0)
            Throw.Shape(nameof(Patches), _shape, $"[B, C, multiple of {patch}, multiple of {patch}]");
        using Profile.Timing timing = Profile.Measure(nameof(Patches));
        (int batch, int channels, int height, int width) = (this[0], this[1], this[2], this[3]);
        int gh = height / patch, gw = width / patch, size = channels * patch * patch;
        Tensor y = Empty(batch, gh * gw, size);
        VisitPatches(y, patch, (line, row) => line.CopyTo(row));
        if (Tape.Records(this))
        {
            Tape.Current.Add(
                y, () => AddableGrad().VisitPatches(y._grad!, patch, (line, row) => Kernels.Add(row, line)));
        }
        return y;
    }

    private delegate void Pair(Span<float> x, Span<float> y);

    /// <summary>
    /// Calls <paramref name="f"/> for every run of P pixels of this picture and its place in the patches.
    /// </summary>
    private void VisitPatches(Tensor patches, int patch, Pair f)
    {
        (int batch, int channels, int height, int width) = (this[0], this[1], this[2], this[3]);
        int size = patches[2], gw = width / patch;
        Workers.Split(batch * height / patch, Math.Max(1, ElementGrain / (size * gw)), (start, end) =>
        {
            for (int row = start; row < end; row++)
            {
                (int b, int gy) = Math.DivRem(row, height / patch);
                for (int c = 0; c < channels; c++)
                {
                    for (int py = 0; py < patch; py++)
                    {
                        Span<float> line = Data.Slice(((b * channels + c) * height + gy * patch + py) * width, width);
                        for (int gx = 0; gx < gw; gx++)
                        {
                            int at = (row * gw + gx) * size + (c * patch + py) * patch;
                            f(line.Slice(gx * patch, patch), patches.Data.Slice(at, patch));
                        }
                    }
                }
            }
        });
    }

    /// <summary>Rows of a table, [V, C] and [B, T] ids → [B, T, C].</summary>
    public static Tensor Embedding(Parameter table, int[][] ids)
    {
        int c = table.Shape[1], t = ids.Length == 0 ? 0 : ids[0].Length;
        Tensor y = Empty(ids.Length, t, c);
        for (int b = 0; b < ids.Length; b++)
        {
            if (ids[b].Length != t)
                throw new ArgumentException($"Sequence {b} has {ids[b].Length} ids, the first has {t}.");
            for (int i = 0; i < t; i++)
            {
                if ((uint)ids[b][i] >= (uint)table.Shape[0])
                    throw new ArgumentException($"Token id {ids[b][i]} is outside of 0..{table.Shape[0] - 1}.");
                table.Read((long)ids[b][i] * c, y.Data.Slice((b * t + i) * c, c));
            }
        }
        if (Tape.Current is not null && table.Trainable)
        {
            Tape.Current.Add(y, () =>
            {
                Tensor dw = Tape.GradientOf(table);
                for (int i = 0; i < ids.Length * t; i++)
                    Kernels.Add(y._grad!.Data.Slice(i * c, c), dw.Data.Slice(ids[i / t][i % t] * c, c));
            });
        }
        return y;
    }

    /// <summary>Puts one learned token in front: [B, T, C] and [C] → [B, 1 + T, C].</summary>
    public Tensor Prepend(Parameter token)
    {
        (int batch, int t, int c) = (this[0], this[1], this[2]);
        if (Count(token.Shape) != c) Throw.ShapeMismatch(nameof(Prepend), token.Shape, [c]);
        Tensor y = Empty(batch, t + 1, c);
        for (int b = 0; b < batch; b++)
        {
            token.Value.Data.CopyTo(y.Data[(b * (t + 1) * c)..]);
            Data.Slice(b * t * c, t * c).CopyTo(y.Data[((b * (t + 1) + 1) * c)..]);
        }
        if (Tape.Records(this, token.Value))
        {
            Tape.Current.Add(y, () =>
            {
                for (int b = 0; b < batch; b++)
                {
                    Span<float> dy = y._grad!.Data.Slice(b * (t + 1) * c, (t + 1) * c);
                    if (token.Trainable) Kernels.Add(dy[..c], Tape.GradientOf(token).Data);
                    if (RequiresGrad) Kernels.Add(dy[c..], AddableGrad().Data.Slice(b * t * c, t * c));
                }
            });
        }
        return y;
    }

    /// <summary>Without the first token: [B, 1 + T, C] → [B, T, C].</summary>
    public Tensor DropFirst()
    {
        (int batch, int t, int c) = (this[0], this[1] - 1, this[2]);
        Tensor y = Empty(batch, t, c);
        for (int b = 0; b < batch; b++)
            Data.Slice((b * (t + 1) + 1) * c, t * c).CopyTo(y.Data[(b * t * c)..]);
        if (Tape.Records(this))
        {
            Tape.Current.Add(y, () =>
            {
                for (int b = 0; b < batch; b++)
                {
                    Kernels.Add(
                        y._grad!.Data.Slice(b * t * c, t * c),
                        AddableGrad().Data.Slice((b * (t + 1) + 1) * c, t * c));
                }
            });
        }
        return y;
    }

    /// <summary>Tensors that differ in their first axis only, one after the other.</summary>
    public static Tensor Concat(params ReadOnlySpan<Tensor> parts)
    {
        int rows = 0;
        foreach (Tensor part in parts)
        {
            if (!part.Shape[1..].SequenceEqual(parts[0].Shape[1..]))
                Throw.ShapeMismatch(nameof(Concat), part._shape, parts[0]._shape);
            rows += part[0];
        }
        Tensor y = Empty([rows, .. parts[0].Shape[1..]]);
        int at = 0;
        bool records = false;
        foreach (Tensor part in parts)
        {
            part.Data.CopyTo(y.Data[at..]);
            at += part.Length;
            records |= Tape.Records(part);
        }
        if (records)
        {
            Tensor[] sources = parts.ToArray();
            Tape.Current!.Add(y, () =>
            {
                int start = 0;
                foreach (Tensor part in sources)
                {
                    if (part.RequiresGrad) part.AddGrad(y._grad!.Data.Slice(start, part.Length));
                    start += part.Length;
                }
            });
        }
        return y;
    }

    /// <summary>Some of the rows of the first axis, copied: [B, ...] → [rows, ...]. Not followed by a tape.</summary>
    public Tensor TakeRows(ReadOnlySpan<int> rows)
    {
        int length = Length / Math.Max(1, this[0]);
        Tensor y = Empty([rows.Length, .. Shape[1..]]);
        for (int i = 0; i < rows.Length; i++)
            Data.Slice(rows[i] * length, length).CopyTo(y.Data[(i * length)..]);
        return y;
    }

    /// <summary>Consecutive rows of the first axis, copied. Not followed by a tape.</summary>
    public Tensor TakeRows(int first, int count)
    {
        int length = Length / Math.Max(1, this[0]);
        Tensor y = Empty([count, .. Shape[1..]]);
        Data.Slice(first * length, count * length).CopyTo(y.Data);
        return y;
    }

    /// <summary>One token of each sequence: [B, T, C] → [B, C].</summary>
    public Tensor Pick(params int[] tokens)
    {
        (int batch, int t, int c) = (this[0], this[1], this[2]);
        if (tokens.Length != batch) Throw.LengthMismatch(nameof(Pick), tokens.Length, batch);
        Tensor y = Empty(batch, c);
        for (int b = 0; b < batch; b++) Data.Slice((b * t + tokens[b]) * c, c).CopyTo(y.Data[(b * c)..]);
        if (Tape.Records(this))
        {
            Tape.Current.Add(y, () =>
            {
                Tensor dx = AddableGrad();
                for (int b = 0; b < batch; b++)
                    Kernels.Add(y._grad!.Data.Slice(b * c, c), dx.Data.Slice((b * t + tokens[b]) * c, c));
            });
        }
        return y;
    }

    /// <summary>
    /// FiLM: every token of x times mul plus add, x [B, T, R] and mul, add [P, R] → [P, T, R]. B is P or 1.
    /// </summary>
    public Tensor Film(Tensor mul, Tensor add)
    {
        (int batch, int t, int r) = (mul[0], this[1], this[2]);
        if (mul.Rank != 2 || mul[1] != r) Throw.ShapeMismatch(nameof(Film), mul._shape, [batch, r]);
        if (!add.Shape.SequenceEqual(mul.Shape)) Throw.ShapeMismatch(nameof(Film), add._shape, mul._shape);
        if (this[0] != 1 && this[0] != batch) Throw.ShapeMismatch(nameof(Film), _shape, [batch, t, r]);
        Tensor y = Empty(batch, t, r);
        for (int i = 0; i < batch * t; i++)
        {
            Span<float> row = y.Data.Slice(i * r, r);
            add.Data.Slice(i / t * r, r).CopyTo(row);
            Kernels.AddProduct(Data.Slice(i * r % Length, r), mul.Data.Slice(i / t * r, r), row);
        }
        if (Tape.Records(this, mul) || Tape.Records(add))
        {
            Tape.Current!.Add(y, () =>
            {
                for (int i = 0; i < batch * t; i++)
                {
                    Span<float> dy = y._grad!.Data.Slice(i * r, r);
                    (int at, int x) = (i / t * r, i * r % Length);
                    if (RequiresGrad)
                        Kernels.AddProduct(dy, mul.Data.Slice(at, r), AddableGrad().Data.Slice(x, r));
                    if (mul.RequiresGrad)
                        Kernels.AddProduct(dy, Data.Slice(x, r), mul.AddableGrad().Data.Slice(at, r));
                    if (add.RequiresGrad) Kernels.Add(dy, add.AddableGrad().Data.Slice(at, r));
                }
            });
        }
        return y;
    }
}
