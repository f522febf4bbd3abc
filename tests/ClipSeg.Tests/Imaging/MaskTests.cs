using ClipSeg.Imaging;

namespace ClipSeg.Tests.Imaging;

/// <summary>What is white: one rule for whatever people call a mask.</summary>
public sealed class MaskTests
{
    private const int Side = 32;

    private static readonly float[] _square = [.. Enumerable.Range(0, Side * Side).Select(i => InSquare(i) ? 1f : 0)];

    [Theory]
    [InlineData(255)]
    [InlineData(1)]
    [InlineData(128)]
    [InlineData(3)]
    public void Any_grey_on_black_is_foreground(byte value)
        => Assert.Equal(_square, Mask.Decode(Grey(value, 0).EncodePng()).Foreground().Values);

    [Theory]
    [InlineData(65535)]
    [InlineData(1)]
    [InlineData(300)]
    public void So_it_is_in_sixteen_bits(int value)
    {
        Mask mask = new(Side, Side, [.. _square.Select(v => v * value / 65535)]);
        Assert.Equal(_square, Mask.Decode(mask.EncodePng(bits16: true)).Foreground().Values);
    }

    [Fact]
    public void The_noise_of_jpeg_is_neither_white_nor_black()
    {
        using TemporaryFolder folder = new();
        Grey(255, 0).Save(folder.At("mask.jpg"), quality: 60);
        float[] found = Mask.Load(folder.At("mask.jpg")).Foreground().Values;
        Assert.InRange(found.Zip(_square).Count(p => p.First != p.Second), 0, 4);

        Image black = new(Side, Side);
        for (int i = 0; i < black.Pixels.Length; i++) black.Pixels[i] = (byte)(i * 7 % 5);
        black.Save(folder.At("black.jpg"), quality: 95);
        Assert.DoesNotContain(1, Mask.Load(folder.At("black.jpg")).Foreground().Values);
    }

    [Fact]
    public void Soft_edges_are_cut_half_way()
    {
        Mask soft = new(4, 1, [0, 0.2f, 0.3f, 0.5f]);
        Assert.Equal([0, 0, 1, 1], soft.Foreground().Values);
    }

    [Theory]
    [InlineData(255)]
    [InlineData(0)]
    public void A_cut_out_is_its_alpha_whatever_lies_under_it(byte colour)
    {
        byte[] alpha = [.. _square.Select(v => (byte)(255 * v))];
        Image cut = new(Side, Side, Grey(colour, colour).Pixels, alpha);
        Assert.Equal(_square, Mask.Decode(cut.EncodePng()).Foreground().Values);

        Array.Fill<byte>(alpha, 255);
        Image opaque = new(Side, Side, Grey(255, 0).Pixels, alpha);
        Assert.Equal(_square, Mask.Decode(opaque.EncodePng()).Foreground().Values);
    }

    [Fact]
    public void Black_is_nothing()
        => Assert.DoesNotContain(1, Mask.Decode(new Image(Side, Side).EncodePng()).Foreground().Values);

    private static Image Grey(byte inside, byte outside)
    {
        Image image = new(Side, Side);
        for (int i = 0; i < Side * Side; i++)
            image.Pixels.AsSpan(3 * i, 3).Fill(InSquare(i) ? inside : outside);
        return image;
    }

    private static bool InSquare(int i) => i % Side is >= 8 and < 24 && i / Side is >= 8 and < 24;
}
