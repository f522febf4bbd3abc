using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace ClipSeg.Onnx;

/// <summary>A protobuf message that is being written: fields by number, in the order they are added.</summary>
internal sealed class ProtoMessage
{
    private const int VarintType = 0, BytesType = 2, Fixed32Type = 5;

    private readonly ArrayBufferWriter<byte> _bytes = new();

    public ReadOnlySpan<byte> Bytes => _bytes.WrittenSpan;

    /// <summary>An int64, int32 or enum.</summary>
    public ProtoMessage Integer(int field, long value)
    {
        Varint((ulong)field << 3 | VarintType);
        Varint((ulong)value);
        return this;
    }

    public ProtoMessage Float(int field, float value)
    {
        Varint((ulong)field << 3 | Fixed32Type);
        BinaryPrimitives.WriteSingleLittleEndian(_bytes.GetSpan(sizeof(float)), value);
        _bytes.Advance(sizeof(float));
        return this;
    }

    public ProtoMessage Text(int field, string value)
    {
        Begin(field, Encoding.UTF8.GetByteCount(value));
        Encoding.UTF8.GetBytes(value, _bytes);
        return this;
    }

    public ProtoMessage Message(int field, ProtoMessage value)
    {
        Begin(field, value.Bytes.Length);
        _bytes.Write(value.Bytes);
        return this;
    }

    /// <summary>
    /// The head of a message or of bytes that the caller writes behind this, because they are too long for memory.
    /// </summary>
    public ProtoMessage Begin(int field, long length)
    {
        Varint((ulong)field << 3 | BytesType);
        Varint((ulong)length);
        return this;
    }

    private void Varint(ulong value)
    {
        Span<byte> y = _bytes.GetSpan(10);
        int n = 0;
        for (; value >= 0x80; value >>= 7) y[n++] = (byte)(value | 0x80);
        y[n++] = (byte)value;
        _bytes.Advance(n);
    }
}
