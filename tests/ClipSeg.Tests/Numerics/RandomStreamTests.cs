using ClipSeg.Numerics;
using ClipSeg.Scenes;

namespace ClipSeg.Tests.Numerics;

public sealed class RandomStreamTests
{
    [Fact]
    public void Uses_have_a_number_and_a_stream_of_their_own()
    {
        RandomUse[] uses = Enum.GetValues<RandomUse>();
        Assert.Equal(Enum.GetNames<RandomUse>().Length, uses.Distinct().Count());
        ulong[] first = [.. uses.Select(use => new RandomStream(use, seed: 1, index: 0).NextBits())];
        Assert.Equal(uses.Length, first.Distinct().Count());
    }

    [Theory]
    [InlineData("Scenes")]
    [InlineData("Captions")]
    [InlineData("ScenePhrases")]
    [InlineData("SceneNegatives")]
    [InlineData("SceneSupports")]
    public void Uses_of_splits_stand_in_the_order_of_the_splits(string what)
    {
        RandomUse train = Enum.Parse<RandomUse>($"Train{what}");
        foreach (SceneSplit split in Enum.GetValues<SceneSplit>())
            Assert.Equal($"{split}{what}", (train + (int)split).ToString());
    }

    [Fact]
    public void Streams_differ_by_seed_index_and_name()
    {
        ulong[] first =
        [
            new RandomStream(RandomUse.Tests, 0, 0).NextBits(), new RandomStream(RandomUse.Tests, 1, 0).NextBits(),
            new RandomStream(RandomUse.Tests, 0, 1).NextBits(), new RandomStream(RandomUse.Tests, 0, "").NextBits(),
            new RandomStream(RandomUse.Tests, 0, "a").NextBits(), new RandomStream(RandomUse.Tests, 1, "a").NextBits(),
        ];
        Assert.Equal(first.Length, first.Distinct().Count());
        Assert.Equal(first[^1], new RandomStream(RandomUse.Tests, 1, "a").NextBits());
    }

    [Fact]
    public void Doubles_fill_the_unit_interval()
    {
        RandomStream random = new(RandomUse.Tests, 3, 0);
        double[] drawn = new double[10_000];
        for (int i = 0; i < drawn.Length; i++) drawn[i] = random.NextDouble();
        Assert.InRange(drawn.Min(), 0, 0.001);
        Assert.InRange(drawn.Max(), 0.999, 1 - 1e-16);
        Assert.InRange(drawn.Average(), 0.49, 0.51);
    }
}
