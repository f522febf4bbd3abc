using System.Buffers.Binary;
using System.Text;
using ClipSeg.Formats;
using ClipSeg.Tests.Checkpoints;
using ClipSeg.Tests.Scenes;

namespace ClipSeg.Tests.Formats;

public sealed class SafeTensorsFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void File_gives_names_shapes_and_metadata_of_the_mini_model()
    {
        using SafeTensorsFile file = SafeTensorsFile.Open(Fixtures.At("model", "mini", "model.safetensors"));

        StoredTensor patch = file.Tensors["clip.vision_model.embeddings.patch_embedding.weight"];
        Assert.Equal([64, 3, 8, 8], patch.Shape);
        Assert.Equal(StoredType.Float32, patch.Type);
        Assert.Equal(0, file.Tensors["clip.logit_scale"].Shape.Length);
        Assert.Equal(1, file.Tensors["clip.logit_scale"].Length);
    }

    [Theory]
    [InlineData("F64", "000000000000F83F000000000000F0FF", new[] { 1.5f, float.NegativeInfinity })]
    [InlineData("F32", "0000C03F000080FF", new[] { 1.5f, float.NegativeInfinity })]
    [InlineData("BF16", "C03F80FF", new[] { 1.5f, float.NegativeInfinity })]
    [InlineData("F16", "003E00FC010000800004",
        new[] { 1.5f, float.NegativeInfinity, 5.9604645e-8f, -0f, 6.1035156e-5f })]
    [InlineData("I64", "FEFFFFFFFFFFFFFF0000000001000000", new[] { -2f, 4294967296f })]
    [InlineData("I32", "FEFFFFFF00010000", new[] { -2f, 256f })]
    [InlineData("I16", "FEFF0001", new[] { -2f, 256f })]
    [InlineData("I8", "FE7F", new[] { -2f, 127f })]
    [InlineData("U8", "FE7F", new[] { 254f, 127f })]
    [InlineData("BOOL", "0001", new[] { 0f, 1f })]
    public void File_converts_every_type_exactly(string dtype, string hex, float[] expected)
    {
        byte[] data = Convert.FromHexString(hex);
        string header = Header(dtype, expected.Length, data.Length);
        using SafeTensorsFile file = SafeTensorsFile.Open(Save(header, data));

        Assert.Equal(Bits(expected), Bits(file.Tensors["x"].ToTensor().Data));
    }

    [Fact]
    public void File_converts_every_half_exactly()
    {
        byte[] data = new byte[2 * 65536];
        for (int i = 0; i < 65536; i++) BinaryPrimitives.WriteUInt16LittleEndian(data.AsSpan(2 * i), (ushort)i);
        string header = Header("F16", 65536, data.Length);
        using SafeTensorsFile file = SafeTensorsFile.Open(Save(header, data));

        Span<float> actual = file.Tensors["x"].ToTensor().Data;

        for (int i = 0; i < 65536; i++)
        {
            float expected = (float)BitConverter.UInt16BitsToHalf((ushort)i);
            if (float.IsNaN(expected)) Assert.True(float.IsNaN(actual[i]), $"{i:x}");
            else Assert.Equal(Bits([expected]), Bits([actual[i]]));
        }
    }

    [Fact]
    public void File_reads_any_part_of_a_tensor_at_any_alignment()
    {
        byte[] data = [9, .. new float[] { 1, 2, 3, 4 }.SelectMany(BitConverter.GetBytes)];
        string header = """
            {"b":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"x":{"dtype":"F32","shape":[2,2],"data_offsets":[1,17]}}
            """;
        using SafeTensorsFile file = SafeTensorsFile.Open(Save(header, data));

        float[] middle = new float[2];
        file.Tensors["x"].Read(1, middle);

        Assert.Equal([2, 3], middle);
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Tensors["x"].Read(3, new float[2]));
    }

    [Fact]
    public void File_accepts_trailing_spaces_metadata_empty_tensors_and_unsorted_offsets()
    {
        string header = """
            {"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]},"e":{"dtype":"F32","shape":[0,4],"data_offsets":[1,1]},
            "a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"__metadata__":{"format":"pt"}}
            """ + "     ";
        using SafeTensorsFile file = SafeTensorsFile.Open(Save(header, [1, 2, 3]));

        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal(0, file.Tensors["e"].Length);
        Assert.Equal([2, 3], file.Tensors["b"].ToTensor().Data.ToArray());
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,3]}}""", "has 3 bytes, U8 [4] needs 4")]
    [InlineData("""{"a":{"dtype":"U8","shape":[5],"data_offsets":[0,5]}}""", "file has 4 bytes of data")]
    [InlineData("""{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}""", "has 4 bytes of data, its tensors take 3")]
    [InlineData("""{"a":{"dtype":"U8","shape":[3],"data_offsets":[1,4]}}""", "begins at 1, expected 0")]
    [InlineData("""
        {"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}
        """, "'b' begins at 2, expected 3")]
    [InlineData("""
        {"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"a":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}
        """, "is there twice")]
    [InlineData("""{"a":{"dtype":"U8","dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", "has 'dtype' twice")]
    [InlineData("""{"a":{"dtype":"U8","shape":[-4],"data_offsets":[0,4]}}""", "whole numbers")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4.0],"data_offsets":[0,4]}}""", "whole numbers")]
    [InlineData("""{"a":{"dtype":"U8","shape":[NaN],"data_offsets":[0,4]}}""", "damaged header")]
    [InlineData("""{"a":{"dtype":"U8","shape":["4"],"data_offsets":[0,4]}}""", "whole numbers")]
    [InlineData("""{"a":{"dtype":"U8","shape":[9223372036854775807,4],"data_offsets":[0,4]}}""", "at most 2147483647")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2147483647,2147483647,2147483647],"data_offsets":[0,4]}}""", "at most")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[4,0]}}""", "data_offsets [4, 0]")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4,8]}}""", "more than 2 numbers")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4]}}""", "needs 'dtype'")]
    [InlineData("""{"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}""", "has dtype 'F8_E4M3'")]
    [InlineData("""{"a":[[[[[[[[[[4]]]]]]]]]]}""", "expected StartObject")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4],"z":[[[[1]]]]}}""", "damaged header")]
    [InlineData("""{"__metadata__":{"a":{"b":"c"}}}""", "expected String")]
    [InlineData("""{"__metadata__":{"a":"b","a":"c"}}""", "has metadata 'a' twice")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}} x""", "damaged header")]
    [InlineData("""{"\ud800":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", "damaged header")]
    [InlineData("""[1]""", "does not begin with '{'")]
    [InlineData("""{""", "damaged header")]
    [InlineData("", "does not begin with '{'")]
    public void File_refuses_a_header_that_lies(string header, string expected)
    {
        string path = Save(header, [1, 2, 3, 4]);
        CheckpointException e = Assert.Throws<CheckpointException>(() => SafeTensorsFile.Open(path));
        Assert.Contains(path, e.Message);
        Assert.Contains(expected, e.Message);
    }

    [Theory]
    [InlineData(1UL << 60)]
    [InlineData(ulong.MaxValue)]
    [InlineData(100_000_001UL)]
    [InlineData(50_000_000UL)]
    [InlineData(3UL)]
    public void File_refuses_a_header_length_that_the_file_cannot_hold(ulong length)
    {
        byte[] bytes = new byte[10];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
        string path = _folder.Write("x.safetensors", bytes);
        CheckpointException e = Assert.Throws<CheckpointException>(() => SafeTensorsFile.Open(path));
        Assert.Contains($"header of {length} bytes", e.Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public void File_refuses_fewer_than_eight_bytes(int length)
    {
        string path = _folder.Write("x.safetensors", new byte[length]);
        Assert.Throws<CheckpointException>(() => SafeTensorsFile.Open(path));
    }

    [Fact]
    public void File_that_is_missing_is_named()
    {
        string path = _folder.At("none.safetensors");
        Assert.Contains(path, Assert.Throws<CheckpointException>(() => SafeTensorsFile.Open(path)).Message);
    }

    private static uint[] Bits(ReadOnlySpan<float> x) => Array.ConvertAll(x.ToArray(), BitConverter.SingleToUInt32Bits);

    private static string Header(string dtype, int count, int bytes)
        => $$$"""{"x":{"dtype":"{{{dtype}}}","shape":[{{{count}}}],"data_offsets":[0,{{{bytes}}}]}}""";

    private string Save(string header, byte[] data)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        return _folder.Write("x.safetensors", [.. length, .. json, .. data]);
    }
}
