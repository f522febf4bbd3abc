using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ClipSeg.Formats;

/// <summary>Positional reads from a file of tensors. Safe for use by several threads.</summary>
/// <remarks>
/// Plain reads and no memory map: the process never has more of the file resident than the piece it converts, and a
/// file that is truncated while open gives an exception, not a fault.
/// </remarks>
internal sealed class BinaryFile : IDisposable
{
    private const int ChunkBytes = 1 << 16;
    private const int MaxQuotedLength = 200;

    private readonly SafeFileHandle _handle;

    private BinaryFile(string path, SafeFileHandle handle)
        => (Path, _handle, Length) = (path, handle, RandomAccess.GetLength(handle));

    public string Path { get; }

    /// <summary>In bytes, when the file was opened.</summary>
    public long Length { get; }

    /// <exception cref="CheckpointException">The file is missing or cannot be opened.</exception>
    public static BinaryFile Open(string path)
    {
        try
        {
            return new(path, File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new CheckpointException($"File '{path}' cannot be opened: {e.Message}", e);
        }
    }

    /// <summary>Fills <paramref name="destination"/> from the bytes at <paramref name="offset"/>.</summary>
    public void Read(long offset, Span<byte> destination)
    {
        try
        {
            while (destination.Length > 0)
            {
                int got = RandomAccess.Read(_handle, destination, offset);
                if (got == 0) throw Error($"ends at byte {offset}, {destination.Length} more were expected");
                offset += got;
                destination = destination[got..];
            }
        }
        catch (IOException e)
        {
            throw new CheckpointException($"File '{Path}' cannot be read at byte {offset}: {e.Message}", e);
        }
    }

    /// <summary>The bytes from <paramref name="offset"/>, which the caller has checked to be in the file.</summary>
    public byte[] ReadBytes(long offset, int count)
    {
        byte[] bytes = new byte[count];
        Read(offset, bytes);
        return bytes;
    }

    /// <summary>Reads consecutive elements of <paramref name="type"/> at a byte offset, as float32.</summary>
    public void ReadElements(StoredType type, long offset, Span<float> destination, bool bigEndian = false)
    {
        bool swap = bigEndian == BitConverter.IsLittleEndian;
        if (type == StoredType.Float32)
        {
            Read(offset, MemoryMarshal.AsBytes(destination));
            Span<int> bits = MemoryMarshal.Cast<float, int>(destination);
            if (swap) BinaryPrimitives.ReverseEndianness(bits, bits);
            return;
        }

        int size = Elements.Size(type);
        byte[] chunk = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            while (destination.Length > 0)
            {
                int count = Math.Min(destination.Length, ChunkBytes / size);
                Span<byte> bytes = chunk.AsSpan(0, count * size);
                Read(offset, bytes);
                if (swap) Elements.Swap(bytes, size);
                Elements.ToFloat(type, bytes, destination[..count]);
                offset += bytes.Length;
                destination = destination[count..];
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }

    /// <summary>An exception that begins with this file's name.</summary>
    public CheckpointException Error(string message, Exception? inner = null)
        => new($"File '{Path}' {message}.", inner);

    /// <summary>A name from the file as an error message shows it: on one line, and not too long.</summary>
    public static string Quote(string name)
    {
        string text = name.Length <= MaxQuotedLength ? name : name[..MaxQuotedLength] + "...";
        return $"'{string.Concat(text.Select(c => char.IsControl(c) ? '?' : c))}'";
    }

    public void Dispose() => _handle.Dispose();
}
