using System.Buffers.Binary;
using System.IO.Compression;
using System.Numerics.Tensors;

namespace ClipSeg.Imaging;

/// <summary>What Skia leaves open in PNG: the eXIf chunk, and grey of 16 bits in and out.</summary>
internal static class PngChunks
{
    private const int Signature = 8, HeaderEnd = 33;    // IHDR with length, type and checksum
    private const int DepthAt = 24, TypeAt = 25;
    private const byte Grey = 0, GreyAlpha = 4;         // colour types
    private const byte Up = 2;                          // a filter: less the row above
    private const int MaxDeflateRatio = 1032;           // no deflate stream expands further

    /// <summary>The size that IHDR announces; (0, 0) where there is none.</summary>
    public static (long Width, long Height) Size(ReadOnlySpan<byte> data) => data.Length < HeaderEnd ? (0, 0)
        : (BinaryPrimitives.ReadUInt32BigEndian(data[16..]), BinaryPrimitives.ReadUInt32BigEndian(data[20..]));

    /// <summary>Whether so short a file can hold the pixels that its header announces.</summary>
    public static bool CanHold(ReadOnlySpan<byte> data)
    {
        (long width, long height) = Size(data);
        int channels = data[TypeAt] switch { 2 => 3, GreyAlpha => 2, 6 => 4, _ => 1 };
        return width * height * channels * data[DepthAt] / 8 <= (long)data.Length * MaxDeflateRatio;
    }

    /// <summary>EXIF's orientation, 1 to 8; 1 where the file does not say.</summary>
    public static int Orientation(ReadOnlySpan<byte> data)
    {
        for (int at = Signature; data.Length - at >= 12;)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(data[at..]);
            if (length > data.Length - at - 12) break;
            ReadOnlySpan<byte> type = data.Slice(at + 4, 4);
            if (type.SequenceEqual("eXIf"u8)) return Exif.ReadOrientation(data.Slice(at + 8, (int)length));
            at += (int)length + 12;
        }
        return 1;
    }

    /// <summary>Whether its header announces grey alone.</summary>
    public static bool IsGrey(ReadOnlySpan<byte> data) => data.Length >= HeaderEnd && data[TypeAt] == Grey;

    public static bool IsGrey16(ReadOnlySpan<byte> data)
        => PictureKind.Of(data) == PictureKind.Png && IsGrey(data) && data[DepthAt] == 16;

    /// <summary>
    /// The file with each sample of 16 bits declared as grey and alpha of 8: the bytes of the rows are the same, and
    /// Skia, which has no grey of 16 bits, hands out both.
    /// </summary>
    public static byte[] Grey16AsGreyAlpha(ReadOnlySpan<byte> data)
    {
        byte[] file = data.ToArray();
        (file[DepthAt], file[TypeAt]) = (8, GreyAlpha);
        BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(HeaderEnd - 4), Crc32.Compute(file.AsSpan(12, 17)));
        return file;
    }

    /// <summary>A PNG of grey with 8 bits: 0 black, 1 white.</summary>
    public static byte[] EncodeGrey(Mask mask) => EncodeRows(mask.Width, mask.Height, depth: 8, Grey, [], (y, row) =>
        GreyLevels.Round(mask.Values.AsSpan(y * mask.Width, mask.Width), row));

    /// <summary>The same with 16 bits.</summary>
    public static byte[] EncodeGrey16(Mask mask) => EncodeRows(mask.Width, mask.Height, depth: 16, Grey, [], (y, row) =>
    {
        for (int x = 0; x < mask.Width; x++)
        {
            ushort sample = (ushort)(Math.Clamp(mask[x, y], 0, 1) * ushort.MaxValue + 0.5f);
            BinaryPrimitives.WriteUInt16BigEndian(row[(2 * x)..], sample);
        }
    });

    /// <summary>A PNG of one channel.</summary>
    /// <remarks>
    /// Of masks, what differs from the row above is mostly zeros: to look for runs alone makes smaller files than to
    /// look for everything quickly, in half the time.
    /// </remarks>
    /// <param name="width">In pixels.</param>
    /// <param name="height">In pixels.</param>
    /// <param name="depth">Bits a sample, 8 or 16.</param>
    /// <param name="type">The colour type.</param>
    /// <param name="palette">Three bytes a colour; empty where the type has none.</param>
    /// <param name="fill">Writes the samples of a row.</param>
    public static byte[] EncodeRows(
        int width, int height, byte depth, byte type, ReadOnlySpan<byte> palette, Action<int, Span<byte>> fill)
    {
        using MemoryStream file = new();
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (depth, type);
        WriteChunk(file, "IHDR"u8, header);
        if (palette.Length > 0) WriteChunk(file, "PLTE"u8, palette);

        using MemoryStream compressed = new();
        ZLibCompressionOptions runs = new() { CompressionStrategy = ZLibCompressionStrategy.RunLengthEncoding };
        using (ZLibStream rows = new(compressed, runs, leaveOpen: true))
        {
            byte[] above = new byte[depth / 8 * width], row = new byte[above.Length], filtered = [Up, .. row];
            for (int y = 0; y < height; y++)
            {
                fill(y, row);
                TensorPrimitives.Subtract<byte>(row, above, filtered.AsSpan(1));
                rows.Write(filtered);
                (above, row) = (row, above);
            }
        }
        WriteChunk(file, "IDAT"u8, compressed.GetBuffer().AsSpan(0, (int)compressed.Length));
        WriteChunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    private static void WriteChunk(MemoryStream file, ReadOnlySpan<byte> type, ReadOnlySpan<byte> body)
    {
        byte[] chunk = [0, 0, 0, 0, .. type, .. body, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(chunk, body.Length);
        uint checksum = Crc32.Compute(chunk.AsSpan(4, body.Length + 4));
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(body.Length + 8), checksum);
        file.Write(chunk);
    }
}
