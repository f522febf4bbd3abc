using System.Text;
using ClipSeg.Formats;
using ClipSeg.Onnx;

namespace ClipSeg.Tests.Onnx;

/// <summary>A small model byte by byte, and what constants become.</summary>
public sealed class OnnxGraphTests
{
    [Fact]
    public void Model_is_the_bytes_that_onnx_proto_says()
    {
        OnnxGraph graph = new("g");
        graph.Output("y", graph.Node("Relu", [graph.Input("x", OnnxElement.Float32, "n", "2")],
            OnnxAttribute.Int("a", 1)), OnnxElement.Float32, "n");
        graph.Initialize("w", OnnxElement.Int8, [3], 3, stream => stream.Write([1, 2, 3]));

        string relu = Field(0x0A, Text(0x0A, "x") + Text(0x12, "Relu_0") + Text(0x1A, "Relu_0") + Text(0x22, "Relu")
            + Field(0x2A, Text(0x0A, "a") + "1801" + "A00102"));
        string identity =
            Field(0x0A, Text(0x0A, "Relu_0") + Text(0x12, "y") + Text(0x1A, "y") + Text(0x22, "Identity"));
        string n = Field(0x0A, Text(0x12, "n")), two = Field(0x0A, "0802");
        string input = Field(0x5A, Text(0x0A, "x") + Field(0x12, Field(0x0A, "0801" + Field(0x12, n + two))));
        string output = Field(0x62, Text(0x0A, "y") + Field(0x12, Field(0x0A, "0801" + Field(0x12, n))));
        string weight = Field(0x2A, "0803" + "1003" + Text(0x42, "w") + Field(0x4A, "010203"));
        string opset = Field(0x42, Text(0x0A, "") + "1011");
        Assert.Equal("0808" + Text(0x12, "ClipSeg for .NET") + opset
            + Field(0x3A, relu + identity + Text(0x12, "g") + input + output + weight), Hex(graph));
    }

    [Fact]
    public void Equal_constants_are_stored_once()
    {
        OnnxGraph graph = new("g");
        string shape = graph.Integers(0, -1), one = graph.Number(1);
        int length = Hex(graph).Length;
        Assert.Equal(shape, graph.Integers(0, -1));
        Assert.Equal(one, graph.Number(1));
        Assert.Equal(length, Hex(graph).Length);
        Assert.NotEqual(one, graph.Integer(1));
        Assert.NotEqual(graph.Integers(1), graph.Integer(1));
    }

    [Fact]
    public void Write_refuses_more_than_two_gigabytes_before_it_writes_any()
    {
        OnnxGraph graph = new("g");
        graph.Initialize("w", OnnxElement.Float32, [1 << 29], 1L << 31, _ => Assert.Fail());
        using MemoryStream stream = new();
        Assert.Contains("split", Assert.Throws<CheckpointException>(() => graph.Write(stream)).Message);
        Assert.Equal(0, stream.Length);
    }

    private static string Field(int key, string hex) => $"{key:X2}{hex.Length / 2:X2}{hex}";

    private static string Text(int key, string text) => Field(key, Convert.ToHexString(Encoding.UTF8.GetBytes(text)));

    private static string Hex(OnnxGraph graph)
    {
        using MemoryStream stream = new();
        graph.Write(stream);
        return Convert.ToHexString(stream.ToArray());
    }
}
