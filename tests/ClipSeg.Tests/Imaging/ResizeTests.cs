using ClipSeg.Imaging;
using ClipSeg.Numerics;

namespace ClipSeg.Tests.Imaging;

public sealed class ResizeTests
{
    private const string Reference = "resize/resize.safetensors";

    [Theory]
    [InlineData("down", "bilinear", Resample.Bilinear)]
    [InlineData("down", "bicubic", Resample.Bicubic)]
    [InlineData("up", "bilinear", Resample.Bilinear)]
    [InlineData("up", "bicubic", Resample.Bicubic)]
    [InlineData("mixed", "bilinear", Resample.Bilinear)]
    [InlineData("mixed", "bicubic", Resample.Bicubic)]
    [InlineData("tiny", "bilinear", Resample.Bilinear)]
    [InlineData("tiny", "bicubic", Resample.Bicubic)]
    [InlineData("same", "bilinear", Resample.Bilinear)]
    [InlineData("same", "bicubic", Resample.Bicubic)]
    public void Resize_gives_pillows_pixels_exactly(string size, string name, Resample filter)
    {
        byte[] expected = FixtureTensors.ReadBytes(Reference, $"{size}.{name}", out int[] shape);
        Image source = Image.Load(Fixtures.At("resize", "source.png"));

        Image actual = source.Resize(shape[1], shape[0], filter);

        Assert.Equal(expected, actual.Pixels);
    }

    // Worked out by hand from the formulas in formats.md §11.
    [Theory]
    [InlineData(new byte[] { 0, 50, 100, 200, 255 }, new byte[] { 21, 111, 231 })]
    [InlineData(new byte[] { 10, 200, 30 }, new byte[] { 10, 86, 200, 98, 30 })]
    public void Resize_bilinear_of_a_row_equals_the_written_numbers(byte[] row, byte[] expected)
        => Assert.Equal(expected, PillowResize.Resize(row, 1, 1, row.Length, 1, expected.Length, Resample.Bilinear));

    [Theory]
    [InlineData(Resample.Nearest, new byte[] { 30, 70 })]
    [InlineData(Resample.Box, new byte[] { 25, 65 })]
    public void Resize_of_four_pixels_to_two_takes_or_averages(Resample filter, byte[] expected)
        => Assert.Equal(expected, PillowResize.Resize([20, 30, 60, 70], 1, 1, 4, 1, 2, filter));

    [Theory]
    [InlineData(Resample.Nearest)]
    [InlineData(Resample.Box)]
    [InlineData(Resample.Bilinear)]
    [InlineData(Resample.Bicubic)]
    [InlineData(Resample.Lanczos)]
    public void Resize_leaves_flat_pictures_flat_at_every_size(Resample filter)
    {
        Random random = new(42);
        for (int trial = 0; trial < 50; trial++)
        {
            Image source = new(random.Next(1, 50), random.Next(1, 400));
            source.Pixels.AsSpan().Fill(201);

            Image actual = source.Resize(random.Next(1, 50), random.Next(1, 50), filter);

            Assert.All(actual.Pixels, p => Assert.Equal(201, p));
        }
    }

    [Fact]
    public void Resize_treats_colour_and_alpha_alike_and_apart()
    {
        Random random = new(42);
        Image grey = RandomPictures.Image(random, 31, 17, alpha: true);
        for (int i = 0; i < grey.Alpha!.Length; i++) grey.Pixels.AsSpan(i * 3, 3).Fill(grey.Alpha[i]);

        Image actual = grey.Resize(12, 29, Resample.Lanczos);

        for (int i = 0; i < actual.Alpha!.Length; i++) Assert.Equal(actual.Pixels[i * 3 + 1], actual.Alpha[i]);
    }

    [Fact]
    public void Resize_of_three_channels_equals_each_alone_at_random_sizes()
    {
        Random random = new(42);
        for (int trial = 0; trial < 300; trial++)
        {
            Resample filter = (Resample)(trial % 5);
            int height = random.Next(1, 90), width = random.Next(1, trial % 7 == 0 ? 900 : 90);
            int newHeight = random.Next(1, 60), newWidth = random.Next(1, 60);
            byte[] source = new byte[3 * height * width], plane = new byte[height * width];
            random.NextBytes(source);
            if (trial % 3 == 0) foreach (ref byte value in source.AsSpan()) value = (byte)(value < 128 ? 0 : 255);

            byte[] all = PillowResize.Resize(source, 3, height, width, newHeight, newWidth, filter);

            for (int c = 0; c < 3; c++)
            {
                for (int i = 0; i < plane.Length; i++) plane[i] = source[3 * i + c];
                byte[] one = PillowResize.Resize(plane, 1, height, width, newHeight, newWidth, filter);
                for (int i = 0; i < one.Length; i++) Assert.Equal(one[i], all[3 * i + c]);
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Bilinear_equals_pytorch(bool alignCorners)
    {
        Tensor source = FixtureTensors.Read(Reference, "logits.in");
        Tensor expected = FixtureTensors.Read(Reference, $"logits.bilinear.align_corners={alignCorners}");
        float[] actual = new float[expected.Length];

        Interpolation.Bilinear(source.Data, 1, source[0], source[1], actual, expected[0], expected[1], alignCorners);

        AssertClose(expected.Data, actual);
    }

    [Theory]
    [InlineData("12x12")]
    [InlineData("4x4")]
    [InlineData("5x9")]
    public void Bicubic_of_a_position_table_equals_pytorch(string size)
    {
        Tensor source = FixtureTensors.Read(Reference, "pos.in");
        Tensor expected = FixtureTensors.Read(Reference, $"pos.bicubic.{size}");
        float[] actual = new float[expected.Length];

        Interpolation.Bicubic(source.Data, source[0], source[1], source[2], actual, expected[1], expected[2]);

        AssertClose(expected.Data, actual);
    }

    [Fact]
    public void Nearest_rounds_the_source_position_down()
    {
        float[] actual = new float[2 * 1 * 5];
        Interpolation.Nearest([1, 2, 3, 4, 5, 6], 2, 1, 3, actual, 1, 5);
        Assert.Equal([1, 1, 2, 2, 3, 4, 4, 5, 5, 6], actual);
    }

    [Fact]
    public void Bilinear_of_several_channels_equals_each_alone()
    {
        Random random = new(42);
        for (int trial = 0; trial < 50; trial++)
        {
            int height = random.Next(1, 9), width = random.Next(1, 9), newHeight = random.Next(1, 20);
            int newWidth = random.Next(1, 20), area = height * width, newArea = newHeight * newWidth;
            float[] source = new float[3 * area], all = new float[3 * newArea], one = new float[newArea];
            foreach (ref float value in source.AsSpan()) value = random.NextSingle();

            Interpolation.Bilinear(source, 3, height, width, all, newHeight, newWidth, alignCorners: trial % 2 == 0);

            for (int c = 0; c < 3; c++)
            {
                ReadOnlySpan<float> map = source.AsSpan(c * area, area);
                Interpolation.Bilinear(map, 1, height, width, one, newHeight, newWidth, alignCorners: trial % 2 == 0);
                Assert.Equal(one, all[(c * newArea)..((c + 1) * newArea)]);
            }
        }
    }

    [Fact]
    public void Mask_resize_keeps_the_mean_of_a_doubled_mask()
    {
        Mask mask = new(2, 1, [0, 1]);
        Assert.Equal([0, 0.25f, 0.75f, 1], mask.Resize(4, 1).Values);
    }

    private static void AssertClose(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], 1e-5f);
    }
}
