using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
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
        Assert.Equal(201, CocoRle.Of(mask).Counts.Count);
        Assert.Equal(209, text.Length);
        Assert.StartsWith("T_R1T3l7000000000000", text);
        Assert.Equal("f8117e9abbb250d5a4e2343d66f0449844faf620a3bdbc1c98d6a5c414a7a48b",
            Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(text))));
    }

    [Fact]
    public void Compressed_runs_have_the_areas_and_boxes_that_coco_gives()
    {
        using JsonDocument file = JsonDocument.Parse(File.ReadAllText(Fixtures.At("coco", "panoptic.json")));
        int crowds = 0;
        foreach (JsonElement segment in file.RootElement.GetProperty("annotations").EnumerateArray())
        {
            JsonElement runs = segment.GetProperty("segmentation");
            string text = runs.GetProperty("counts").GetString()!;
            (int height, int width) = (runs.GetProperty("size")[0].GetInt32(), runs.GetProperty("size")[1].GetInt32());
            CocoRle rle = CocoRle.Parse(text, width, height);
            Mask mask = rle.ToMask();
            int area = segment.GetProperty("area").GetInt32();
            Assert.Equal(area, rle.Area);
            Assert.Equal(area, mask.Values.Sum());
            Assert.Equal(area, mask.Polygons(0).Sum(polygon => polygon.Area));
            Assert.Equal(text, rle.ToString());
            Assert.Equal(text, CocoRle.Of(mask).ToString());

            IReadOnlyList<Component> parts = mask.Components();
            (int x, int y) = (parts.Min(p => p.X), parts.Min(p => p.Y));
            (int right, int bottom) = (parts.Max(p => p.X + p.Width), parts.Max(p => p.Y + p.Height));
            Assert.Equal([x, y, right - x, bottom - y],
                segment.GetProperty("bbox").EnumerateArray().Select(number => number.GetInt32()));
            crowds += segment.GetProperty("iscrowd").GetInt32();
        }
        Assert.Equal(3, crowds);
    }

    [Property(Arbitrary = [typeof(SmallMasks)])]
    public void Every_mask_comes_back_from_both_forms(Mask mask)
    {
        CocoRle rle = CocoRle.Of(mask);
        Assert.Equal(SlowRuns(mask), rle.Counts);
        Assert.Equal(mask.Values.Sum(), rle.Area);
        Assert.Equal(mask.Values, new CocoRle(mask.Width, mask.Height, rle.Counts).ToMask().Values);
        Assert.Equal(mask.Values, CocoRle.Parse(rle.ToString(), mask.Width, mask.Height).ToMask().Values);
    }

    [Fact]
    public void A_run_over_the_end_of_a_column_is_two_parts_if_its_ends_do_not_touch()
    {
        CocoRle apart = CocoRle.Of(Parse(".#..", "....", "#...")), together = CocoRle.Of(Parse(".#..", ".#..", "#..."));
        Assert.Equal([2, 2, 8], apart.Counts);
        Assert.Equal([[2, 1, 9], [3, 1, 8]], apart.Parts().Select(part => part.Counts));
        Assert.Equal(together.Counts, Assert.Single(together.Parts()).Counts);
    }

    [Property(Arbitrary = [typeof(SmallMasks)])]
    public void Connected_parts_are_those_of_the_mask(Mask mask)
    {
        IReadOnlyList<CocoRle> parts = CocoRle.Of(mask).Parts();
        Assert.Equal(mask.Components().OrderBy(c => c.ToString()),
            parts.Select(part => part.Box).OrderBy(c => c.ToString()));
        Mask together = new(mask.Width, mask.Height);
        foreach (CocoRle part in parts)
        {
            Assert.Equal(CocoRle.Of(part.ToMask()).Counts, part.Counts);
            part.Fill(together);
        }
        Assert.Equal(mask.Values, together.Values);
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

    /// <summary>The pixels down the columns as text, cut where they change.</summary>
    private static IEnumerable<long> SlowRuns(Mask mask)
    {
        string pixels = string.Concat(Enumerable.Range(0, mask.Values.Length)
            .Select(i => mask[i / mask.Height, i % mask.Height] > 0.5f ? '1' : '0'));
        string[] runs = Regex.Matches(pixels, "0+|1+").Select(match => match.Value).ToArray();
        return (runs[0][0] == '1' ? [0L] : Array.Empty<long>()).Concat(runs.Select(run => (long)run.Length));
    }

    private static void Check(Mask mask, long[] counts, string text)
    {
        CocoRle rle = CocoRle.Of(mask);
        Assert.Equal(counts, rle.Counts);
        Assert.Equal(text, rle.ToString());
        Assert.Equal(Draw(mask), Draw(CocoRle.Parse(text, mask.Width, mask.Height).ToMask()));
    }
}
