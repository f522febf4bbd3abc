namespace ClipSeg.Imaging;

/// <summary>One Huffman table of a JPEG (ITU-T T.81, annexes C and F.2.2).</summary>
internal sealed class JpegHuffman
{
    /// <summary>Codes up to this long, in bits, are found with one look into a table.</summary>
    public const int FastBits = 9;

    private const int MaxLength = 16;

    private readonly byte[] _symbols;
    private readonly int[] _lastCode = new int[MaxLength + 1];      // per length; -1 if there is no code of it
    private readonly int[] _firstIndex = new int[MaxLength + 1];    // of the symbol with code 0, were there one

    /// <param name="counts">The number of codes of each length, 1 to 16.</param>
    /// <param name="symbols">The symbols in the order of their codes.</param>
    /// <param name="subject">What an error message begins with.</param>
    public JpegHuffman(ReadOnlySpan<byte> counts, ReadOnlySpan<byte> symbols, string subject)
    {
        _symbols = symbols.ToArray();
        int code = 0, index = 0;
        for (int length = 1; length <= MaxLength; length++, code <<= 1)
        {
            _firstIndex[length] = index - code;
            _lastCode[length] = counts[length - 1] == 0 ? -1 : code + counts[length - 1] - 1;
            if (code + counts[length - 1] > 1 << length)
                throw new ImageFormatException($"{subject}: a Huffman table has more codes of {length} bits than fit.");
            for (int i = 0; i < counts[length - 1]; i++, code++, index++)
            {
                if (length > FastBits) continue;
                int spare = FastBits - length;
                Fast.AsSpan(code << spare, 1 << spare).Fill((ushort)(length << 8 | symbols[index]));
            }
        }
    }

    /// <summary>By the next nine bits: length * 256 + symbol, or 0 for a longer code.</summary>
    public ushort[] Fast { get; } = new ushort[1 << FastBits];

    /// <summary>As an entry of <see cref="Fast"/>, for a code longer than those; 0 if there is no such code.</summary>
    /// <param name="next16">The next sixteen bits.</param>
    public int Slow(int next16)
    {
        for (int length = FastBits + 1; length <= MaxLength; length++)
        {
            int code = next16 >> (MaxLength - length);
            if (code <= _lastCode[length]) return length << 8 | _symbols[_firstIndex[length] + code];
        }
        return 0;
    }
}
