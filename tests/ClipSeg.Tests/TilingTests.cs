using ClipSeg.Imaging;
using ClipSeg.Numerics;
using ClipSeg.Prompts;
using ClipSeg.Tests.Imaging;

namespace ClipSeg.Tests;

public sealed class TilingTests
{
    [Theory]
    [InlineData(48, 48, 1, 48, 48)]
    [InlineData(83, 83, 1, 48, 48)]
    [InlineData(84, 30, 2, 84, 48)]
    [InlineData(30, 84, 2, 48, 84)]
    [InlineData(84, 84, 4, 84, 84)]
    [InlineData(4000, 3000, 4, 84, 84)]
    public void There_are_two_tiles_along_a_side_that_has_the_pixels(int width, int height, int tiles, int w, int h)
    {
        Tiling tiling = new(width, height, 48, 48);
        Assert.Equal((tiles, w, h), (tiling.Count, tiling.Width, tiling.Height));
    }

    [Fact]
    public void A_tile_is_a_window_of_the_picture()
    {
        Tiling tiling = new(100, 100, 8, 16);                       // 14 x 28, tiles from 6 and from 12
        Tensor pixels = new([.. Enumerable.Range(0, 3 * 28 * 14).Select(i => (float)i)], 1, 3, 28, 14);
        for (int i = 0; i < 4; i++)
        {
            Tensor tile = tiling.Cut(pixels, i);
            Assert.Equal([1, 3, 16, 8], tile.Shape.ToArray());
            int first = i / 2 * 12 * 14 + i % 2 * 6;
            Assert.Equal(first, tile.Data[0]);
            Assert.Equal(first + 2 * 28 * 14 + 15 * 14 + 7, tile.Data[^1]);
        }
    }

    [Fact]
    public void Tiles_fade_into_each_other()
    {
        Tiling tiling = new(14, 8, 8, 8);                           // two tiles that share columns 6 and 7
        Tensor map = tiling.Begin(1);
        tiling.Add(map, new([.. Enumerable.Repeat(10f, 64)], 1, 8, 8), 0);
        tiling.Add(map, new([.. Enumerable.Repeat(20f, 64)], 1, 8, 8), 1);
        float[] row = [10, 10, 10, 10, 10, 10, 12.5f, 17.5f, 20, 20, 20, 20, 20, 20];
        for (int y = 0; y < 8; y++) Close.All(row, map.Data.Slice(y * 14, 14).ToArray(), 1e-5f);
    }

    [Fact]
    public void The_whole_says_what_is_coarse_and_tiles_what_is_fine()
    {
        Tiling tiling = new(8, 8, 8, 8);
        Tensor map = new([.. Enumerable.Range(0, 64).Select(i => i % 2 == 0 ? 90f : 110)], 1, 8, 8);
        tiling.Finish(map, new([1, 3, 1, 3], 1, 2, 2), 2, 2);
        float[] row = [-9, 11, -8.75f, 11.75f, -7.75f, 12.75f, -7, 13];
        for (int y = 0; y < 8; y++) Close.All(row, map.Data.Slice(y * 8, 8).ToArray(), 1e-4f);
    }

    [Fact]
    public void Fine_logits_are_those_of_the_picture_and_of_its_tiles_as_pictures()
    {
        using Segmenter segmenter = Segmenter.Load(Fixtures.At("model", "mini"));
        Image picture = RandomPictures.Image(new(42), 84, 84);
        Prompt[] prompts = segmenter.Prompts.Texts(["a cat", "a dog"]);

        Tensor fine = segmenter.Logits(segmenter.Encode(picture, fine: true), prompts);

        Assert.Equal([2, 84, 84], fine.Shape.ToArray());
        float[] tiles = new float[2 * 84 * 84], cells = new float[2 * 6 * 6];
        foreach ((int left, int top) in ((int, int)[])[(0, 0), (36, 0), (0, 36), (36, 36)])
        {
            Tensor tile = segmenter.Logits(segmenter.Encode(Cut(picture, left, top, 48)), prompts);
            for (int i = 0; i < tile.Length; i++)
            {
                (int x, int y) = (i % 48, i / 48 % 48);
                float value = Weight(left, x) * Weight(top, y) * tile.Data[i];
                tiles[(i / (48 * 48) * 84 + top + y) * 84 + left + x] += value;
                cells[(i / (48 * 48) * 6 + (top + y) / 14) * 6 + (left + x) / 14] += value / (14 * 14);
            }
        }
        float[] coarse = Large(cells, 6), whole = Large(segmenter.Logits(segmenter.Encode(picture), prompts).Data, 48);
        Close.All([.. tiles.Select((t, i) => t - coarse[i] + whole[i])], fine.Data, 1e-4f);

        static float Weight(int start, int i)
            => start == 0 ? Math.Min(1, (47.5f - i) / 12) : Math.Min(1, (i + 0.5f) / 12);

        static float[] Large(ReadOnlySpan<float> maps, int side)
        {
            float[] large = new float[2 * 84 * 84];
            Interpolation.Bilinear(maps, 2, side, side, large, 84, 84, alignCorners: false);
            return large;
        }
    }

    [Fact]
    public void A_picture_no_larger_than_the_model_reads_is_read_as_ever()
    {
        using Segmenter segmenter = Segmenter.Load(Fixtures.At("model", "mini"));
        Image picture = RandomPictures.Image(new(42), 60, 60);
        Assert.Equal(segmenter.Segment(picture, "a cat").Values,
            segmenter.Segment(segmenter.Encode(picture, fine: true), ["a cat"])[0].Values);
    }

    [Fact]
    public void Many_prompts_on_tiles_are_as_one_by_one()
    {
        using Segmenter segmenter = Segmenter.Load(Fixtures.At("model", "mini"));
        EncodedImage encoded = segmenter.Encode(RandomPictures.Image(new(42), 90, 200), fine: true);
        string[] prompts = [.. Enumerable.Range(0, 18).Select(i => $"{i} cats")];
        Mask[] together = segmenter.Segment(encoded, prompts);
        Assert.Equal((90, 200), (together[17].Width, together[17].Height));
        Close.All(segmenter.Segment(encoded, [prompts[17]])[0].Values, together[17].Values, 1e-5f);
    }

    private static Image Cut(Image picture, int left, int top, int side)
    {
        Image cut = new(side, side);
        for (int y = 0; y < side; y++)
        {
            picture.Pixels.AsSpan(((top + y) * picture.Width + left) * 3, side * 3)
                .CopyTo(cut.Pixels.AsSpan(y * side * 3));
        }
        return cut;
    }
}
