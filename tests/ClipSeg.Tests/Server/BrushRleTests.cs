using ClipSeg.Imaging;
using ClipSeg.Server;

namespace ClipSeg.Tests.Server;

public sealed class BrushRleTests
{
    [Fact]
    public void The_vector_of_label_studios_own_test_is_packed_to_its_bytes()
        => Assert.Equal([0, 0, 0, 18, 57, 27, 252, 96, 32, 1, 0, 6, 0, 40, 0, 192, 3, 128, 17, 56, 32],
            BrushRle.Of((ReadOnlySpan<byte>)[1, 1, 1, 1, 2, 3, 5, 6, 7, 8, 4, 4, 4, 4, 4, 4, 4, 4]));

    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 5)]
    [InlineData(300, 200)]
    [InlineData(1000, 70)]      // runs of more than 65,536 values
    public void A_mask_comes_back_in_all_four_channels(int width, int height)
    {
        Mask mask = new(width, height);
        Random random = new(42);
        for (int i = 0; i < mask.Values.Length; i++)
            mask.Values[i] = i <= mask.Values.Length / 2 ? 0 : random.Next(9) == 0 ? 1 : mask.Values[i - 1];

        byte[] values = Unpack(BrushRle.Of(mask));
        Assert.Equal(mask.Values.SelectMany(v => Enumerable.Repeat((byte)(v * 255), 4)), values);
    }

    /// <summary>The format, read as its definition has it: lists of values as well as runs.</summary>
    private static byte[] Unpack(byte[] packed)
    {
        int at = 0;
        byte[] values = new byte[Read(32)];
        int valueWidth = Read(5) + 1;
        int[] widths = [Read(4) + 1, Read(4) + 1, Read(4) + 1, Read(4) + 1];
        for (int i = 0; i < values.Length;)
        {
            bool isRun = Read(1) == 1;
            int end = i + 1 + Read(widths[Read(2)]);
            for (byte value = isRun ? (byte)Read(valueWidth) : (byte)0; i < end; i++)
                values[i] = isRun ? value : (byte)Read(valueWidth);
        }
        return values;

        int Read(int bits)
        {
            int value = 0;
            for (; bits > 0; bits--, at++) value = value << 1 | (packed[at / 8] >> (7 - at % 8) & 1);
            return value;
        }
    }
}
