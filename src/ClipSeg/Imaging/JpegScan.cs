namespace ClipSeg.Imaging;

/// <summary>One scan of a JPEG: some components; if progressive, a band of their coefficients, and some bits.</summary>
internal sealed class JpegScan
{
    /// <summary>Zigzag position to row by row position (T.81, figure 5).</summary>
    public static ReadOnlySpan<byte> Natural =>
    [
        0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48,
        41, 34, 27, 20, 13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
        30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
    ];

    public required JpegComponent[] Components { get; init; }

    /// <summary>The first and the last coefficient of the band, in zigzag order.</summary>
    public required int First { get; init; }

    public required int Last { get; init; }

    /// <summary>The lowest bit that earlier scans brought; 0 if this scan is the band's first.</summary>
    public required int High { get; init; }

    /// <summary>The lowest bit that this scan brings.</summary>
    public required int Low { get; init; }

    public required bool Progressive { get; init; }

    /// <summary>Units between restart markers; 0 for none.</summary>
    public required int RestartInterval { get; init; }

    /// <summary>The size in units: blocks if there is one component, else the frame's interleaved units.</summary>
    public required int UnitsWide { get; init; }

    public required int UnitsHigh { get; init; }

    private int _endOfBandRun;      // blocks still to come that have nothing more in this band

    public void Decode(ref JpegBits bits)
    {
        Restart();
        int untilRestart = RestartInterval, restarts = 0;
        for (int y = 0; y < UnitsHigh; y++)
        {
            for (int x = 0; x < UnitsWide; x++)
            {
                if (RestartInterval > 0 && untilRestart-- == 0)
                {
                    bits.ReadRestart(restarts++ & 7);
                    Restart();
                    untilRestart = RestartInterval - 1;
                }
                DecodeUnit(ref bits, x, y);
                bits.CheckNotExhausted();
            }
        }
    }

    private void Restart()
    {
        foreach (JpegComponent component in Components) component.Predictor = 0;
        _endOfBandRun = 0;
    }

    private void DecodeUnit(ref JpegBits bits, int x, int y)
    {
        if (Components.Length == 1)
        {
            DecodeBlock(ref bits, Components[0], x, y);
            return;
        }
        foreach (JpegComponent component in Components)
        {
            for (int v = 0; v < component.V; v++)
            {
                for (int h = 0; h < component.H; h++)
                    DecodeBlock(ref bits, component, x * component.H + h, y * component.V + v);
            }
        }
    }

    private void DecodeBlock(ref JpegBits bits, JpegComponent component, int x, int y)
    {
        if (!Progressive)
        {
            Span<short> block = stackalloc short[JpegComponent.BlockSize];
            block.Clear();
            int last = DecodeWhole(ref bits, component, block);
            JpegIdct.Block(block, component.Quant, last, component.Plane.AsSpan(component.Offset(x, y)),
                component.Stride);
            return;
        }
        Span<short> coefficients = component.Block(x, y);
        if (First > 0 && High > 0) RefineAc(ref bits, component.Ac!, coefficients);
        else if (First > 0) DecodeAc(ref bits, component.Ac!, coefficients);
        else if (High > 0) coefficients[0] |= (short)(bits.Read(1) << Low);
        else coefficients[0] = (short)(DecodeDc(ref bits, component) << Low);
    }

    private static int DecodeDc(ref JpegBits bits, JpegComponent component)
        => component.Predictor += bits.ReadSigned(bits.Symbol(component.Dc!));

    /// <summary>A block of a sequential scan; the result is the last coefficient set, in zigzag order.</summary>
    private static int DecodeWhole(ref JpegBits bits, JpegComponent component, scoped Span<short> block)
    {
        block[0] = (short)DecodeDc(ref bits, component);
        JpegHuffman ac = component.Ac!;
        int last = 0;
        for (int k = 1; k < JpegComponent.BlockSize; k++)
        {
            int symbol = bits.Symbol(ac), run = symbol >> 4, size = symbol & 15;
            if (size == 0 && run < 15) break;       // end of block
            k += run;
            if (size == 0) continue;                // sixteen zeros
            int value = bits.ReadSigned(size);
            if (k >= JpegComponent.BlockSize) throw bits.Error("a block has more than 64 coefficients");
            block[Natural[k]] = (short)value;
            last = k;
        }
        return last;
    }

    /// <summary>The first scan of a band (T.81, G.1.2.2).</summary>
    private void DecodeAc(ref JpegBits bits, JpegHuffman ac, Span<short> block)
    {
        if (_endOfBandRun > 0)
        {
            _endOfBandRun--;
            return;
        }
        for (int k = First; k <= Last; k++)
        {
            int symbol = bits.Symbol(ac), run = symbol >> 4, size = symbol & 15;
            if (size == 0 && run < 15)
            {
                _endOfBandRun = (1 << run) - 1 + (run > 0 ? bits.Read(run) : 0);
                return;
            }
            k += run;
            if (size == 0) continue;
            int value = bits.ReadSigned(size);
            if (k > Last) throw bits.Error("a block has more coefficients than its scan's band");
            block[Natural[k]] = (short)(value << Low);
        }
    }

    /// <summary>A later scan of a band: the next bit of what is set, and what it sets newly (T.81, G.1.2.3).</summary>
    private void RefineAc(ref JpegBits bits, JpegHuffman ac, Span<short> block)
    {
        int k = First;
        for (; _endOfBandRun == 0 && k <= Last; k++)
        {
            int symbol = bits.Symbol(ac), run = symbol >> 4, size = symbol & 15, value = 0;
            if (size > 1) throw bits.Error("a refinement scan sets more than one bit");
            if (size == 1) value = bits.Read(1) == 1 ? 1 << Low : -1 << Low;
            else if (run < 15)
            {
                // This block's rest is the first of the run, so that the counter includes it.
                _endOfBandRun = (1 << run) + (run > 0 ? bits.Read(run) : 0);
                break;
            }

            // The run counts zeros only; what is set on the way gets its next bit.
            for (; k <= Last; k++)
            {
                ref short coefficient = ref block[Natural[k]];
                if (coefficient != 0) Refine(ref bits, ref coefficient);
                else if (run-- == 0) break;
            }
            if (value == 0) continue;
            if (k > Last) throw bits.Error("a block has more coefficients than its scan's band");
            block[Natural[k]] = (short)value;
        }
        if (_endOfBandRun == 0) return;
        for (; k <= Last; k++)
        {
            ref short coefficient = ref block[Natural[k]];
            if (coefficient != 0) Refine(ref bits, ref coefficient);
        }
        _endOfBandRun--;
    }

    private void Refine(ref JpegBits bits, ref short coefficient)
    {
        if (bits.Read(1) == 1) coefficient += (short)(coefficient > 0 ? 1 << Low : -1 << Low);
    }
}
