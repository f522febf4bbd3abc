using System.Buffers.Binary;

namespace ClipSeg.Formats;

/// <summary>An open safetensors file. Its header is checked in full; elements are read when asked for.</summary>
/// <remarks>Spec: formats.md §8. Tensors can be read until the file is disposed.</remarks>
internal sealed class SafeTensorsFile : IDisposable
{
    private const int PrefixBytes = 8;
    private const int MaxHeaderBytes = 100_000_000;     // the format's own limit

    private readonly BinaryFile _file;

    private SafeTensorsFile(BinaryFile file, SafeTensorsHeader header)
        => (_file, Tensors, Metadata) = (file, header.Tensors, header.Metadata);

    /// <summary>By name, in the order of the header.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors { get; }

    /// <summary>What the writer noted, for example format = pt.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <exception cref="CheckpointException">The file cannot be read or does not add up.</exception>
    public static SafeTensorsFile Open(string path)
    {
        BinaryFile file = BinaryFile.Open(path);
        try
        {
            return new(file, ReadHeader(file));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void Dispose() => _file.Dispose();

    private static SafeTensorsHeader ReadHeader(BinaryFile file)
    {
        if (file.Length < PrefixBytes)
            throw file.Error($"has {file.Length} bytes, a safetensors file has at least {PrefixBytes}");

        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(file.ReadBytes(0, PrefixBytes));
        if (length > MaxHeaderBytes)
            throw file.Error($"announces a header of {length} bytes, the format allows {MaxHeaderBytes}");
        if ((long)length > file.Length - PrefixBytes)
            throw file.Error($"announces a header of {length} bytes, but has {file.Length - PrefixBytes} left");
        return SafeTensorsHeader.Parse(file, file.ReadBytes(PrefixBytes, (int)length), PrefixBytes + (long)length);
    }
}
