using System.Buffers.Binary;

namespace ClipSeg.Imaging;

/// <summary>What a JPEG's frame and first scan announce, before anything is decoded.</summary>
/// <param name="Width">In pixels.</param>
/// <param name="Height">In pixels.</param>
/// <param name="Channels">1 of grey.</param>
/// <param name="CoefficientBytes">What a decoder keeps of a picture that comes in several scans; else 0.</param>
internal readonly record struct JpegHeader(int Width, int Height, int Channels, long CoefficientBytes)
{
    private const int FirstFrame = 0xC0, LastFrame = 0xCF, StartOfScan = 0xDA, BlockSide = 8;

    /// <summary>Null where no scan follows a frame: nothing to decode.</summary>
    public static JpegHeader? Read(ReadOnlySpan<byte> data)
    {
        ReadOnlySpan<byte> frame = default;
        bool progressive = false;
        int at = 2;
        while (NextSegment(data, ref at, out byte marker, out ReadOnlySpan<byte> body))
        {
            bool isFrame = marker is >= FirstFrame and <= LastFrame and not (0xC4 or 0xC8 or 0xCC);
            if (isFrame && body.Length >= 6 && body.Length >= 6 + 3 * body[5])
            {
                frame = body;
                progressive = marker is 0xC2 or 0xC6 or 0xCA or 0xCE;
            }
            if (marker != StartOfScan) continue;
            if (frame.IsEmpty || body.IsEmpty) return null;
            int height = BinaryPrimitives.ReadUInt16BigEndian(frame[1..]);
            int width = BinaryPrimitives.ReadUInt16BigEndian(frame[3..]);
            bool severalScans = progressive || body[0] < frame[5];
            return new(width, height, frame[5], severalScans ? Coefficients(frame, width, height) : 0);
        }
        return null;
    }

    private static long Coefficients(ReadOnlySpan<byte> frame, int width, int height)
    {
        int most = 1, mostDown = 1;
        long samples = 0;
        for (int c = 0; c < frame[5]; c++)
        {
            byte factors = frame[7 + 3 * c];
            (most, mostDown) = (Math.Max(most, factors >> 4), Math.Max(mostDown, factors & 15));
        }
        long columns = width / (BlockSide * most) + 1, rows = height / (BlockSide * mostDown) + 1;
        for (int c = 0; c < frame[5]; c++)
        {
            byte factors = frame[7 + 3 * c];
            samples += columns * (factors >> 4) * rows * (factors & 15) * BlockSide * BlockSide;
        }
        return samples * sizeof(short);
    }

    /// <summary>The next marker that has a length; bytes between segments are skipped, as libjpeg skips them.</summary>
    private static bool NextSegment(
        ReadOnlySpan<byte> data, scoped ref int at, scoped out byte marker, out ReadOnlySpan<byte> body)
    {
        marker = 0;
        body = default;
        while (at + 4 <= data.Length)
        {
            marker = data[at + 1];
            if (data[at] != 0xFF || marker is 0xFF or 0 or 1 or (>= 0xD0 and <= 0xD8))
            {
                at += data[at] == 0xFF && marker != 0xFF ? 2 : 1;
                continue;
            }
            int length = Math.Max((int)BinaryPrimitives.ReadUInt16BigEndian(data[(at + 2)..]), 2);
            if (length > data.Length - at - 2) return false;
            body = data.Slice(at + 4, length - 2);
            at += length + 2;
            return true;
        }
        return false;
    }
}
