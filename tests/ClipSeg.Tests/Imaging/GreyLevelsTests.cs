using ClipSeg.Imaging;

namespace ClipSeg.Tests.Imaging;

public sealed class GreyLevelsTests
{
    [Fact]
    public void Values_are_rounded_at_every_length()
    {
        Random random = new(42);
        for (int length = 0; length <= 200; length++)
        {
            float[] values = [.. Enumerable.Range(0, length).Select(_ => random.NextSingle() * 1.4f - 0.2f)];
            byte[] levels = new byte[length + 2];
            levels.AsSpan().Fill(9);
            GreyLevels.Round(values, levels.AsSpan(1, length));
            Assert.Equal([9, .. values.Select(v => (byte)(Math.Clamp(v, 0, 1) * 255 + 0.5f)), 9], levels);
        }
    }
}
