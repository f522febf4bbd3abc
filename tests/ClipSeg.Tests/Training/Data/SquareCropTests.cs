using ClipSeg.Imaging;
using ClipSeg.Numerics;
using ClipSeg.Scenes;
using ClipSeg.Training.Data;

namespace ClipSeg.Tests.Training.Data;

public sealed class SquareCropTests
{
    [Theory]
    [InlineData(16, 10)]
    [InlineData(10, 16)]
    public void Crop_is_the_best_of_its_tries_for_a_small_object(int width, int height)
    {
        // Three pixels at one end: below 5 %, so of fifty places that one is taken which shows most of them.
        SegmentationSample sample = Sample(width, height, (x, y) => x + y < 2 && x < 2);
        for (int seed = 0; seed < 20; seed++)
        {
            RandomStream random = new(RandomUse.Tests, seed, 0);
            SegmentationSample crop = SquareCrop.Apply(sample, ref random);
            Assert.Equal((10, 10), (crop.Picture.Width, crop.Picture.Height));
            Assert.Equal((10, 10), (crop.Mask.Width, crop.Mask.Height));
            Assert.Equal(3, crop.Mask.Values.Sum());
            for (int i = 0; i < 100; i++) Assert.Equal(crop.Mask.Values[i], crop.Picture.Pixels[3 * i]);
        }
    }

    [Fact]
    public void Crop_is_the_first_place_that_shows_enough()
    {
        SegmentationSample sample = Sample(60, 20, (x, _) => x >= 30);
        HashSet<float> counts = [];
        for (int seed = 0; seed < 60; seed++)
        {
            RandomStream random = new(RandomUse.Tests, seed, 0);
            counts.Add(SquareCrop.Apply(sample, ref random).Mask.Values.Sum());
        }
        Assert.All(counts, count => Assert.True(count > 60));       // 5 % of 60 x 20
        Assert.True(counts.Count > 5);                              // not the largest every time
    }

    [Fact]
    public void Square_picture_stays_as_it_is()
    {
        SegmentationSample sample = Sample(8, 8, (x, _) => x > 3);
        RandomStream random = new(RandomUse.Tests, 0, 0);
        Assert.Same(sample, SquareCrop.Apply(sample, ref random));
    }

    // The picture's red is the mask, so that both can be seen to move together.
    private static SegmentationSample Sample(int width, int height, Func<int, int, bool> isSet)
    {
        Image picture = new(width, height);
        Mask mask = new(width, height);
        for (int i = 0; i < width * height; i++)
        {
            if (!isSet(i % width, i / width)) continue;
            (mask.Values[i], picture.Pixels[3 * i]) = (1, 1);
        }
        return new() { Picture = picture, Mask = mask, Phrase = "it", Group = 0 };
    }
}
