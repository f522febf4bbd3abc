namespace ClipSeg.Imaging;

/// <content>Masks of several prompts on one picture.</content>
public sealed partial class Mask
{
    private const float NearOne = 1 - 1e-6f;    // the sigmoid of large logits is 1, whose odds are infinite

    /// <summary>
    /// Lets prompts compete: from probabilities that a pixel is what each prompt names, to those that it is this one
    /// rather than another or none of them.
    /// </summary>
    /// <remarks>
    /// The softmax over the prompts' logits and a background of logit 0. With odds o = p / (1 - p), that is
    /// o / (1 + Σ o): one mask alone stays as it is, and the masks add up to less than 1 at each pixel.
    /// </remarks>
    /// <param name="masks">At least one, of one size; they stay as they are.</param>
    public static Mask[] Contrast(IReadOnlyList<Mask> masks)
    {
        (int width, int height) = CommonSize(masks);
        Mask[] contrast = [.. masks.Select(_ => new Mask(width, height))];
        for (int i = 0; i < width * height; i++)
        {
            double all = 1;
            for (int k = 0; k < masks.Count; k++) all += Odds(masks[k].Values[i]);
            for (int k = 0; k < masks.Count; k++) contrast[k].Values[i] = (float)(Odds(masks[k].Values[i]) / all);
        }
        return contrast;
    }

    /// <summary>
    /// [height, width]: at each pixel the number of the mask with the largest value there, from 1; of equals, the
    /// first; 0, the background, where none is above the threshold.
    /// </summary>
    /// <param name="masks">1 to 255, of one size.</param>
    public static byte[] Labels(IReadOnlyList<Mask> masks, float threshold = 0.5f)
        => Labels(masks, [.. Enumerable.Repeat(threshold, masks.Count)]);

    /// <summary>The same where each mask has a threshold of its own.</summary>
    internal static byte[] Labels(IReadOnlyList<Mask> masks, ReadOnlySpan<float> thresholds)
    {
        (int width, int height) = CommonSize(masks);
        if (masks.Count > byte.MaxValue)
            throw new ArgumentException($"Labels are of 1 to 255 masks, got {masks.Count}.");
        byte[] labels = new byte[width * height];
        for (int i = 0; i < labels.Length; i++)
        {
            float largest = float.NegativeInfinity;
            for (int k = 0; k < masks.Count; k++)
            {
                float value = masks[k].Values[i];
                if (value > thresholds[k] && value > largest) (largest, labels[i]) = (value, (byte)(k + 1));
            }
        }
        return labels;
    }

    private static double Odds(float probability)
    {
        double p = Math.Clamp(probability, 0, NearOne);
        return p / (1 - p);
    }

    /// <exception cref="ArgumentException">There is none, or they differ in size.</exception>
    internal static (int Width, int Height) CommonSize(IReadOnlyList<Mask> masks)
    {
        if (masks.Count == 0) throw new ArgumentException("Expected one mask or more, got none.");
        (int width, int height) = (masks[0].Width, masks[0].Height);
        foreach (Mask mask in masks)
        {
            if ((mask.Width, mask.Height) == (width, height)) continue;
            throw new ArgumentException(
                $"Expected masks of one size, got {width}x{height} and {mask.Width}x{mask.Height}.");
        }
        return (width, height);
    }
}
