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
        Visit(y, (x, i, z, j) => z[j] = i < 0 ? 0 : x[i]);
        if (Tape.Records(this))
        {
            Tape.Current.Add(y, () => AddableGrad().Visit(y._grad!, (x, i, z, j) =>
            {
                if (i >= 0) x[i] += z[j];
            }));
        }
        return y;
    }

    private delegate void Element(Span<float> x, int i, Span<float> y, int j);

    /// <summary>
    /// Calls <paramref name="f"/> for every element of the neighbourhoods of this picture; i is -1 outside. The
    /// pictures of a batch are visited side by side.
    /// </summary>
    private void Visit(Tensor neighbourhoods, Element f)
    {
        (int batch, int height, int width, int channels) = (this[0], this[1], this[2], this[3]);
        Workers.Split(batch, 1, (start, end) =>
        {
            Span<float> x = Data, y = neighbourhoods.Data;
            for (int row = start * height; row < end * height; row++)
            {
                int py = row % height;
                for (int px = 0; px < width; px++)
                {
                    int j = (row * width + px) * channels * 9;
                    for (int c = 0; c < channels; c++)
                    {
                        for (int dy = -1; dy <= 1; dy++)
                        {
                            for (int dx = -1; dx <= 1; dx++, j++)
                            {
                                bool inside = (uint)(py + dy) < (uint)height && (uint)(px + dx) < (uint)width;
                                f(x, inside ? ((row + dy) * width + px + dx) * channels + c : -1, y, j);
                            }
                        }
                    }
                }
            }
        });
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
        Tensor tiles = Empty(batch * height * width, tile);
        Gemm.Multiply(Data, inputs, Rows, weight.PackedRows, tiles.Data, tile);
        Tensor y = Empty(batch, height * kernel, width * kernel, outputs);
        for (int i = 0; i < y.Length; i += outputs) bias.Value.Data.CopyTo(y.Data[i..]);
        AddTiles(tiles, y, toPicture: true);

        if (Tape.Records(this, weight, bias))
        {
            Tape.Current.Add(y, () =>
            {
                Tensor d = Zeros(batch * height * width, tile);
                AddTiles(d, y._grad!, toPicture: false);
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
    /// Adds tiles [B * H * W, O * K * K] to the picture [B, H K, W K, O] they make up, or the other way round.
    /// </summary>
    private void AddTiles(Tensor tiles, Tensor picture, bool toPicture)
    {
        (int height, int width, int outputs) = (this[1], this[2], picture[3]);
        int kernel = picture[1] / Math.Max(1, height), tile = tiles[1];
        Workers.Split(this[0] * height, Math.Max(1, ElementGrain / (width * tile)), (start, end) =>
        {
            Span<float> t = tiles.Data, p = picture.Data;
            for (int row = start; row < end; row++)
            {
                for (int x = 0; x < width; x++)
                {
                    int i = (row * width + x) * tile;
                    for (int o = 0; o < outputs; o++)
                    {
                        for (int ky = 0; ky < kernel; ky++)
                        {
                            int j = ((row * kernel + ky) * width * kernel + x * kernel) * outputs + o;
                            for (int kx = 0; kx < kernel; kx++, i++, j += outputs)
                            {
                                if (toPicture) p[j] += t[i];
                                else t[i] += p[j];
                            }
                        }
                    }
                }
            }
        });
    }
}
