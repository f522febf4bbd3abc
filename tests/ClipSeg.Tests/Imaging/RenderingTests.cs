using ClipSeg.Imaging;

namespace ClipSeg.Tests.Imaging;

public sealed class RenderingTests
{
    [Fact]
    public void A_label_map_is_written_as_a_palette_and_read_back()
    {
        LabelMap map = new(3, 2, [0, 1, 2, 2, 1, 0]);
        byte[] png = map.EncodePng([new(0, 0, 0), new(255, 0, 0), new(0, 0, 255)]);

        Assert.Equal((3, 2), (png[19], png[23]));
        Assert.Equal((8, 3), (png[24], png[25]));       // 8 bits, a palette
        Assert.Equal(map.Labels, LabelMap.Decode(png, "labels").Labels);
        Assert.Equal<byte>([0, 0, 0, 255, 0, 0, 0, 0, 255, 0, 0, 255, 255, 0, 0, 0, 0, 0], Image.Decode(png).Pixels);

        Assert.Throws<ArgumentException>(() => map.EncodePng([new(0, 0, 0), new(255, 0, 0)]));
        Assert.Throws<ArgumentException>(() => new LabelMap(3, 2, new byte[5]));
    }

    [Fact]
    public void Labels_keep_the_numbers_of_the_prompts_that_were_found()
    {
        Mask[] masks = [new(3, 1, [0.9f, 0.9f, 0]), new(3, 1, [0.6f, 0.9f, 0.4f]), new(3, 1, [0.7f, 0.95f, 0.6f])];
        Rendering rendering = new(new(3, 1), masks, ["a", "b", "c"], new() { Guided = 0 });
        Assert.Equal<byte>([1, 3, 3], rendering.Labels([0, 1, 2]).Labels);
        Assert.Equal<byte>([3, 3, 3], rendering.Labels([1, 2]).Labels);
        Assert.Equal<byte>([0, 0, 0], rendering.Labels([]).Labels);
    }

    [Fact]
    public void A_heatmap_grows_lighter_with_probability()
    {
        Mask ramp = new(256, 1, [.. Enumerable.Range(0, 256).Select(i => i / 255f)]);
        byte[] pixels = Heatmap.Of(ramp).Pixels;
        double[] light = [.. Enumerable.Range(0, 256)
            .Select(i => 0.3 * pixels[3 * i] + 0.59 * pixels[3 * i + 1] + 0.11 * pixels[3 * i + 2])];
        Assert.True(light[0] < 10 && light[255] > 230);
        Assert.All(Enumerable.Range(1, 255), i => Assert.True(light[i] >= light[i - 1] - 1, $"{i}"));
    }

    [Fact]
    public void A_picture_is_laid_on_another_as_alpha_says()
    {
        Image top = new(2, 1, [10, 20, 30, 100, 100, 100], [255, 51]);
        Image below = new(2, 1, [0, 0, 0, 200, 0, 50]);
        Assert.Equal<byte>([10, 20, 30, 180, 20, 60], top.Over(below).Pixels);      // a fifth of 100, four of 200
        Assert.Null(top.Over(below).Alpha);

        // A background of another shape covers all: of 4 x 1, the middle two pixels.
        Image wide = new(4, 1, [9, 9, 9, 1, 1, 1, 2, 2, 2, 9, 9, 9]);
        Assert.Equal<byte>([1, 1, 1, 2, 2, 2], new Image(2, 1, new byte[6], [0, 0]).Over(wide).Pixels);
    }

    [Fact]
    public void A_blur_spreads_light_as_a_gaussian_and_keeps_plain_parts()
    {
        Image dot = new(81, 81);
        dot.Pixels.AsSpan(3 * (40 * 81 + 40), 3).Fill(255);
        for (int y = 36; y < 45; y++) dot.Pixels.AsSpan(3 * (y * 81 + 36), 27).Fill(255);
        Image blurred = dot.Blur(4);
        for (int d = 0; d <= 16; d += 4)
        {
            // A box of 9 through a Gaussian, on the middle row: the product of two error integrals.
            double expected = 255 * Box(0, 4) * Box(d, 4);
            Assert.InRange(blurred.Pixels[3 * (40 * 81 + 40 + d)], expected - 14, expected + 14);
        }

        Image plain = new(20, 10, [.. Enumerable.Repeat<byte>(77, 600)]);
        Assert.All(plain.Blur(5).Pixels, v => Assert.InRange(v, 76, 78));       // to the border
        Assert.Throws<ArgumentException>(() => plain.Blur(0));

        static double Box(double at, double sigma) => Enumerable.Range(-4, 9)
            .Sum(i => Math.Exp(-(at - i) * (at - i) / (2 * sigma * sigma)) / (sigma * Math.Sqrt(2 * Math.PI)));
    }

