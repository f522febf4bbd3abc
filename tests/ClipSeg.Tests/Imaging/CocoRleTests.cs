using System.Security.Cryptography;
using System.Text;
using ClipSeg.Imaging;
using FsCheck.Xunit;
using static ClipSeg.Tests.Imaging.SmallMasks;

namespace ClipSeg.Tests.Imaging;

public sealed class CocoRleTests
{
    [Fact]
    public void Runs_go_down_the_columns_from_zeros()
    {
        Check(Parse(".#..", ".##.", "...."), [3, 2, 2, 1, 4], "322O2");
        Check(Parse("....", "....", "...."), [12], "<");
        Check(Parse("####", "####", "####"), [0, 12], "0<");
    }

    [Fact]
    public void A_square_has_the_text_of_cocos_tools()
    {
        Mask mask = new(352, 352);
        for (int y = 100; y < 200; y++) mask.Values.AsSpan(y * 352 + 100, 100).Fill(1);
        string text = CocoRle.Of(mask).ToString();
        Assert.StartsWith("T_R1T3l7000000000000", text);
        Assert.Equal("f8117e9abbb250d5a4e2343d66f0449844faf620a3bdbc1c98d6a5c414a7a48b",
            Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(text))));
    }

    // Segments of COCO's panoptic examples (CC BY 4.0) with the area that stands beside them; the last is a crowd.
    [Theory]
    [InlineData(@"b7\1P<VOi001O1O1O4L2N3LokV8", 640, 427, 153)]
    [InlineData(@"^Pm23V;2M3N1N200O100000N5I\SP4", 640, 360, 96)]
    [InlineData(@"old66n:4L4M3\Od00000001N2N101N2N2N3L7Hg_6", 640, 360, 421)]
    public void Compressed_runs_have_the_area_that_coco_gives(string text, int width, int height, int area)
    {
        CocoRle rle = CocoRle.Parse(text, width, height);
        Assert.Equal(area, rle.Area);
        Assert.Equal(area, rle.ToMask().Values.Sum());
        Assert.Equal(text, CocoRle.Of(rle.ToMask()).ToString());
    }

    [Property(Arbitrary = [typeof(SmallMasks)])]
    public void Every_mask_comes_back_from_both_forms(Mask mask)
    {
        CocoRle rle = CocoRle.Of(mask);
        Assert.Equal(mask.Values.Sum(), rle.Area);
        Assert.Equal(mask.Values, new CocoRle(mask.Width, mask.Height, rle.Counts).ToMask().Values);
        Assert.Equal(mask.Values, CocoRle.Parse(rle.ToString(), mask.Width, mask.Height).ToMask().Values);
    }

    [Theory]
    [InlineData("P")]                   // goes on, and does not
    [InlineData("0!")]
    [InlineData("PPPPPPPPPPPPPP0")]
    [InlineData("")]
    [InlineData("=")]                   // 13 pixels of 12
    [InlineData("322O1")]               // 11
    [InlineData("O1=")]                 // -1 first
    public void Damaged_text_is_an_error(string text)
        => Assert.Throws<ArgumentException>(() => CocoRle.Parse(text, 4, 3));

    [Fact]
    public void Runs_that_make_no_mask_of_the_size_are_errors()
    {
        Assert.Contains("add up to 11 pixels, expected 12",
            Assert.Throws<ArgumentException>(() => new CocoRle(4, 3, [5, 6])).Message);
        Assert.Throws<ArgumentException>(() => new CocoRle(4, 3, [-1, 13]));
        Assert.Throws<ArgumentException>(() => new CocoRle(1 << 16, 1 << 16, [1L << 32]));
    }

    private static void Check(Mask mask, long[] counts, string text)
    {
        CocoRle rle = CocoRle.Of(mask);
        Assert.Equal(counts, rle.Counts);
        Assert.Equal(text, rle.ToString());
        Assert.Equal(Draw(mask), Draw(CocoRle.Parse(text, mask.Width, mask.Height).ToMask()));
    }
}
