using ClipSeg.Imaging;

namespace ClipSeg.Tests.Imaging;

public sealed class SetPixelsTests
{
    [Fact]
    public void What_is_above_the_level_is_found_and_counted_at_every_length()
    {
        Random random = new(42);
        for (int length = 0; length <= 200; length++)
        {
            float[] values = [.. Enumerable.Range(0, length).Select(_ => random.Next(4) / 3f)];
            byte[] set = new byte[length + 2];
            set.AsSpan().Fill(9);
            SetPixels.Find(values, 1 / 3f, set.AsSpan(1, length));
            Assert.Equal([9, .. values.Select(v => v > 1 / 3f ? (byte)1 : (byte)0), 9], set);
            Assert.Equal(values.Count(v => v > 1 / 3f), SetPixels.Count(values, 1 / 3f));
        }
    }
}
