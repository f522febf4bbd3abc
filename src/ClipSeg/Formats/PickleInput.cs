using System.Buffers.Binary;
using System.Text;

namespace ClipSeg.Formats;

/// <summary>The bytes of a pickle, read forwards from a part of a file.</summary>
/// <param name="file">The file.</param>
/// <param name="start">Where the pickle begins.</param>
/// <param name="length">What is left of the file there.</param>
/// <param name="limit">The most that is read; a checkpoint of a thousand tensors takes 200 KB.</param>
internal sealed class PickleInput(
    BinaryFile file, long start, long length, long limit = PickleInput.MaxPickleBytes)
{
    private const int BufferBytes = 1 << 14;
    private const int MaxPickleBytes = 1 << 24;
    private const int MaxLineBytes = 1 << 10;

    private readonly byte[] _buffer = new byte[BufferBytes];
    private readonly long _end = start + Math.Min(length, limit);
    private long _next = start;         // the first byte of the file that is not in the buffer yet
    private int _at, _filled;

    /// <summary>Where in the file the next byte is.</summary>
    public long Position => _next - _filled + _at;

    public byte ReadByte()
    {
        if (_at == _filled) Fill();
        return _buffer[_at++];
    }

    public ushort ReadUInt16() => (ushort)(ReadByte() | ReadByte() << 8);

    public int ReadInt32()
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        Read(bytes);
        return BinaryPrimitives.ReadInt32LittleEndian(bytes);
    }

    /// <summary>Big-endian, the one such number in a pickle.</summary>
    public double ReadDouble()
    {
        Span<byte> bytes = stackalloc byte[sizeof(double)];
        Read(bytes);
        return BinaryPrimitives.ReadDoubleBigEndian(bytes);
    }

    public byte[] ReadBytes(long count)
    {
        if (count > _end - Position) throw Error($"wants {count} bytes, {_end - Position} are left");
        byte[] bytes = new byte[count];
        Read(bytes);
        return bytes;
    }

    public string ReadText(long bytes) => Encoding.UTF8.GetString(ReadBytes(bytes));

    /// <summary>Text up to a line feed.</summary>
    public string ReadLine()
    {
        List<byte> line = [];
        for (byte b = ReadByte(); b != '\n'; b = ReadByte())
        {
            if (line.Count == MaxLineBytes) throw Error($"has a line of more than {MaxLineBytes} bytes");
            line.Add(b);
        }
        return Encoding.UTF8.GetString([.. line]);
    }

    public CheckpointException Error(string message)
        => new($"File '{file.Path}': pickle {message}, at byte {Position} of the file.");

    /// <summary>Refuses a name that is not on the list.</summary>
    public CheckpointException Forbidden(PickleGlobal global)
        => new($"File '{file.Path}': pickle asks for {BinaryFile.Quote(global.ToString())}; "
            + "only PyTorch's tensor types and plain values are allowed. If this is a whole model, save its weights "
            + "alone, in Python: torch.save(model.state_dict(), 'weights.pth').");

    private void Read(Span<byte> destination)
    {
        while (destination.Length > 0)
        {
            if (_at == _filled) Fill();
            int count = Math.Min(destination.Length, _filled - _at);
            _buffer.AsSpan(_at, count).CopyTo(destination);
            _at += count;
            destination = destination[count..];
        }
    }

    private void Fill()
    {
        int count = (int)Math.Min(BufferBytes, _end - _next);
        if (count <= 0) throw Error("ends too early, or is too long");
        file.Read(_next, _buffer.AsSpan(0, count));
        _next += count;
        (_at, _filled) = (0, count);
    }
}
