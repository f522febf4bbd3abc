namespace ClipSeg.Text;

/// <summary>The printable character that stands for each byte in the vocabulary's files (formats.md §7).</summary>
internal static class ByteSymbols
{
    /// <summary>Ends the last symbol of a word.</summary>
    public const string WordEnd = "</w>";

    private static readonly char[] _charOf = new char[256];
    private static readonly Dictionary<char, byte> _byteOf = [];
    private static readonly byte[] _inOrder = new byte[256];

    static ByteSymbols()
    {
        int printable = 0;
        int other = 256 - 68;
        for (int b = 0; b < 256; b++)
        {
            bool shown = b is >= 33 and <= 126 or >= 161 and <= 172 or >= 174;
            _charOf[b] = (char)(shown ? b : 256 + other - (256 - 68));
            _byteOf[_charOf[b]] = (byte)b;
            _inOrder[shown ? printable++ : other++] = (byte)b;
        }
    }

    /// <summary>The 256 bytes in the order in which a vocabulary lists them.</summary>
    public static ReadOnlySpan<byte> InOrder => _inOrder;

    public static char CharOf(byte b) => _charOf[b];

    public static bool TryGetByte(char symbol, out byte b) => _byteOf.TryGetValue(symbol, out b);
}
