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
    /// <summary>
    /// Multi-head attention, softmax(q kᵀ / √D) v per head: three times [B, T, C] → [B, T, C] with heads side by side
    /// in C.
    /// </summary>
    /// <param name="causal">Token t sees only tokens 0..t.</param>
    /// <param name="mask">Inference only.</param>
    /// <param name="precision">What the two products multiply; anything but Float32 is BFloat16, as int8 has no
    /// scales for what changes with every picture, and Float32 where a tape records.</param>
    /// <remarks>
    /// The scores are made and used for a panel of queries at a time, [T, 64], so they are never all in memory, and a
    /// row for each key, so they are what the second product reads as they lie. Keys and values are read in place. The
    /// exponentials are divided by their sums after the second product, when there are fewer of them.
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
        private const int QueriesAtOnce = GemmKernel.MaxColumns;
        private const int StrideOfScores = 16;      // a multiple of: a register, and a cache line

        private readonly int _tokens = q[1], _width = q[2], _d = q[2] / heads;
        private readonly float _scale = 1 / MathF.Sqrt(q[2] / heads);

        /// <summary>What <see cref="Forward"/> multiplies.</summary>
        public Precision Precision { get; init; }

        /// <summary>Where head <paramref name="i"/> (counted over the batch) starts in a [B, T, C].</summary>
        private int Start(int i) => i / heads * _tokens * _width + i % heads * _d;

        public void Forward(int i, Tensor y)
        {
            using TensorScope scope = new();
            int start = Start(i), width = QueriesAtOnce;
            ReducedRows? reduced =
                Precision == Precision.Float32 ? null : ReducedRows.Of(k.Data[start..], _width, _tokens, _d, Precision);
            ReadOnlySpan<float> keys = reduced is null ? k.Data[start..] : reduced.Elements.Data;
            int keyStride = reduced is null ? _width : reduced.Elements[1];
            TransposedRows values = TransposedRows.Of(v.Data[start..], _width, _tokens, _d, Precision);
            float[] buffer = BufferPool.Rent((_tokens + _d + 1) * width);
            Span<float> apart = buffer.AsSpan(0, _tokens * width), result = buffer.AsSpan(apart.Length, _d * width),
                sums = buffer.AsSpan(apart.Length + result.Length, width);

            for (int first = 0; first < _tokens; first += width)
            {
                int count = Math.Min(width, _tokens - first), at = start + first * _width;
                PackedMatrix queries = PackedMatrix.Rent(_d, count, Precision),
                    weights = PackedMatrix.Rent(_tokens, count, Precision);
                bool direct = weights.PanelWidth == width;      // as the kernel leaves them, so they are packed
                Span<float> scores = direct && Precision == Precision.Float32 ? weights.FirstPanel : apart;
                Span<uint> pairs = direct && Precision == Precision.BFloat16
                    ? MemoryMarshal.Cast<float, uint>(weights.FirstPanel) : default;
                queries.Pack(q.Data[at..], _width, transposed: true);
                Gemm.MultiplyHere(keys, keyStride, _tokens, queries, scores, width);            // K Qᵀ [T, 64]
                queries.Return();

                Limit(scores, width, i, first, count);
                Kernels.ColumnExponentials(scores, sums, _scale, pairs);
                for (int t = 0; dropout > 0 && t < _tokens; t++)
                    Kernels.Dropout(scores.Slice(t * width, count), dropout, seed, DropoutStart(i, t) + (uint)first);

                if (!direct) weights.Pack(scores, width, transposed: false);
                Gemm.MultiplyHere(values, _d, weights, result, width);                          // Vᵀ E [D, 64]
                weights.Return();

                Kernels.DivideColumns(result, sums);
                Kernels.Transpose(result, _d, count, width, y.Data[at..], _width);
            }
            BufferPool.Return(buffer);
        }

        public void Backward(int i, Tensor dy, Tensor dq, Tensor dk, Tensor dv)
        {
            int start = Start(i), n = _tokens, stride = (n + StrideOfScores - 1) & -StrideOfScores;
            float[] buffer = BufferPool.Rent((3 * n + 1) * stride);
            Span<float> p = buffer.AsSpan(0, n * stride), dp = buffer.AsSpan(n * stride, n * stride),
                t = buffer.AsSpan(2 * n * stride, n * stride), sums = buffer.AsSpan(3 * n * stride, stride);

            Product(k, q, start, p, stride);                      // p = softmax(k qᵀ / √D), a row for each key
            Limit(p, stride, i, 0, n);
            Kernels.ColumnExponentials(p, sums, _scale);
            Kernels.DivideColumns(p, sums);

            Product(v, dy, start, dp, stride);                    // dp = v dyᵀ
            if (dropout > 0)
            {
                p.CopyTo(t);
                Drop(t);
                AddProduct(t, stride, dy, start, dv);             // dv += p dy
                Drop(dp);
            }
            else
            {
                AddProduct(p, stride, dy, start, dv);
            }

            Kernels.ColumnSoftmaxBackward(p, dp, sums);
            Kernels.Scale(dp, _scale);
            AddProduct(dp, stride, q, start, dk);                 // dk += dp q
            Gemm.AddTransposedProduct(                            // dq += dpᵀ k
                dp, stride, n, n, k.Data[start..], _width, _d, dq.Data[start..], _width, here: true);
            BufferPool.Return(buffer);

            void Drop(Span<float> x)
            {
                for (int r = 0; r < n; r++)
                    Kernels.Dropout(x.Slice(r * stride, n), dropout, seed, DropoutStart(i, r));
            }
        }

        private uint DropoutStart(int i, int key) => (uint)(i * _tokens + key) * (uint)_tokens;

        /// <summary>Applies the mask, and what is causal, to the scores [T, stride] of some queries.</summary>
        private void Limit(Span<float> scores, int stride, int i, int first, int count)
        {
            for (int t = 1; t < _tokens; t++)
            {
                Span<float> row = scores.Slice(t * stride, count);
                if (mask is not null)
                {
                    bool hasClassToken = first == 0;
                    Span<float> limited = mask.Scope == AttentionMaskScope.Patches ? row[(hasClassToken ? 1 : 0)..]
                        : hasClassToken ? row[..1] : [];
                    float factor = mask.Keys.Data[i / heads * (_tokens - 1) + t - 1];
                    if (mask.Exclude && factor == 0) limited.Fill(float.NegativeInfinity);
                    else Kernels.Scale(limited, factor);
                }
                if (causal && t > first) row[..Math.Min(t - first, count)].Fill(float.NegativeInfinity);
            }
        }

        /// <summary>z[T, stride] = x yᵀ for one head.</summary>
        private void Product(Tensor x, Tensor y, int start, Span<float> z, int stride)
        {
            PackedMatrix packed = PackedMatrix.Rent(_d, _tokens);
            packed.Pack(y.Data[start..], _width, transposed: true);
            Gemm.MultiplyHere(x.Data[start..], _width, _tokens, packed, z, stride);
            packed.Return();
        }

        /// <summary>dx[T, D] += z y for one head and z [T, stride].</summary>
        private void AddProduct(ReadOnlySpan<float> z, int stride, Tensor y, int start, Tensor dx)
        {
            PackedMatrix packed = PackedMatrix.Rent(_tokens, _d);
            packed.Pack(y.Data[start..], _width, transposed: false);
            Span<float> target = dx.Data[start..];
            Gemm.MultiplyHere(z, stride, _tokens, packed, target, _width, new() { Addend = target });
            packed.Return();
        }
    }
}
