namespace ClipSeg.Imaging;

/// <summary>GIF's compression: LZW with codes of growing length, in blocks of up to 255 bytes.</summary>
internal struct GifLzw
{
    /// <summary>No stream expands further: 4096 pixels from a code of 12 bits.</summary>
    public const int MaxRatio = 4096 * 8 / 12 + 1;

    private const int MaxCodes = 4096;

    private int _left;              // bytes left in the current block
    private int _bits, _bitCount;

    /// <summary>Fills all of <paramref name="pixels"/> with palette indices.</summary>
    /// <param name="reader">At the byte with the size of the first codes.</param>
    /// <param name="pixels">The frame, in stored order.</param>
    public void Decode(ref ByteReader reader, Span<byte> pixels)
    {
        int size = reader.U8();
        if (size is < 1 or > 8) throw reader.Error($"its codes start with {size} bits, expected 1 to 8");
        int clear = 1 << size, end = clear + 1;

        // A code is its predecessor's pixels and one more; lengths say where to write the last of them first.
        short[] prefixes = new short[MaxCodes], lengths = new short[MaxCodes];
        byte[] lasts = new byte[MaxCodes], firsts = new byte[MaxCodes];
        for (int i = 0; i < clear; i++) (lasts[i], firsts[i], lengths[i]) = ((byte)i, (byte)i, 1);

        int next = clear + 2, width = size + 1, previous = -1, at = 0;
        while (at < pixels.Length)
        {
            int code = Read(ref reader, width);
            if (code == clear)
            {
                (next, width, previous) = (clear + 2, size + 1, -1);
                continue;
            }
            if (code == end) throw reader.Error($"its pixels end after {at} of {pixels.Length}");
            bool known = code < next, canBeNew = previous >= 0 && code == next && next < MaxCodes;
            bool defined = previous < 0 ? code < clear : known || canBeNew;
            if (!defined) throw reader.Error($"code {code} is not defined yet");

            if (previous >= 0 && next < MaxCodes)
            {
                prefixes[next] = (short)previous;
                lengths[next] = (short)(lengths[previous] + 1);
                firsts[next] = firsts[previous];
                lasts[next] = firsts[known ? code : previous];
                next++;
                if (next == 1 << width && width < 12) width++;
            }
            int length = lengths[code];
            for (int i = at + length - 1, c = code; i >= at; i--, c = prefixes[c])
            {
                if (i < pixels.Length) pixels[i] = lasts[c];
            }
            at += length;
            previous = code;
        }
    }

    private int Read(ref ByteReader reader, int count)
    {
        while (_bitCount < count)
        {
            if (_left == 0) _left = reader.U8();
            if (_left == 0) throw reader.Error("its pixels end early");
            _bits |= reader.U8() << _bitCount;
            _bitCount += 8;
            _left--;
        }
        int value = _bits & ((1 << count) - 1);
        _bits >>= count;
        _bitCount -= count;
        return value;
    }
}
