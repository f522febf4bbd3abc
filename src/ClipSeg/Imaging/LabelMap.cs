using System.Buffers.Binary;

namespace ClipSeg.Imaging;

/// <summary>A class for each pixel: a PNG of grey levels or of a palette, whose colours do not matter.</summary>
internal sealed class LabelMap
{
    private const int Signature = 8, ChunkFrame = 12, DepthAt = 24, TypeAt = 25, HeaderChunk = 25;
    private const byte Grey = 0, Palette = 3;

    /// <param name="width">In pixels.</param>
    /// <param name="height">In pixels.</param>
    /// <param name="labels">[height, width], owned by the map from then on.</param>
    public LabelMap(int width, int height, byte[] labels)
    {
        if (labels.Length != (long)width * height)
            throw new ArgumentException($"{width}x{height} needs {(long)width * height} labels, got {labels.Length}.");
        (Width, Height, Labels) = (width, height, labels);
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>[height, width].</summary>
    public byte[] Labels { get; }

    /// <exception cref="ImageFormatException">The file is damaged, too large, or no such PNG.</exception>
    public static LabelMap Load(string path) => Decode(PictureFile.Read(path), path);

    /// <summary>As <see cref="Load"/>, of a file that is already in memory.</summary>
    public static LabelMap Decode(ReadOnlySpan<byte> data, string name)
    {
        bool grey = PictureKind.Of(data) == PictureKind.Png && data.Length > TypeAt
            && data[DepthAt] <= 8 && data[TypeAt] is Grey or Palette;
        if (!grey)
        {
            throw new ImageFormatException(
                $"{name}: a map of classes is a PNG of grey or palette, at most 8 bits; this is none.");
        }
        Image image = Image.Decode(data[TypeAt] == Palette ? WithoutPalette(data, name) : data, name);
        byte step = (byte)(255 / ((1 << data[DepthAt]) - 1));       // grey of few bits is spread over 0..255
        byte[] labels = new byte[image.Width * image.Height];
        for (int i = 0; i < labels.Length; i++) labels[i] = (byte)(image.Pixels[3 * i] / step);
        return new(image.Width, image.Height, labels);
    }

    /// <summary>A PNG of a palette: the labels themselves, which viewers show in colour.</summary>
    /// <param name="colours">Of the labels 0, 1 and so on; at least as many as there are labels, at most 256.</param>
    public byte[] EncodePng(IReadOnlyList<Rgb> colours)
    {
        int largest = Labels.Max();
        if (colours.Count <= largest || colours.Count > 256)
            throw new ArgumentException($"Labels up to {largest} have {colours.Count} colours, expected one for each.");
        byte[] palette = [.. colours.SelectMany(colour => (byte[])[colour.R, colour.G, colour.B])];
        return PngChunks.EncodeRows(Width, Height, depth: 8, Palette, palette,
            (y, row) => Labels.AsSpan(y * Width, Width).CopyTo(row));
    }

    /// <summary>The file declared as grey: the bytes of its rows are the same, and come out as they are.</summary>
    private static byte[] WithoutPalette(ReadOnlySpan<byte> data, string name)
    {
        using MemoryStream file = new(data.Length);
        file.Write(data[..Signature]);
        for (int at = Signature; at < data.Length;)
        {
            long length = data.Length - at < ChunkFrame ? long.MaxValue
                : BinaryPrimitives.ReadUInt32BigEndian(data[at..]) + (long)ChunkFrame;
            if (length > data.Length - at) throw new ImageFormatException($"{name}: damaged PNG: it ends in a chunk.");
            ReadOnlySpan<byte> chunk = data.Slice(at, (int)length), type = chunk.Slice(4, 4);
            if (type.SequenceEqual("IHDR"u8) && length == HeaderChunk)
            {
                byte[] header = chunk.ToArray();
                header[TypeAt - Signature] = Grey;
                BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(^4), Crc32.Compute(header.AsSpan(4..^4)));
                file.Write(header);
            }
            else if (!type.SequenceEqual("PLTE"u8) && !type.SequenceEqual("tRNS"u8))
            {
                file.Write(chunk);
            }
            at += (int)length;
        }
        return file.ToArray();
    }
}
