namespace ClipSeg.Tests.Imaging;

/// <summary>
/// Writes JPEGs from coefficients, in every arrangement the decoder reads: the same coefficients must give the same
/// pixels. Huffman tables are trivial: every symbol's code is the symbol itself, at one length.
/// </summary>
internal sealed class JpegWriter
{
    private readonly List<byte> _file = [];
    private readonly List<int> _corrections = [];   // bits that follow the pending end-of-band run
    private int _bits, _bitCount, _endOfBandRun;

    public required int Width { get; init; }

    public required int Height { get; init; }

    /// <summary>Horizontal and vertical sampling factor of each component.</summary>
    public required (int H, int V)[] Sampling { get; init; }

    /// <summary>Per component and block (whole interleaved units, row by row) 64 values in zigzag order.</summary>
    public required short[][][] Blocks { get; init; }

    /// <summary>Bits of every Huffman code: 8, or up to 16 for the decoder's slow path.</summary>
    public int CodeLength { get; init; } = 8;

    public int RestartInterval { get; init; }

    /// <summary>Adobe's colour transform; null for none of its segment.</summary>
    public int? Adobe { get; init; }

    public bool Interleaved { get; init; } = true;

    public int UnitsWide => (Width + 8 * MaxH - 1) / (8 * MaxH);

    public int UnitsHigh => (Height + 8 * MaxV - 1) / (8 * MaxV);

    private int MaxH => Sampling.Max(s => s.H);

    private int MaxV => Sampling.Max(s => s.V);

    private int[] All => [.. Enumerable.Range(0, Sampling.Length)];

    public static int BlockCount(int width, int height, (int H, int V)[] sampling, int component)
    {
        int maxH = sampling.Max(s => s.H), maxV = sampling.Max(s => s.V);
        int units = ((width + 8 * maxH - 1) / (8 * maxH)) * ((height + 8 * maxV - 1) / (8 * maxV));
        return units * sampling[component].H * sampling[component].V;
    }

    public byte[] Sequential()
    {
        WriteHeader(0xC0);
        if (Interleaved) WriteScan(All, 0, 63, 0, 0, progressive: false);
        else foreach (int c in All) WriteScan([c], 0, 63, 0, 0, progressive: false);
        return Finish();
    }

    public byte[] Progressive()
    {
        WriteHeader(0xC2);
        WriteDc(0, 1);
        foreach (int c in All) WriteScan([c], 1, 5, 0, 2, progressive: true);
        foreach (int c in All) WriteScan([c], 6, 63, 0, 2, progressive: true);
        foreach (int c in All) WriteScan([c], 1, 63, 2, 1, progressive: true);
        WriteDc(1, 0);
        foreach (int c in All) WriteScan([c], 1, 63, 1, 0, progressive: true);
        return Finish();
    }

    private void WriteDc(int high, int low)
    {
        if (Interleaved) WriteScan(All, 0, 0, high, low, progressive: true);
        else foreach (int c in All) WriteScan([c], 0, 0, high, low, progressive: true);
    }

    private void WriteHeader(byte frame)
    {
        _file.AddRange([0xFF, 0xD8]);
        if (Adobe is int transform) WriteSegment(0xEE, [.. "Adobe"u8, 0, 100, 0, 0, 0, 0, (byte)transform]);
        WriteSegment(0xDB, [0, .. Enumerable.Range(0, 64).Select(i => (byte)(3 + i / 8))]);
        foreach (byte kind in (byte[])[0x00, 0x10])
        {
            byte[] counts = new byte[16];
            counts[CodeLength - 1] = (byte)(kind == 0 ? 16 : 255);
            WriteSegment(0xC4, [kind, .. counts, .. Enumerable.Range(0, counts[CodeLength - 1]).Select(i => (byte)i)]);
        }
        List<byte> body = [8, (byte)(Height >> 8), (byte)Height, (byte)(Width >> 8), (byte)Width];
        body.Add((byte)Sampling.Length);
        foreach (int c in All) body.AddRange([(byte)(c + 1), (byte)(Sampling[c].H << 4 | Sampling[c].V), 0]);
        WriteSegment(frame, [.. body]);
        if (RestartInterval > 0) WriteSegment(0xDD, [(byte)(RestartInterval >> 8), (byte)RestartInterval]);
    }

    private byte[] Finish() => [.. _file, 0xFF, 0xD9];

    private void WriteSegment(byte marker, byte[] body)
        => _file.AddRange([0xFF, marker, (byte)((body.Length + 2) >> 8), (byte)(body.Length + 2), .. body]);

