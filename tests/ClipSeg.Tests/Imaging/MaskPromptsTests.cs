using ClipSeg.Imaging;
using FsCheck.Xunit;

namespace ClipSeg.Tests.Imaging;

public sealed class MaskPromptsTests
{
    [Fact]
    public void The_largest_value_names_the_pixel_and_low_ones_are_background()
    {
        Mask cup = new(5, 1, [0.9f, 0.6f, 0.5f, 0.2f, 0.7f]), plate = new(5, 1, [0.1f, 0.8f, 0.5f, 0.3f, 0.7f]);
        Assert.Equal<byte>([1, 2, 0, 0, 1], Mask.Labels([cup, plate]));
        Assert.Equal<byte>([1, 2, 1, 2, 1], Mask.Labels([cup, plate], threshold: 0.25f));
    }

    [Fact]
    public void Prompts_compete_by_their_odds()
    {
        // Odds of 4 and 1 beside the background's 1; then 1 / 3 and 0.
        Mask[] contrast = Mask.Contrast([new(2, 1, [0.8f, 0.25f]), new(2, 1, [0.5f, 0])]);
        Assert.Equal([4 / 6f, 0.25f], contrast[0].Values, (a, b) => Math.Abs(a - b) < 1e-6f);
        Assert.Equal([1 / 6f, 0], contrast[1].Values, (a, b) => Math.Abs(a - b) < 1e-6f);
    }

    [Fact]
    public void Certain_prompts_share_the_pixel()
    {
        Mask[] contrast = Mask.Contrast([new(1, 1, [1]), new(1, 1, [1])]);
        Assert.All(contrast, mask => Assert.Equal(0.5f, mask[0, 0], 1e-5f));
    }

    [Property]
    public void Labels_are_the_first_of_the_largest_above_the_threshold(byte[] values, byte threshold)
    {
        const int Masks = 3;
        int pixels = values.Length / Masks;
        if (pixels == 0) return;
        Mask[] masks = [.. Enumerable.Range(0, Masks).Select(
            k => new Mask(pixels, 1, [.. values.Skip(k * pixels).Take(pixels).Select(v => v % 8 / 7f)]))];
        float least = threshold % 8 / 7f;
        IEnumerable<byte> expected = Enumerable.Range(0, pixels).Select(i =>
        {
            float largest = masks.Max(mask => mask.Values[i]);
            return largest > least ? (byte)(1 + Array.FindIndex(masks, mask => mask.Values[i] == largest)) : (byte)0;
        });
        Assert.Equal(expected, Mask.Labels(masks, least));
    }

    [Property]
    public void Contrast_is_the_softmax_of_logits_and_a_background_of_zero(sbyte[] logits)
    {
        if (logits.Length == 0) return;
        double[] x = [.. logits.Select(l => l / 16.0)];
        Mask[] contrast = Mask.Contrast([.. x.Select(l => new Mask(1, 1, [(float)(1 / (1 + Math.Exp(-l)))]))]);
        double all = 1 + x.Sum(Math.Exp);
        for (int k = 0; k < x.Length; k++) Assert.Equal(Math.Exp(x[k]) / all, contrast[k][0, 0], 1e-3);
    }

    [Fact]
    public void Masks_of_no_or_unlike_sizes_are_errors()
    {
        Assert.Throws<ArgumentException>(() => Mask.Labels([]));
        Assert.Contains("2x1 and 1x2", Assert.Throws<ArgumentException>(
            () => Mask.Contrast([new(2, 1), new(1, 2)])).Message);
        Assert.Throws<ArgumentException>(() => Mask.Labels([.. Enumerable.Range(0, 256).Select(_ => new Mask(1, 1))]));
    }
}
