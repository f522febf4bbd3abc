namespace ClipSeg.Imaging;

/// <summary>
/// Coefficients to samples, with the exact roundings of the Independent JPEG Group's accurate integer transform, so
/// that pixels equal those of other software: the basis in 13-bit fixed point, columns first, rounded to 2 more bits.
/// </summary>
internal static class JpegIdct
{
    private const int Side = JpegComponent.BlockSide, FractionBits = 13, KeptBits = 2;

    // Sums of the constants of Loeffler, Ligtenberg and Moschytz (1989), each rounded to 13 bits first: that is why the
    // cosine 10703 and its negative -10704 differ, and why the odd half below is not quite symmetric either.
    private const int EvenA = 4433, EvenB = 10703, EvenC = -10704;

    /// <summary>Transforms one block and writes 8 x 8 samples.</summary>
    /// <param name="block">64 coefficients, row by row.</param>
    /// <param name="quant">What they are multiplied by.</param>
    /// <param name="last">The last coefficient that is not zero, in zigzag order.</param>
    /// <param name="samples">From the block's first sample on.</param>
    /// <param name="stride">From one row of samples to the next.</param>
    public static void Block(ReadOnlySpan<short> block, ReadOnlySpan<ushort> quant, int last, Span<byte> samples,
        int stride)
    {
        if (last == 0)
        {
            byte level = Sample(Round(block[0] * quant[0] << KeptBits, KeptBits + 3));
            for (int y = 0; y < Side; y++) samples.Slice(y * stride, Side).Fill(level);
            return;
        }

        Span<int> columns = stackalloc int[JpegComponent.BlockSize];
        Span<int> x = stackalloc int[Side];
        for (int c = 0; c < Side; c++)
        {
            for (int k = 0; k < Side; k++) x[k] = block[k * Side + c] * quant[k * Side + c];
            Transform(x);
            for (int k = 0; k < Side; k++) columns[k * Side + c] = Round(x[k], FractionBits - KeptBits);
        }
        for (int y = 0; y < Side; y++)
        {
            Span<int> row = columns.Slice(y * Side, Side);
            Span<byte> target = samples.Slice(y * stride, Side);
            Transform(row);
            for (int i = 0; i < Side; i++) target[i] = Sample(Round(row[i], FractionBits + KeptBits + 3));
        }
    }

    /// <summary>Eight values, in place; the results have 13 more fraction bits.</summary>
    private static void Transform(Span<int> x)
    {
        int sum = (x[0] + x[4]) << FractionBits, difference = (x[0] - x[4]) << FractionBits;
        int turned2 = x[2] * EvenA + x[6] * EvenC, turned6 = x[2] * EvenB + x[6] * EvenA;
        int e0 = sum + turned6, e1 = difference + turned2, e2 = difference - turned2, e3 = sum - turned6;

        int x1 = x[1], x3 = x[3], x5 = x[5], x7 = x[7];
        int o0 = x1 * 11363 + x3 * 9633 + x5 * 6437 + x7 * 2260;
        int o1 = x1 * 9633 - x3 * 2259 - x5 * 11362 - x7 * 6436;
        int o2 = x1 * 6437 - x3 * 11362 + x5 * 2261 + x7 * 9633;
        int o3 = x1 * 2260 - x3 * 6436 + x5 * 9633 - x7 * 11363;

        (x[0], x[7]) = (e0 + o0, e0 - o0);
        (x[1], x[6]) = (e1 + o1, e1 - o1);
        (x[2], x[5]) = (e2 + o2, e2 - o2);
        (x[3], x[4]) = (e3 + o3, e3 - o3);
    }

    private static int Round(int value, int bits) => (value + (1 << (bits - 1))) >> bits;

    private static byte Sample(int value) => (byte)Math.Clamp(value + 128, 0, 255);
}
