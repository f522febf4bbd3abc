using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using ClipSeg.Imaging;

namespace ClipSeg.Tests.Training.Data;

/// <summary>Maps of classes as data sets store them: PNGs of a palette or of grey, of 1 to 8 bits.</summary>
internal static class LabelMapWriter
{
    /// <summary>A PNG whose pixels are these numbers.</summary>
    public static byte[] Encode(int width, byte[] labels, bool palette = true, int bits = 8)
    {
        int height = labels.Length / width;
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = ((byte)bits, (byte)(palette ? 3 : 0));

        using MemoryStream file = new(), rows = new();
        using (ZLibStream zip = new(rows, CompressionLevel.Optimal, leaveOpen: true))
        {
            for (int y = 0; y < height; y++)
            {
                byte[] row = new byte[(width * bits + 7) / 8];
                for (int x = 0; x < width; x++)
                    row[x * bits / 8] |= (byte)(labels[y * width + x] << 8 - bits - x * bits % 8);
                zip.WriteByte(0);
                zip.Write(row);
            }
        }
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        Chunk(file, "IHDR", header);
        // All entries of one colour: it is the index that counts. And the first of them is transparent.
        if (palette) Chunk(file, "PLTE", [.. Enumerable.Repeat<byte>(7, 3 << bits)]);
        if (palette) Chunk(file, "tRNS", [0]);
        Chunk(file, "IDAT", rows.ToArray());
        Chunk(file, "IEND", []);
        return file.ToArray();
    }

    private static void Chunk(Stream file, string type, byte[] data)
    {
        byte[] body = [.. Encoding.ASCII.GetBytes(type), .. data];
        byte[] number = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        file.Write(body);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.Compute(body));
        file.Write(number);
    }
}
