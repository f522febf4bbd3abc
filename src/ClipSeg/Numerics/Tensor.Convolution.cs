namespace ClipSeg.Numerics;

internal sealed partial class Tensor
{
    /// <summary>
    /// A 3x3 convolution with padding 1 on channels-last pictures: [B, H, W, I] → [B, H, W, O].
    /// </summary>
    /// <param name="weight">[O, I, 3, 3].</param>
    /// <param name="bias">[O].</param>
    public Tensor Conv3x3(Parameter weight, Parameter bias)
    {
        using Profile.Timing timing = Profile.Measure(nameof(Conv3x3), weight);    // the product counts itself
        return Neighbourhoods().Linear(weight, bias);
    }

    /// <summary>[B, H, W, I] → [B, H, W, I * 9]: for each pixel and channel the 3x3 around it, zeros outside.</summary>
    private Tensor Neighbourhoods()
    {
        if (Rank != 4) Throw.Shape(nameof(Conv3x3), _shape, "[B, H, W, I]");
        (int batch, int height, int width, int channels) = (this[0], this[1], this[2], this[3]);
        Tensor y = Empty(batch, height, width, channels * 9);
        Workers.Split(batch * height, 1, (start, end) => Visit(start, end, (pixel, neighbour) =>
        {
            Span<float> to = y.Data[neighbour..];
            if (pixel < 0)
            {
                for (int c = 0; c < channels; c++) to[c * 9] = 0;
                return;
            }
            ReadOnlySpan<float> from = Data.Slice(pixel, channels);
            for (int c = 0; c < from.Length; c++) to[c * 9] = from[c];
        }));
        if (Tape.Records(this))
        {
            Tape.Current.Add(y, () =>
            {
                Tensor dx = AddableGrad();
                // Rows of a picture share neighbours, so each picture is one thread's.
                Workers.Split(batch, 1, (start, end) => Visit(start * height, end * height, (pixel, neighbour) =>
                {
                    if (pixel < 0) return;
                    ReadOnlySpan<float> from = y._grad!.Data[neighbour..];
                    Span<float> to = dx.Data.Slice(pixel, channels);
                    for (int c = 0; c < to.Length; c++) to[c] += from[c * 9];
                }));
            });
        }
        return y;
    }

    /// <summary>
    /// For rows of this batch of pictures: calls <paramref name="f"/> for every pixel's nine neighbours with where the
    /// neighbour's channels start, or -1 if it is outside, and where the first of them is in the neighbourhoods, nine
    /// elements before the second.
    /// </summary>
    private void Visit(int firstRow, int endRow, Action<int, int> f)
    {
        (int height, int width, int channels) = (this[1], this[2], this[3]);
        for (int row = firstRow; row < endRow; row++)
        {
            for (int x = 0; x < width; x++)
            {
                for (int i = 0; i < 9; i++)
                {
                    (int dy, int dx) = (i / 3 - 1, i % 3 - 1);
                    bool inside = (uint)(row % height + dy) < (uint)height && (uint)(x + dx) < (uint)width;
                    f(inside ? ((row + dy) * width + x + dx) * channels : -1, (row * width + x) * channels * 9 + i);
                }
            }
        }
    }

    /// <summary>
    /// A transposed convolution whose kernel is its stride: each pixel becomes a K x K tile, [B, H, W, I] → [B, H K, W
    /// K, O].
    /// </summary>
    /// <param name="weight">[I, O, K, K], PyTorch's order.</param>
    /// <param name="bias">[O].</param>
    public Tensor ConvTranspose(Parameter weight, Parameter bias)
    {
        if (Rank != 4 || this[3] != weight.Shape[0])
            Throw.Shape(nameof(ConvTranspose), _shape, $"[B, H, W, {weight.Shape[0]}] for weight '{weight.Name}'");
        (int batch, int height, int width, int inputs) = (this[0], this[1], this[2], this[3]);
        int outputs = weight.Shape[1], kernel = weight.Shape[2], tile = outputs * kernel * kernel;

        using Profile.Timing timing =
            Profile.Measure(nameof(ConvTranspose), weight, 2L * Rows * inputs * tile);
        Tensor tiles = Empty(batch * height * width, tile), biases = Empty(tile);
        for (int o = 0; o < outputs; o++)
            biases.Data.Slice(o * kernel * kernel, kernel * kernel).Fill(bias.Value.Data[o]);
        Gemm.Multiply(Data, inputs, Rows, weight.PackedRows, tiles.Data, tile, new() { Bias = biases.Data });
        Tensor y = Empty(batch, height * kernel, width * kernel, outputs);
        CopyTiles(tiles, y, toPicture: true);

        if (Tape.Records(this, weight, bias))
        {
            Tape.Current.Add(y, () =>
            {
                Tensor d = Empty(batch * height * width, tile);
                CopyTiles(d, y._grad!, toPicture: false);
                if (RequiresGrad)
                {
                    Tensor dx = AddableGrad();
                    Gemm.Multiply(d.Data, tile, Rows, weight.Packed, dx.Data, inputs, new() { Addend = dx.Data });
                }
                if (weight.Trainable)
                {
                    Gemm.AddTransposedProduct(
                        Data, inputs, Rows, inputs, d.Data, tile, tile, Tape.GradientOf(weight).Data, tile);
                }
                if (bias.Trainable) Kernels.AddColumnSums(y._grad!.Data, Tape.GradientOf(bias).Data);
            });
        }
        return y;
    }

    /// <summary>
    /// Copies tiles [B * H * W, O * K * K] to the picture [B, H K, W K, O] that they make up, or the other way round.
    /// </summary>
    private void CopyTiles(Tensor tiles, Tensor picture, bool toPicture)
    {
        (int height, int width, int outputs) = (this[1], this[2], picture[3]);
        int kernel = picture[1] / Math.Max(1, height), tile = tiles[1];
        Workers.Split(this[0] * height, Math.Max(1, ElementGrain / (width * tile)), (start, end) =>
        {
            for (int at = start * width; at < end * width; at++)
            {
                for (int line = 0; line < outputs * kernel; line++)
                {
                    (int output, int ky) = (line / kernel, line % kernel);
                    int x = at % width * kernel, y = at / width * kernel + ky;
                    Span<float> t = tiles.Data.Slice(at * tile + line * kernel, kernel);
                    Span<float> p = picture.Data[((y * width * kernel + x) * outputs + output)..];
                    if (outputs == 1 && toPicture) t.CopyTo(p);
                    else if (toPicture) for (int i = 0; i < t.Length; i++) p[i * outputs] = t[i];
                    else for (int i = 0; i < t.Length; i++) t[i] = p[i * outputs];
                }
            }
        });
    }
}
