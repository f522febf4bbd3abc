using ClipSeg.Imaging;

namespace ClipSeg.Tests.Imaging;

public sealed class PngTests
{
    [Fact]
    public void Png_round_trips_pictures_of_every_size()
    {
        Random random = new(42);
        for (int trial = 0; trial < 200; trial++)
        {
            Image image = RandomPictures.Image(random, random.Next(1, 40), random.Next(1, 40), alpha: trial % 2 == 0);

            Image back = Image.Decode(image.EncodePng());

            Assert.Equal((image.Width, image.Height), (back.Width, back.Height));
            Assert.Equal(image.Pixels, back.Pixels);
            Assert.Equal(image.Alpha, back.Alpha);
        }
    }

    [Theory]
    [InlineData(false, 255)]
    [InlineData(true, 65535)]
    public void Png_round_trips_masks_to_the_rounding(bool bits16, int levels)
    {
        Random random = new(42);
        for (int trial = 0; trial < 100; trial++)
        {
            Mask mask = new(random.Next(1, 40), random.Next(1, 40));
            foreach (ref float value in mask.Values.AsSpan()) value = random.NextSingle() * 1.2f - 0.1f;

            Mask back = Mask.Decode(mask.EncodePng(bits16));

            Assert.Equal((mask.Width, mask.Height), (back.Width, back.Height));
            for (int i = 0; i < mask.Values.Length; i++)
                Assert.Equal(Math.Clamp(mask.Values[i], 0, 1), back.Values[i], 0.501f / levels);
        }
    }

    [Fact]
    public void Save_leaves_one_complete_file_when_it_replaces_another()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        string path = Path.Combine(folder, "mask.png");
        new Mask(3, 2).Save(path);
        Mask mask = new(2, 3, [0, 1, 1, 0, 0, 1]);

        mask.Save(path);

        Assert.Equal([path], Directory.GetFiles(folder));
        Assert.Equal(mask.Values, Mask.Load(path).Values);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Mask_of_a_coloured_picture_takes_the_largest_channel()
    {
        Image image = new(3, 1, [0, 0, 0, 51, 102, 0, 0, 0, 255]);
        Mask mask = Mask.Decode(image.EncodePng());
        Assert.Equal([0, 0.4f, 1], mask.Values);
        Assert.Equal([0, 0, 1], mask.Threshold(0.4f).Values);
    }
}
