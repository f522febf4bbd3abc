using System.Buffers.Binary;
using System.Text;
using ClipSeg.Files;
using ClipSeg.Numerics;

namespace ClipSeg.Cli;

/// <summary>NumPy's array files, version 1.0: a magic number, a header in Python's syntax, the elements.</summary>
internal static class NpyFile
{
    private const int Alignment = 64;

    /// <summary>Writes a tensor as little-endian float32.</summary>
    public static void Write(string path, Tensor tensor)
    {
        string header =
            $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({string.Join(", ", tensor.Shape.ToArray())}), }}";
        const int PrefixBytes = 10;     // magic, version, length
        int padding = Alignment - (PrefixBytes + header.Length + 1) % Alignment;
        byte[] text = Encoding.ASCII.GetBytes(header + new string(' ', padding) + "\n");
        byte[] bytes = new byte[PrefixBytes + text.Length + tensor.Length * sizeof(float)];
        "\u0093NUMPY\u0001\0"u8[1..].CopyTo(bytes);
        bytes[0] = 0x93;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), (ushort)text.Length);
        text.CopyTo(bytes, PrefixBytes);
        Span<byte> elements = bytes.AsSpan(PrefixBytes + text.Length);
        for (int i = 0; i < tensor.Length; i++)
            BinaryPrimitives.WriteSingleLittleEndian(elements[(i * sizeof(float))..], tensor.Data[i]);

        OutputFile.Write(path, bytes);
    }
}
