using System.Buffers.Binary;

namespace ClipSeg.Imaging;

/// <summary>The one field of EXIF data that matters here: the orientation.</summary>
internal static class Exif
{
    private const int OrientationTag = 0x0112, ShortType = 3;

    private const int RiffHeader = 12, ChunkHeader = 8;

    /// <summary>1 to 8; 1 where the data does not say or is damaged: no picture is refused over its metadata.</summary>
    /// <param name="tiff">From the byte order mark ("II" or "MM") on; some put "Exif" and two zeros before it.</param>
    public static int ReadOrientation(ReadOnlySpan<byte> tiff)
    {
        if (tiff.StartsWith("Exif\0\0"u8)) tiff = tiff[6..];
        if (tiff.Length < 8) return 1;
        bool little = tiff[0] == 'I';
        if (!tiff.StartsWith(little ? "II*\0"u8 : "MM\0*"u8)) return 1;

        uint directory = U32(tiff[4..], little);
        if (directory > tiff.Length - 2) return 1;
        int count = U16(tiff[(int)directory..], little);
        ReadOnlySpan<byte> entries = tiff[((int)directory + 2)..];
        for (; count > 0 && entries.Length >= 12; count--, entries = entries[12..])
        {
            if (U16(entries, little) != OrientationTag) continue;
            int value = U16(entries[8..], little);
            return U16(entries[2..], little) == ShortType && value is >= 1 and <= 8 ? value : 1;
        }
        return 1;
    }

    /// <summary>What the EXIF chunk of a WebP says; as <see cref="ReadOrientation"/>.</summary>
    public static int OrientationOfWebP(ReadOnlySpan<byte> data)
    {
        for (int at = RiffHeader; data.Length - at >= ChunkHeader;)
        {
            uint length = U32(data[(at + 4)..], little: true);
            if (length > data.Length - at - ChunkHeader) break;
            if (data[at..].StartsWith("EXIF"u8)) return ReadOrientation(data.Slice(at + ChunkHeader, (int)length));
            at += ChunkHeader + (int)(length + 1 & ~1u);
        }
        return 1;
    }

    private static ushort U16(ReadOnlySpan<byte> data, bool little)
        => little ? BinaryPrimitives.ReadUInt16LittleEndian(data) : BinaryPrimitives.ReadUInt16BigEndian(data);

    private static uint U32(ReadOnlySpan<byte> data, bool little)
        => little ? BinaryPrimitives.ReadUInt32LittleEndian(data) : BinaryPrimitives.ReadUInt32BigEndian(data);
}
