using ClipSeg.Imaging;

namespace ClipSeg.Tests.Imaging;

public sealed class JpegTests
{
    [Fact]
    public void Jpeg_has_the_same_pixels_however_its_coefficients_are_arranged()
    {
        Random random = new(42);
        for (int trial = 0; trial < 60; trial++)
        {
            int components = trial % 4 == 0 ? 1 : trial % 4 == 1 ? 4 : 3;
            (int, int)[] sampling = new (int, int)[components];
            foreach (ref (int H, int V) factors in sampling.AsSpan()) factors = (random.Next(1, 5), random.Next(1, 5));
            int width = random.Next(1, 70), height = random.Next(1, 70);
            JpegWriter plain = Writer(random, width, height, sampling, density: random.Next(1, 30));

            Image expected = Image.Decode(plain.Sequential());

            foreach (bool interleaved in (bool[])[true, false])
            {
                byte[] sequential = Rearranged(random, plain, interleaved).Sequential();
                byte[] progressive = Rearranged(random, plain, interleaved).Progressive();
                Assert.Equal(expected.Pixels, Image.Decode(sequential).Pixels);
                Assert.Equal(expected.Pixels, Image.Decode(progressive).Pixels);
            }
        }
    }

    [Fact]
    public void Jpeg_of_one_colour_is_that_colour_at_every_subsampling()
    {
        for (int factors = 0; factors < 256; factors++)
        {
            (int, int) luma = (1 + (factors & 3), 1 + (factors >> 2 & 3));
            (int, int) chroma = (1 + (factors >> 4 & 3), 1 + (factors >> 6));

            // Quantised by 3 and divided by 8: steps of 3/8 of a level around 128.
            Image image = Flat(33, 21, [luma, chroma, chroma], [-40, 64, -80], adobe: null);

            (double y, double cb, double cr) = (128 - 15, 24, -30);
            Assert.Equal(Math.Round(y + 1.402 * cr), image.Pixels[0]);
            Assert.Equal(Math.Round(y - 0.344136 * cb - 0.714136 * cr), image.Pixels[1]);
            Assert.Equal(Math.Round(y + 1.772 * cb), image.Pixels[2]);
            for (int i = 3; i < image.Pixels.Length; i++) Assert.Equal(image.Pixels[i % 3], image.Pixels[i]);
        }
    }

    [Theory]
    [InlineData(0, new byte[] { 152, 98, 128 })]            // components as they are: RGB
    [InlineData(1, new byte[] { 152, 162, 99 })]            // YCbCr
    public void Jpeg_follows_adobes_colour_transform(int transform, byte[] expected)
        => Assert.Equal(expected, Flat(9, 9, [(1, 1), (1, 1), (1, 1)], [64, -80, 0], transform).Pixels[..3]);

    [Fact]
    public void Jpeg_of_ycck_is_its_inverse_under_black()
    {
        Image image = Flat(9, 9, [(1, 1), (1, 1), (1, 1), (1, 1)], [64, 0, 0, -80], adobe: 2);
        const double luma = 128 + 24, black = 128 - 30;
        Assert.All(image.Pixels, p => Assert.Equal(Math.Round((255 - luma) * black / 255), p));
    }

    [Fact]
    public void Jpeg_upsampling_down_columns_is_that_along_rows_transposed()
    {
        Random random = new(42);
        for (int trial = 0; trial < 20; trial++)
        {
            int width = random.Next(5, 60), height = random.Next(1, 60);
            JpegWriter along = Writer(random, width, height, [(2, 1), (1, 1), (1, 1)], density: 0);
            int rows = along.UnitsHigh, columns = along.UnitsWide;
            JpegWriter down = new()
            {
                Width = height,
                Height = width,
                Sampling = [(1, 2), (1, 1), (1, 1)],
                Blocks = [Transposed(along.Blocks[0], rows, columns * 2), Transposed(along.Blocks[1], rows, columns),
                    Transposed(along.Blocks[2], rows, columns)],
            };

            Image a = Image.Decode(along.Sequential()), b = Image.Decode(down.Sequential());

            for (int y = 0; y < height; y++)
            {
                for (int x = 0; x < width; x++)
                    Assert.Equal(a.Pixels.AsSpan((y * width + x) * 3, 3), b.Pixels.AsSpan((x * height + y) * 3, 3));
            }
        }
    }

    [Fact]
    public void Jpeg_cut_off_anywhere_is_refused()
    {
        byte[] file = File.ReadAllBytes(Fixtures.At("images", "progressive-420.jpg"));
        for (int length = 0; length < file.Length - 2; length += 7)
            Assert.Throws<ImageFormatException>(() => Image.Decode(file.AsSpan(0, length)));
    }

    private static JpegWriter Rearranged(Random random, JpegWriter plain, bool interleaved) => new()
    {
        Width = plain.Width,
        Height = plain.Height,
        Sampling = plain.Sampling,
        Blocks = plain.Blocks,
        Interleaved = interleaved,
        CodeLength = random.Next(8, 17),
        RestartInterval = random.Next(0, 5),
    };

    private static short[][] Transposed(short[][] blocks, int rows, int columns)
        => [.. Enumerable.Range(0, blocks.Length).Select(i => blocks[i % rows * columns + i / rows])];

    private static Image Flat(int width, int height, (int, int)[] sampling, short[] levels, int? adobe)
    {
        short[][][] blocks = new short[sampling.Length][][];
        for (int c = 0; c < blocks.Length; c++)
        {
            short[] block = [levels[c], .. new short[63]];
            blocks[c] = [.. Enumerable.Repeat(block, JpegWriter.BlockCount(width, height, sampling, c))];
        }
        JpegWriter writer = new()
        {
            Width = width,
            Height = height,
            Sampling = sampling,
            Blocks = blocks,
            Adobe = adobe,
        };
        return Image.Decode(writer.Sequential());
    }

    private static JpegWriter Writer(Random random, int width, int height, (int, int)[] sampling, int density)
    {
        short[][][] blocks = new short[sampling.Length][][];
        for (int c = 0; c < blocks.Length; c++)
        {
            blocks[c] = new short[JpegWriter.BlockCount(width, height, sampling, c)][];
            for (int i = 0; i < blocks[c].Length; i++)
            {
                short[] block = blocks[c][i] = new short[64];
                block[0] = (short)random.Next(-300, 300);
                int count = random.Next(density + 1);
                for (int k = 0; k < count; k++) block[random.Next(1, 64)] = (short)random.Next(-9, 10);
            }
        }
        return new()
        {
            Width = width,
            Height = height,
            Sampling = sampling,
            Blocks = blocks,
        };
    }
}
