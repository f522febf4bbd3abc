using ClipSeg.Onnx;

namespace ClipSeg.Tests.Onnx;

/// <summary>Bytes of messages; 150 and "testing" are the examples that describe protobuf's encoding.</summary>
public sealed class ProtoMessageTests
{
    [Fact]
    public void Integer_is_a_key_and_seven_bits_a_byte()
    {
        Assert.Equal("089601", Hex(new ProtoMessage().Integer(1, 150)));
        Assert.Equal("0800", Hex(new ProtoMessage().Integer(1, 0)));
        Assert.Equal("087F", Hex(new ProtoMessage().Integer(1, 127)));
        Assert.Equal("088001", Hex(new ProtoMessage().Integer(1, 128)));
        Assert.Equal("A00103", Hex(new ProtoMessage().Integer(20, 3)));
        Assert.Equal("08FFFFFFFFFFFFFFFFFF01", Hex(new ProtoMessage().Integer(1, -1)));
        Assert.Equal("08FFFFFFFFFFFFFFFF7F", Hex(new ProtoMessage().Integer(1, long.MaxValue)));
    }

    [Fact]
    public void Text_is_its_length_in_bytes_and_utf8()
    {
        Assert.Equal("120774657374696E67", Hex(new ProtoMessage().Text(2, "testing")));
        Assert.Equal("1203E282AC", Hex(new ProtoMessage().Text(2, "€")));
        Assert.Equal("1200", Hex(new ProtoMessage().Text(2, "")));
    }

    [Fact]
    public void Float_is_four_bytes_little_endian()
        => Assert.Equal("150000C03F", Hex(new ProtoMessage().Float(2, 1.5f)));

    [Fact]
    public void Message_is_its_length_and_its_fields()
    {
        ProtoMessage inner = new ProtoMessage().Integer(1, 150);
        Assert.Equal("1A030896011A00", Hex(new ProtoMessage().Message(3, inner).Message(3, new())));
    }

    [Fact]
    public void Begin_is_a_length_of_any_size()
        => Assert.Equal("4A8080808008", Hex(new ProtoMessage().Begin(9, 1L << 31)));

    private static string Hex(ProtoMessage message) => Convert.ToHexString(message.Bytes);
}
