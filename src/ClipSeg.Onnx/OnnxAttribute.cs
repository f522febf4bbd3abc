namespace ClipSeg.Onnx;

/// <summary>A setting of a node: messages of type AttributeProto.</summary>
internal static class OnnxAttribute
{
    private const int Name = 1, FloatValue = 2, IntValue = 3, TextValue = 4, IntsValue = 8, Type = 20;
    private const int FloatType = 1, IntType = 2, TextType = 3, IntsType = 7;

    public static ProtoMessage Float(string name, float value)
        => new ProtoMessage().Text(Name, name).Float(FloatValue, value).Integer(Type, FloatType);

    public static ProtoMessage Int(string name, long value)
        => new ProtoMessage().Text(Name, name).Integer(IntValue, value).Integer(Type, IntType);

    public static ProtoMessage Text(string name, string value)
        => new ProtoMessage().Text(Name, name).Text(TextValue, value).Integer(Type, TextType);

    public static ProtoMessage Ints(string name, params ReadOnlySpan<long> values)
    {
        ProtoMessage attribute = new ProtoMessage().Text(Name, name);
        foreach (long value in values) attribute.Integer(IntsValue, value);
        return attribute.Integer(Type, IntsType);
    }
}
