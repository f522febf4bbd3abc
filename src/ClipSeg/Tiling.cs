using ClipSeg.Imaging;
using ClipSeg.Numerics;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace ClipSeg;

/// <summary>
/// Two by two overlapping tiles of a picture that is larger than the network reads: each of the network's size, all
/// together a map of <see cref="Width"/> x <see cref="Height"/> that covers the picture.
/// </summary>
/// <remarks>
/// More and smaller tiles find edges no better, and the mean of tiles and the whole loses what is larger than a tile.
/// </remarks>
internal sealed class Tiling
{
    private const int Overlap = 4;      // a quarter of a tile's side
    private readonly int _tileWidth, _tileHeight;
    private readonly Side _across, _down;

    /// <param name="width">Of the picture, in pixels.</param>
    /// <param name="height">Of the picture, in pixels.</param>
    /// <param name="tileWidth">What the network reads, in pixels.</param>
    /// <param name="tileHeight">What the network reads, in pixels.</param>
    public Tiling(int width, int height, int tileWidth, int tileHeight)
    {
        (_tileWidth, _tileHeight) = (tileWidth, tileHeight);
        (_across, _down) = (new(width, tileWidth), new(height, tileHeight));
    }

    /// <summary>In pixels of tiles: not more than the picture has, unless there is one tile only.</summary>
    public int Width => _across.Length;

    /// <summary>In pixels of tiles.</summary>
    public int Height => _down.Length;

    /// <summary>How many there are; a single one would be the whole picture.</summary>
    public int Count => _across.Tiles * _down.Tiles;

    /// <summary>A tile of the picture at the map's size: [1, 3, Height, Width] → [1, 3, H, W] of a tile.</summary>
    /// <param name="index">Row by row, from 0.</param>
    public Tensor Cut(Tensor pixels, int index)
    {
        (int left, int top) = Corner(index);
        Tensor tile = Tensor.Empty(1, pixels[1], _tileHeight, _tileWidth);
        for (int row = 0; row < pixels[1] * _tileHeight; row++)
        {
            int from = (row / _tileHeight * Height + top + row % _tileHeight) * Width + left;
            pixels.Data.Slice(from, _tileWidth).CopyTo(tile.Data[(row * _tileWidth)..]);
        }
        return tile;
    }

    /// <summary>Maps to add tiles to: [prompts, Height, Width].</summary>
    public Tensor Begin(int prompts)
    {
        Tensor map = Tensor.Empty(prompts, Height, Width);
        map.Data.Clear();
        return map;
    }

    /// <summary>Adds a tile's logits, [P, H, W] of a tile; where tiles overlap they fade into each other.</summary>
    public void Add(Tensor map, Tensor tile, int index)
    {
        (int left, int top) = Corner(index);
        Span<float> across = stackalloc float[_tileWidth];
        _across.Fade(left, across);
        Span<float> down = stackalloc float[_tileHeight];
        _down.Fade(top, down);
        for (int row = 0; row < tile[0] * _tileHeight; row++)
        {
            int y = row % _tileHeight;
            Span<float> to = map.Data.Slice((row / _tileHeight * Height + top + y) * Width + left, _tileWidth);
            ReadOnlySpan<float> from = tile.Data.Slice(row * _tileWidth, _tileWidth);
            for (int x = 0; x < to.Length; x++) to[x] += down[y] * across[x] * from[x];
        }
    }

    /// <summary>
    /// Makes the tiles' maps the final ones: what is coarse is the whole picture's, what is fine the tiles'. Coarse
    /// are the means in cells, one for each token of the whole, interpolated.
    /// </summary>
    /// <param name="map">[P, Height, Width], all tiles added.</param>
    /// <param name="whole">[P, H, W]: logits of the whole picture.</param>
    /// <param name="gridHeight">In tokens.</param>
    /// <param name="gridWidth">In tokens.</param>
    public void Finish(Tensor map, Tensor whole, int gridHeight, int gridWidth)
    {
        int size = Width * Height;
        using TensorScope scope = new();
        Tensor large = Tensor.Empty(Height, Width);
        for (int p = 0; p < map[0]; p++)
        {
            Span<float> fine = map.Data.Slice(p * size, size);
            float[] coarse = Means(fine, gridHeight, gridWidth);
            Interpolation.Bilinear(coarse, 1, gridHeight, gridWidth, large.Data, Height, Width, alignCorners: false);
            TensorPrimitives.Subtract(fine, large.Data, fine);
            ReadOnlySpan<float> logits = whole.Data.Slice(p * whole[1] * whole[2], whole[1] * whole[2]);
            Interpolation.Bilinear(logits, 1, whole[1], whole[2], large.Data, Height, Width, alignCorners: false);
            Kernels.Add(large.Data, fine);
        }
    }

    private float[] Means(ReadOnlySpan<float> map, int gridHeight, int gridWidth)
    {
        float[] sums = new float[gridHeight * gridWidth], counts = new float[sums.Length];
        for (int i = 0; i < map.Length; i++)
        {
            int cell = i / Width * gridHeight / Height * gridWidth + i % Width * gridWidth / Width;
            sums[cell] += map[i];
            counts[cell]++;
        }
        TensorPrimitives.Divide(sums, counts, sums);
        return sums;
    }

    private (int Left, int Top) Corner(int index)
        => (index % _across.Tiles * _across.Step, index / _across.Tiles * _down.Step);

    /// <summary>The tiles along one side.</summary>
    private readonly struct Side
    {
        private readonly int _tile;

        /// <param name="picture">In pixels.</param>
        /// <param name="tile">In pixels.</param>
        public Side(int picture, int tile)
        {
            (_tile, Step) = (tile, tile - tile / Overlap);
            Tiles = picture >= tile + Step ? 2 : 1;
        }

        public int Tiles { get; }

        /// <summary>From a tile to the next one.</summary>
        public int Step { get; }

        public int Length => (Tiles - 1) * Step + _tile;

        /// <summary>A tile's weights: the next one's in their overlap are what is missing to 1.</summary>
        public void Fade(int start, Span<float> weights)
        {
            weights.Fill(1);
            float overlap = _tile - Step;
            for (int i = 0; i < overlap; i++)
            {
                float weight = (i + 0.5f) / overlap;
                if (start > 0) weights[i] = weight;
                if (start + _tile < Length) weights[^(i + 1)] = weight;
            }
        }
    }
}
