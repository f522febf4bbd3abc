namespace ClipSeg.Imaging;

/// <content>From probabilities to yes and no.</content>
public sealed partial class Mask
{
    private const int Levels = 256;     // of the histogram

    /// <summary>The binary mask: 1 where the value is greater than the threshold, 0 elsewhere.</summary>
    public Mask Threshold(float threshold)
    {
        Mask binary = new(Width, Height);
        for (int i = 0; i < Values.Length; i++) binary.Values[i] = Values[i] > threshold ? 1 : 0;
        return binary;
    }

    /// <summary>The binary mask: 1 where the value is greater than this part of the largest value.</summary>
    /// <param name="part">In [0, 1]; at 1 nothing is left.</param>
    public Mask ThresholdByPeak(float part)
    {
        if (!(part is >= 0 and <= 1)) throw new ArgumentException($"A part of the peak is in [0, 1], got {part}.");
        return Threshold(Values.Max() * part);
    }

    /// <summary>
    /// The pixels that a mask file means: 1 above half of its largest value, 0 elsewhere. So white on black, 0 and 1 of
    /// 8 or 16 bits, a dark class colour, soft edges and JPEG's noise all come out as meant; nothing but black is
    /// nothing.
    /// </summary>
    public Mask Foreground() => ThresholdByPeak(0.5f);

    /// <summary>
    /// The threshold that parts this mask's values best in two: with n values of mean m below it and n' of mean m'
    /// above, n n' (m - m')² is largest. 0.5 where all values are alike.
    /// </summary>
    /// <remarks>
    /// Otsu 1979, on a histogram of 256 levels, k/256 &lt; value ≤ (k+1)/256. Of equal splits it is the lowest, in
    /// the middle of the gap between the two classes.
    /// </remarks>
    public float OtsuThreshold()
    {
        Span<int> histogram = stackalloc int[Levels];
        histogram.Clear();
        double sum = 0;
        foreach (float value in Values)
        {
            int level = Math.Clamp((int)MathF.Ceiling(value * Levels) - 1, 0, Levels - 1);
            histogram[level]++;
            sum += level;
        }

        double best = 0, sumBelow = 0;
        int first = Levels / 2, last = first, below = 0;
        for (int k = 1; k < Levels; k++)        // the classes are the levels below k, and from k on
        {
            int added = histogram[k - 1];
            below += added;
            sumBelow += (k - 1.0) * added;
            int above = Values.Length - below;
            if (below == 0 || above == 0) continue;

            double apart = sumBelow / below - (sum - sumBelow) / above;
            double variance = (double)below * above * apart * apart;
            if (variance > best) (best, first, last) = (variance, k, k);
            else if (added == 0 && last == k - 1) last = k;     // still in the gap
        }
        return (first + last) / (2f * Levels);
    }

    /// <summary>What this mask is not: 1 - value.</summary>
    public Mask Invert()
    {
        Mask inverse = new(Width, Height);
        for (int i = 0; i < Values.Length; i++) inverse.Values[i] = 1 - Values[i];
        return inverse;
    }
}
