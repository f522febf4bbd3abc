using System.Buffers.Binary;

namespace ClipSeg.Imaging;

/// <summary>PNG's checksum: CRC-32 with the reflected polynomial 0xEDB88320, eight bytes at a time.</summary>
internal static class Crc32
{
    // Row 0 is the classic table; row k advances a byte past k more bytes of zeros.
    private static readonly uint[] _table = BuildTable();

    public static uint Compute(ReadOnlySpan<byte> data)
    {
        uint[] t = _table;
        uint crc = ~0u;
        while (data.Length >= 8)
        {
            uint a = crc ^ BinaryPrimitives.ReadUInt32LittleEndian(data);
            uint b = BinaryPrimitives.ReadUInt32LittleEndian(data[4..]);
            crc = t[0x700 + (a & 255)] ^ t[0x600 + (a >> 8 & 255)] ^ t[0x500 + (a >> 16 & 255)] ^ t[0x400 + (a >> 24)]
                ^ t[0x300 + (b & 255)] ^ t[0x200 + (b >> 8 & 255)] ^ t[0x100 + (b >> 16 & 255)] ^ t[b >> 24];
            data = data[8..];
        }
        foreach (byte value in data) crc = (crc >> 8) ^ t[(crc ^ value) & 255];
        return ~crc;
    }

    private static uint[] BuildTable()
    {
        uint[] table = new uint[8 * 256];
        for (uint i = 0; i < 256; i++)
        {
            uint crc = i;
            for (int bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
            table[i] = crc;
        }
        for (int i = 256; i < table.Length; i++)
        {
            uint previous = table[i - 256];
            table[i] = (previous >> 8) ^ table[previous & 255];
        }
        return table;
    }
}
