using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.CompilerServices;

namespace ClipSeg.Imaging;

/// <summary>Writes PNGs: 8-bit RGB and RGBA pictures, 8- and 16-bit grey masks.</summary>
internal static class PngEncoder
{
    private const int GreyType = 0, RgbType = 2, RgbaType = 6;

    private delegate void RowReader(int y, Span<byte> row);

    public static byte[] Encode(Image image)
    {
        int w = image.Width;
        if (image.Alpha is null)
            return Encode(w, image.Height, 8, RgbType, (y, row) => image.Pixels.AsSpan(y * w * 3, w * 3).CopyTo(row));

        return Encode(w, image.Height, 8, RgbaType, (y, row) =>
        {
            for (int x = 0; x < w; x++)
            {
                image.Pixels.AsSpan((y * w + x) * 3, 3).CopyTo(row[(x * 4)..]);
                row[x * 4 + 3] = image.Alpha[y * w + x];
            }
        });
    }

    public static byte[] Encode(Mask mask, bool bits16)
    {
        int w = mask.Width;
        return Encode(w, mask.Height, bits16 ? 16 : 8, GreyType, (y, row) =>
        {
            ReadOnlySpan<float> values = mask.Values.AsSpan(y * w, w);
            for (int x = 0; x < values.Length; x++)
            {
                float value = Math.Clamp(values[x], 0, 1);
                if (bits16) BinaryPrimitives.WriteUInt16BigEndian(row[(x * 2)..], (ushort)(value * 65535 + 0.5f));
                else row[x] = (byte)(value * 255 + 0.5f);
            }
        });
    }

    private static byte[] Encode(int width, int height, int bitDepth, int colourType, RowReader read)
    {
        using MemoryStream file = new();
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);

        Span<byte> header = stackalloc byte[13];
        header.Clear();
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], height);
        (header[8], header[9]) = ((byte)bitDepth, (byte)colourType);
        WriteChunk(file, "IHDR"u8, header);

        int pixel = colourType switch { RgbType => 3, RgbaType => 4, _ => bitDepth / 8 };
        using MemoryStream compressed = new();
        using (ZLibStream stream = new(compressed, CompressionLevel.Optimal, leaveOpen: true))
            WriteRows(stream, height, width * pixel, pixel, read);
        WriteChunk(file, "IDAT"u8, compressed.GetBuffer().AsSpan(0, (int)compressed.Length));
        WriteChunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WriteRows(ZLibStream stream, int height, int length, int pixel, RowReader read)
    {
        byte[] row = new byte[pixel + length], above = new byte[pixel + length];
        byte[] best = new byte[1 + length], candidate = new byte[1 + length];
        for (int y = 0; y < height; y++)
        {
            read(y, row.AsSpan(pixel));
            long smallest = long.MaxValue;
            for (int filter = 0; filter < PngFilter.Count; filter++)
            {
                candidate[0] = (byte)filter;
                PngFilter.Apply(filter, row, above, pixel, candidate.AsSpan(1));

                // The usual rule: the filter whose result is closest to zero compresses best.
                long sum = 0;
                foreach (byte value in candidate.AsSpan(1)) sum += Math.Abs((int)(sbyte)value);
                if (sum >= smallest) continue;
                smallest = sum;
                (best, candidate) = (candidate, best);
            }
            stream.Write(best);
            (row, above) = (above, row);
        }
    }

    private static void WriteChunk(MemoryStream file, ReadOnlySpan<byte> type, ReadOnlySpan<byte> body)
    {
        byte[] chunk = new byte[body.Length + 12];
        BinaryPrimitives.WriteInt32BigEndian(chunk, body.Length);
        type.CopyTo(chunk.AsSpan(4));
        body.CopyTo(chunk.AsSpan(8));
        uint checksum = Crc32.Compute(chunk.AsSpan(4, body.Length + 4));
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(body.Length + 8), checksum);
        file.Write(chunk);
    }
}
