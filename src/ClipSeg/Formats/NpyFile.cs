using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using ClipSeg.Files;

namespace ClipSeg.Formats;

/// <summary>NumPy's array files, version 1.0: a magic number, a header in Python's syntax, the elements.</summary>
internal static class NpyFile
{
    private const int Alignment = 64;

    /// <summary>Writes an array of little-endian float32.</summary>
    /// <param name="path">Its name.</param>
    /// <param name="shape">The sizes, whose product is the number of values.</param>
    /// <param name="values">The last index runs fastest.</param>
    public static void Write(string path, ReadOnlySpan<int> shape, ReadOnlyMemory<float> values)
    {
        byte[] header = Header(shape);
        OutputFile.Write(path, stream => Write(stream, header, values.Span));
    }

    /// <summary>The same as bytes.</summary>
    public static byte[] Encode(ReadOnlySpan<int> shape, ReadOnlySpan<float> values)
    {
        using MemoryStream file = new();
        Write(file, Header(shape), values);
        return file.ToArray();
    }

    private static byte[] Header(ReadOnlySpan<int> shape)
    {
        // Python's tuple of one has a comma behind it.
        string sizes = string.Join(", ", shape.ToArray()) + (shape.Length == 1 ? "," : "");
        string header = $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({sizes}), }}";
        const int PrefixBytes = 10;     // magic, version, length
        int padding = Alignment - (PrefixBytes + header.Length + 1) % Alignment;
        byte[] text = Encoding.ASCII.GetBytes(header + new string(' ', padding) + "\n");
        byte[] start = [0x93, .. "NUMPY"u8, 1, 0, 0, 0, .. text];
        BinaryPrimitives.WriteUInt16LittleEndian(start.AsSpan(8), (ushort)text.Length);
        return start;
    }

    private static void Write(Stream stream, ReadOnlySpan<byte> header, ReadOnlySpan<float> values)
    {
        stream.Write(header);
        if (BitConverter.IsLittleEndian)
        {
            stream.Write(MemoryMarshal.AsBytes(values));
            return;
        }
        byte[] bytes = new byte[sizeof(float)];
        foreach (float value in values)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
            stream.Write(bytes);
        }
    }
}