    [Theory]
    [InlineData("white", 255, 255, 255)]
    [InlineData("Navy", 0, 0, 128)]
    [InlineData("#0f8", 0, 255, 136)]
    [InlineData("#102030", 16, 32, 48)]
    public void A_colour_has_a_name_or_a_number(string text, byte r, byte g, byte b)
        => Assert.Equal(new Rgb(r, g, b), Background.ParseColour(text));

    [Theory]
    [InlineData("whyte")]
    [InlineData("#12")]
    [InlineData("#gggggg")]
    [InlineData("control")]
    [InlineData("")]
    public void What_is_no_colour_is_none(string text) => Assert.Null(Background.ParseColour(text));

    [Fact]
    public void A_threshold_is_a_number_or_each_masks_own()
    {
        Mask mask = new(4, 1, [0.1f, 0.12f, 0.7f, 0.8f]);
        Assert.Equal(0.3f, ThresholdRule.Parse("0.3")!.Of(mask));
        Assert.Equal(0.4f, ThresholdRule.Parse("peak")!.Of(mask));
        Assert.Equal(mask.OtsuThreshold(), ThresholdRule.Parse("otsu")!.Of(mask));
        Assert.All((string[])["1.1", "-0.1", "NaN", "half", ""], text => Assert.Null(ThresholdRule.Parse(text)));
    }

    [Fact]
    public void Edits_without_a_shape_leave_probabilities_as_they_are()
    {
        Mask mask = new(2, 1, [0.3f, 0.6f]);
        EditedMask plain = new MaskEdits().Apply(mask, null);
        Assert.Same(mask, plain.Soft);
        Assert.Equal([0f, 1f], plain.Binary.Values);

        MaskEdits invert = new() { Invert = true, Threshold = ThresholdRule.At(0.2f) };
        EditedMask inverted = invert.Apply(mask, null);
        Close.All([0.7f, 0.4f], inverted.Soft.Values, 1e-6f);
        Assert.Equal([0f, 0f], inverted.Binary.Values);     // both are above 0.2, so neither is left
        Assert.Equal(0, inverted.Area());
    }

    [Fact]
    public void Parts_are_chosen_by_the_size_that_they_have_when_holes_are_filled()
    {
        Mask mask = SmallMasks.Parse("###....", "#.#.##.", "###.##.", ".......");
        MaskEdits edits = new() { FillHoles = true, DropBelow = 9 };
        Assert.Equal(SmallMasks.Parse("###....", "###....", "###....", ".......").Values,
            edits.Apply(mask, null).Soft.Values);
        Assert.Equal(edits.Apply(mask, null).Soft.Values,
            (edits with { DropBelow = null, KeepLargest = true }).Apply(mask, null).Soft.Values);
        Assert.False((edits with { DropBelow = 10 }).Apply(mask, null).HasFound);
    }

    [Fact]
    public void Prompts_that_have_one_mask_have_one_result_even_if_it_is_written_over()
    {
        Image picture = RandomPictures.Image(new(5), 70, 20);
        Mask mask = new(70, 20, [.. Enumerable.Range(0, 1400).Select(i => i % 70 > 30 ? 0.8f : 0.1f)]);
        float[] expected = mask.GuidedFilter(picture).Values;
        Rendering rendering = new(picture, [mask, mask], ["a", "a"], new(), overwrite: true);
        Assert.All(rendering.Edited, edited => Assert.Equal(expected, edited.Soft.Values));
        Assert.Throws<InvalidOperationException>(() => rendering.Heatmap(0));
    }

    [Fact]
    public void Edges_follow_the_picture_unless_the_radius_is_0()
    {
        Image picture = RandomPictures.Image(new(5), 70, 20);
        Mask mask = new(70, 20, [.. Enumerable.Range(0, 1400).Select(i => i % 70 > 30 ? 0.8f : 0.1f)]);
        Assert.Null(new MaskEdits { Guided = 0 }.GuideOf(picture));
        Assert.Equal(mask.GuidedFilter(picture).Values, Moved(null));
        Assert.Equal(mask.GuidedFilter(picture, 5).Values, Moved(5));

        float[] Moved(int? radius)
        {
            MaskEdits edits = new() { Guided = radius };
            return edits.Apply(mask, edits.GuideOf(picture)).Soft.Values;
        }
    }
}
