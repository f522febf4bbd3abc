using ClipSeg.Imaging;
using ClipSeg.Scenes.Artwork;

namespace ClipSeg.Tests.Scenes.Artwork;

public sealed class ArtworkCacheTests
{
    [Fact]
    public void Cache_keeps_what_was_drawn_of_late_and_reads_the_rest_again()
    {
        // 24 pixels wide and high: copies of 26, 14, 8 and 5 with their borders, four bytes a pixel.
        const long One = 4 * (26 * 26 + 14 * 14 + 8 * 8 + 5 * 5);
        ArtworkCache cache = new(2 * One);
        int[] read = new int[3];
        Sprite[] sprites = [.. Enumerable.Range(0, 3).Select(i => new Sprite(() =>
        {
            read[i]++;
            return TestArtwork.Disc((byte)i, 0, 0);
        }, "test", cache))];

        foreach (int i in (int[])[0, 1, 0, 2, 0, 1]) Draw(sprites[i]);
        Assert.Equal([1, 2, 1], read);          // 1 made room for 2, which made room for 1
        Assert.Equal(2 * One, cache.Bytes);
        Assert.Equal((24, 24), (sprites[2].Width, sprites[2].Height));
        Assert.Equal([1, 2, 1], read);          // its size is known without its pixels
    }

    [Fact]
    public void Artwork_larger_than_the_cache_is_drawn_all_the_same()
    {
        ArtworkCache cache = new(1);
        Sprite one = new(() => TestArtwork.Disc(1, 2, 3), "test", cache);
        Sprite two = new(() => new Image(9, 9), "test", cache);
        Assert.Equal(new Sprite(TestArtwork.Disc(1, 2, 3), "test").Level(1, out _).Pixels, Draw(one).Pixels);
        Assert.Equal((9, 9), (Draw(two).Width, two.Height));
        Assert.Equal(24, Draw(one).Width);
    }

    private static SpriteLevel Draw(Sprite sprite) => sprite.Level(1, out _);
}
