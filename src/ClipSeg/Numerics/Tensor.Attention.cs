using System.Runtime.InteropServices;

namespace ClipSeg.Numerics;

/// <summary>Which pairs of tokens an <see cref="AttentionMask"/> touches.</summary>
public enum AttentionMaskScope
{
    /// <summary>What the class token takes from the patches (the authors' "cls_token").</summary>
    ClassToken,

    /// <summary>What patches take from patches (the authors' "all"); the class token's row and column stay.</summary>
    Patches,
}

/// <summary>
/// Attention limited to an object: each patch's score is multiplied before the softmax, as the authors do.
/// </summary>
/// <param name="Keys">[B, T - 1]: a factor per patch, usually 0 or 1. Each picture of a batch has its own.</param>
/// <remarks>
/// A score times 0 is a weight of e⁰, not of none: with <paramref name="Exclude"/> a patch whose factor is 0 gets no
/// weight at all, which is what one would expect of a mask. Training-and-evaluation.md §3.3.
/// </remarks>
internal sealed record AttentionMask(Tensor Keys, AttentionMaskScope Scope, bool Exclude = false);

internal sealed partial class Tensor
{
    /// <summary>The most scores that are in the cache at once, and the most rows of them.</summary>
    private const int AttentionScores = 1 << 16, AttentionRows = 16 * GemmKernel.Rows;

    /// <summary>
    /// Multi-head attention, softmax(q kᵀ / √D) v per head: three times [B, T, C] → [B, T, C] with heads side by side
    /// in C.
    /// </summary>
    /// <param name="causal">Token t sees only tokens 0..t.</param>
    /// <param name="mask">Inference only.</param>
    /// <param name="precision">What the two products multiply; anything but Float32 is BFloat16, as int8 has no
    /// scales for what changes with every picture, and Float32 where a tape records.</param>
    /// <remarks>
    /// The scores are made and used a few rows at a time; they are never all in memory. A row's exponentials are not
    /// divided by their sum before the second product but after it, when there are fewer of them.
    /// </remarks>
    public static Tensor Attention(Tensor q, Tensor k, Tensor v, int heads, bool causal = false,
        AttentionMask? mask = null, Precision precision = Precision.Float32)
    {
        if (q.Rank != 3 || q[2] % heads != 0) Throw.Shape(nameof(Attention), q._shape, $"[B, T, {heads} * D]");
        if (!k.Shape.SequenceEqual(q.Shape)) Throw.ShapeMismatch(nameof(Attention), k._shape, q._shape);
        if (!v.Shape.SequenceEqual(q.Shape)) Throw.ShapeMismatch(nameof(Attention), v._shape, q._shape);
        if (mask is not null && !mask.Keys.Shape.SequenceEqual([q[0], q[1] - 1]))
            Throw.ShapeMismatch("Attention mask", mask.Keys._shape, [q[0], q[1] - 1]);

        using Profile.Timing timing = Profile.Measure(nameof(Attention), operations: 4L * q.Length * q[1]);
        bool records = Tape.Current is not null && (q.RequiresGrad || k.RequiresGrad || v.RequiresGrad);
        float dropout = records ? Tape.Current!.Dropout : 0;
        HeadsAttention operation =
            new(q, k, v, heads, causal, mask, dropout, dropout > 0 ? Tape.Current!.NextSeed() : 0)
            {
                Precision = records || precision == Precision.Float32 ? Precision.Float32 : Precision.BFloat16,
            };
        Tensor y = Empty(q._shape);
        Workers.Split(q[0] * heads, 1, (start, end) =>
        {
            for (int i = start; i < end; i++) operation.Forward(i, y);
        });
        if (!records) return y;

        if (mask is not null) throw new NotSupportedException("Attention masks are for frozen networks.");
        Tape.Current!.Add(y, () =>
        {
            Tensor dq = q.AddableGrad(), dk = k.AddableGrad(), dv = v.AddableGrad();
            Workers.Split(q[0] * heads, 1, (start, end) =>
            {
                for (int i = start; i < end; i++) operation.Backward(i, y._grad!, dq, dk, dv);
            });
        });
        return y;
    }