    private void WriteScan(int[] components, int first, int last, int high, int low, bool progressive)
    {
        List<byte> body = [(byte)components.Length];
        foreach (int c in components) body.AddRange([(byte)(c + 1), 0]);
        WriteSegment(0xDA, [.. body, (byte)first, (byte)last, (byte)(high << 4 | low)]);

        int[] predictors = new int[Sampling.Length];
        int units = 0, restarts = 0;
        foreach ((int component, int block, bool startsUnit) in Order(components))
        {
            if (startsUnit && RestartInterval > 0 && units > 0 && units % RestartInterval == 0)
            {
                FlushBand();
                Pad();
                _file.AddRange([0xFF, (byte)(0xD0 + (restarts++ & 7))]);
                Array.Clear(predictors);
            }
            if (startsUnit) units++;
            short[] values = Blocks[component][block];
            if (first == 0 && high > 0) Put(values[0] >> low, 1);
            if (first == 0 && high == 0) WriteDcDifference(values[0] >> low, ref predictors[component]);
            if (last > 0 && high == 0) WriteAc(values, Math.Max(first, 1), last, low, runs: progressive);
            if (last > 0 && high > 0) RefineAc(values, first, last, low);
        }
        FlushBand();
        Pad();
    }

    private IEnumerable<(int Component, int Block, bool StartsUnit)> Order(int[] components)
    {
        if (components.Length == 1)
        {
            int c = components[0], h = Sampling[c].H, v = Sampling[c].V;
            int wide = ((Width * h + MaxH - 1) / MaxH + 7) / 8, high = ((Height * v + MaxV - 1) / MaxV + 7) / 8;
            for (int i = 0; i < wide * high; i++) yield return (c, i / wide * UnitsWide * h + i % wide, true);
            yield break;
        }
        for (int unit = 0; unit < UnitsWide * UnitsHigh; unit++)
        {
            bool starts = true;
            foreach (int c in components)
            {
                (int h, int v) = Sampling[c];
                for (int i = 0; i < h * v; i++, starts = false)
                {
                    int y = unit / UnitsWide * v + i / h, x = unit % UnitsWide * h + i % h;
                    yield return (c, y * UnitsWide * h + x, starts);
                }
            }
        }
    }

    private void WriteDcDifference(int value, ref int predictor)
    {
        int difference = value - predictor;
        predictor = value;
        int size = Size(difference);
        Symbol(size);
        Put(difference < 0 ? difference - 1 : difference, size);
    }

    private void WriteAc(short[] values, int first, int last, int low, bool runs)
    {
        int run = 0;
        for (int k = first; k <= last; k++)
        {
            int value = Math.Abs(values[k]) >> low;
            if (value == 0)
            {
                run++;
                continue;
            }
            FlushBand();
            for (; run > 15; run -= 16) Symbol(0xF0);
            Symbol(run << 4 | Size(value));
            Put(values[k] < 0 ? -value - 1 : value, Size(value));
            run = 0;
        }
        if (run > 0) EndBand([], runs);
    }

    private void RefineAc(short[] values, int first, int last, int low)
    {
        int newest = Array.FindLastIndex(values, last, last - first + 1, v => Math.Abs(v) >> low == 1), run = 0;
        List<int> corrections = [];
        for (int k = first; k <= last; k++)
        {
            int value = Math.Abs(values[k]) >> low;
            if (value == 0)
            {
                run++;
                continue;
            }
            for (; run > 15 && k <= newest; run -= 16)
            {
                FlushBand();
                Symbol(0xF0);
                PutAll(corrections);
            }
            if (value > 1)
            {
                corrections.Add(value & 1);
                continue;
            }
            FlushBand();
            Symbol(run << 4 | 1);
            Put(values[k] < 0 ? 0 : 1, 1);
            PutAll(corrections);
            run = 0;
        }
        if (run > 0 || corrections.Count > 0) EndBand(corrections, runs: true);
    }

    private void EndBand(List<int> corrections, bool runs)
    {
        _endOfBandRun++;
        _corrections.AddRange(corrections);
        if (!runs || _endOfBandRun == 0x7FFF) FlushBand();
    }

    private void FlushBand()
    {
        if (_endOfBandRun == 0) return;
        int size = Size(_endOfBandRun) - 1;
        Symbol(size << 4);
        Put(_endOfBandRun, size);
        PutAll(_corrections);
        _endOfBandRun = 0;
    }

    private void PutAll(List<int> bits)
    {
        foreach (int bit in bits) Put(bit, 1);
        bits.Clear();
    }

    private static int Size(int value) => 32 - int.LeadingZeroCount(Math.Abs(value));

    private void Symbol(int symbol) => Put(symbol, CodeLength);

    private void Put(int value, int count)
    {
        for (int i = count - 1; i >= 0; i--)
        {
            _bits = _bits << 1 | (value >> i & 1);
            if (++_bitCount < 8) continue;
            _file.Add((byte)_bits);
            if ((byte)_bits == 0xFF) _file.Add(0);
            _bitCount = 0;
        }
    }

    private void Pad()
    {
        while (_bitCount > 0) Put(1, 1);
    }
}
