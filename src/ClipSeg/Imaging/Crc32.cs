namespace ClipSeg.Imaging;

/// <summary>PNG's checksum: CRC-32 with the reflected polynomial 0xEDB88320.</summary>
internal static class Crc32
{
    private static readonly uint[] _table = [.. Enumerable.Range(0, 256).Select(i => Shift((uint)i))];

    public static uint Compute(ReadOnlySpan<byte> data)
    {
        uint crc = ~0u;
        foreach (byte value in data) crc = (crc >> 8) ^ _table[(byte)(crc ^ value)];
        return ~crc;
    }

    private static uint Shift(uint crc)
    {
        for (int bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
        return crc;
    }
}