    /// <summary>One attention operation, head by head.</summary>
    private sealed class HeadsAttention(
        Tensor q, Tensor k, Tensor v, int heads, bool causal, AttentionMask? mask, float dropout, uint seed)
    {
        private readonly int _tokens = q[1], _width = q[2], _d = q[2] / heads;
        private readonly float _scale = 1 / MathF.Sqrt(q[2] / heads);

        /// <summary>What <see cref="Forward"/> multiplies.</summary>
        public Precision Precision { get; init; }

        /// <summary>Where head <paramref name="i"/> (counted over the batch) starts in a [B, T, C].</summary>
        private int Start(int i) => i / heads * _tokens * _width + i % heads * _d;

        public void Forward(int i, Tensor y)
        {
            int start = Start(i), rowsAtOnce = Math.Clamp(
                AttentionScores / _tokens / GemmKernel.Rows * GemmKernel.Rows, GemmKernel.Rows, AttentionRows);
            PackedMatrix keys = PackedMatrix.Rent(_d, _tokens, Precision),
                values = PackedMatrix.Rent(_tokens, _d, Precision);
            keys.Pack(k.Data[start..], _width, transposed: true);
            values.Pack(v.Data[start..], _width, transposed: false);
            float[] buffer = BufferPool.Rent(rowsAtOnce * (_tokens + keys.Depth + values.Depth));
            Span<float> scores = buffer.AsSpan(0, rowsAtOnce * _tokens),
                queries = buffer.AsSpan(scores.Length, rowsAtOnce * keys.Depth),
                weights = buffer.AsSpan(scores.Length + queries.Length, rowsAtOnce * values.Depth);
            Span<float> sums = stackalloc float[AttentionRows];

            for (int row = 0; row < _tokens; row += rowsAtOnce)
            {
                int rows = Math.Min(rowsAtOnce, _tokens - row), at = start + row * _width;
                Span<float> s = scores[..(rows * _tokens)];
                Multiply(q.Data[at..], _width, rows, keys, queries, s, _tokens);
                for (int r = 0; r < rows; r++)
                {
                    Span<float> one = s.Slice(r * _tokens, _tokens);
                    int visible = Limit(one, i, row + r);
                    sums[r] = Kernels.Exponentials(one[..visible], one[..visible], _scale);
                    one[visible..].Clear();
                }
                if (dropout > 0) Kernels.Dropout(s, dropout, seed, DropoutStart(i, row));
                Multiply(s, _tokens, rows, values, weights, y.Data[at..], _width);
                for (int r = 0; r < rows; r++) Kernels.Scale(y.Data.Slice(at + r * _width, _d), 1 / sums[r]);
            }

            BufferPool.Return(buffer);
            values.Return();
            keys.Return();
        }

        /// <summary>A product on this thread, in B's precision.</summary>
        /// <param name="reduced">Room for A in that precision.</param>
        private static void Multiply(
            ReadOnlySpan<float> a, int lda, int m, PackedMatrix b, Span<float> reduced, Span<float> c, int ldc)
        {
            if (b.Precision == Precision.Float32)
            {
                Gemm.MultiplyHere(a, lda, m, b, c, ldc);
                return;
            }
            Span<uint> elements = MemoryMarshal.Cast<float, uint>(reduced);
            for (int r = 0; r < m; r++)
                Kernels.ToBFloat16(a.Slice(r * lda, b.K), elements.Slice(r * b.Depth, b.Depth));
            Gemm.MultiplyHere(reduced, b.Depth, m, b, c, ldc);
        }

        public void Backward(int i, Tensor dy, Tensor dq, Tensor dk, Tensor dv)
        {
            int start = Start(i), n = _tokens;
            float[] buffer = BufferPool.Rent(3 * n * n);
            Span<float> p = buffer.AsSpan(0, n * n), dp = buffer.AsSpan(n * n, n * n),
                t = buffer.AsSpan(2 * n * n, n * n);

            Product(q, k, start, p);                              // p = softmax(q kᵀ / √D)
            Weigh(p, i);
            Product(dy, v, start, dp);                            // dp = dy vᵀ
            if (dropout > 0)
            {
                p.CopyTo(t);
                Kernels.Dropout(t, dropout, seed, DropoutStart(i, 0));
                AddTransposed(t, dy, start, dv);                            // dv += pᵀ dy
                Kernels.Dropout(dp, dropout, seed, DropoutStart(i, 0));
            }
            else
            {
                AddTransposed(p, dy, start, dv);
            }

            for (int r = 0; r < n; r++)
            {
                Span<float> row = dp.Slice(r * n, n);
                Kernels.SoftmaxBackward(p.Slice(r * n, n), row, row);
                Kernels.Scale(row, _scale);
            }
            PackedMatrix packed = PackedMatrix.Rent(n, _d);                         // dq += dp k
            packed.Pack(k.Data[start..], _width, transposed: false);
            Gemm.MultiplyHere(dp, n, n, packed, dq.Data[start..], _width, new() { Addend = dq.Data[start..] });
            packed.Return();
            AddTransposed(dp, q, start, dk);                                // dk += dpᵀ q
            BufferPool.Return(buffer);
        }

        private uint DropoutStart(int i, int row) => (uint)(i * _tokens + row) * (uint)_tokens;

        /// <summary>Turns scores into weights, in place: mask, scale, softmax.</summary>
        private void Weigh(Span<float> scores, int i)
        {
            for (int row = 0; row < _tokens; row++)
            {
                Span<float> s = scores.Slice(row * _tokens, _tokens);
                int visible = Limit(s, i, row);
                Kernels.Softmax(s[..visible], s[..visible], _scale);
                s[visible..].Clear();
            }
        }

        /// <summary>Applies the mask to a row of scores; returns how many tokens, the first ones, it sees.</summary>
        private int Limit(Span<float> scores, int i, int row)
        {
            if (mask is not null && (row == 0) == (mask.Scope == AttentionMaskScope.ClassToken))
            {
                ReadOnlySpan<float> factors = mask.Keys.Data.Slice(i / heads * (_tokens - 1), _tokens - 1);
                for (int j = 1; j < _tokens; j++)
                {
                    scores[j] = mask.Exclude && factors[j - 1] == 0
                        ? float.NegativeInfinity
                        : scores[j] * factors[j - 1];
                }
            }
            return causal ? row + 1 : _tokens;
        }

        /// <summary>z[T, T] = x yᵀ for one head.</summary>
        private void Product(Tensor x, Tensor y, int start, Span<float> z)
        {
            PackedMatrix packed = PackedMatrix.Rent(_d, _tokens);
            packed.Pack(y.Data[start..], _width, transposed: true);
            Gemm.MultiplyHere(x.Data[start..], _width, _tokens, packed, z, _tokens);
            packed.Return();
        }

        /// <summary>dx[T, D] += zᵀ y for one head and z [T, T].</summary>
        private void AddTransposed(ReadOnlySpan<float> z, Tensor y, int start, Tensor dx)
        {
            int n = _tokens;
            Gemm.AddTransposedProduct(
                z, n, n, n, y.Data[start..], _width, _d, dx.Data[start..], _width, here: true);
        }
    }
}
