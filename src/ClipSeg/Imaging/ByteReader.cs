using System.Buffers.Binary;

namespace ClipSeg.Imaging;

/// <summary>Reads a binary format front to back and refuses to read past its end.</summary>
/// <param name="data">The bytes to read.</param>
/// <param name="subject">What error messages begin with, such as "cat.jpg: damaged JPEG".</param>
/// <param name="position">Where to start.</param>
internal ref struct ByteReader(ReadOnlySpan<byte> data, string subject, int position = 0)
{
    private readonly ReadOnlySpan<byte> _data = data;
    private readonly string _subject = subject;

    public int Position { get; private set; } = position;

    public readonly int Left => _data.Length - Position;

    /// <summary>The next <paramref name="count"/> bytes.</summary>
    public ReadOnlySpan<byte> Take(int count)
    {
        if (count > Left)
            throw Error($"it needs {count} bytes at byte {Position}, where {Left} are left");
        Position += count;
        return _data.Slice(Position - count, count);
    }

    public byte U8() => Take(1)[0];

    public int U16Big() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

    public int U16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    public uint U32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public int I32() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

    public readonly ImageFormatException Error(string what) => new($"{_subject}: {what}.");
}
