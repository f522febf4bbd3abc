using ClipSeg.Numerics;
using ClipSeg.Server;

namespace ClipSeg.Tests.Server;

public sealed class PictureCacheTests
{
    private static readonly EncodingKey _key = new("mini", 48);

    private readonly Clock _clock = new();

    [Fact]
    public void A_picture_is_found_with_what_models_read_of_it()
    {
        PictureCache cache = new(10_000, TimeSpan.FromMinutes(1), _clock);
        Picture picture = Some(1);
        EncodedImage first = Encoded(10), second = Encoded(20);
        cache.Keep(picture, _key, first);
        cache.Keep(picture, _key with { Size = 64 }, second);

        Picture found = cache.Find(picture.Id)!;
        Assert.Same(first, cache.Encoding(found, _key));
        Assert.Same(second, cache.Encoding(found, _key with { Size = 64 }));
        Assert.Null(cache.Encoding(found, new("other", 48)));
        Assert.Equal(60 + 30 * sizeof(float), cache.Bytes);
    }

    [Fact]
    public void What_was_not_used_for_longest_makes_room()
    {
        PictureCache cache = new(3 * (60 + 40), TimeSpan.FromMinutes(1), _clock);
        for (byte i = 0; i < 3; i++) cache.Keep(Some(i), _key, Encoded(10));
        Assert.NotNull(cache.Find(Some(0).Id));
        cache.Keep(Some(3), _key, Encoded(10));

        Assert.Equal([true, false, true, true],
            Enumerable.Range(0, 4).Select(i => cache.Find(Some((byte)i).Id) is not null));
        Assert.Equal(3 * (60 + 40), cache.Bytes);
    }

    [Fact]
    public void A_picture_larger_than_all_the_room_is_not_kept_and_nothing_is_counted_for_it()
    {
        PictureCache cache = new(50, TimeSpan.FromMinutes(1), _clock);
        cache.Keep(Some(1), _key, Encoded(10));
        Assert.Null(cache.Find(Some(1).Id));
        Assert.Equal((0, 0L), (cache.Count, cache.Bytes));
    }

    [Fact]
    public void A_picture_goes_some_time_after_its_last_use()
    {
        PictureCache cache = new(10_000, TimeSpan.FromMinutes(10), _clock);
        cache.Keep(Some(1), _key, Encoded(10));
        _clock.Now += TimeSpan.FromMinutes(9);
        Assert.NotNull(cache.Find(Some(1).Id));
        _clock.Now += TimeSpan.FromMinutes(9);
        Assert.NotNull(cache.Find(Some(1).Id));
        _clock.Now += TimeSpan.FromMinutes(11);
        Assert.Null(cache.Find(Some(1).Id));
        Assert.Equal((0, 0L), (cache.Count, cache.Bytes));
    }

    /// <summary>4 pixels: 12 bytes, and 48 of what edges are moved to.</summary>
    private static Picture Some(byte content) => new(PictureCache.IdOf([content]), new(2, 2));

    private static EncodedImage Encoded(int values) => new(4, 4, 1, 1, [new Tensor(new float[values], values)]);

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
