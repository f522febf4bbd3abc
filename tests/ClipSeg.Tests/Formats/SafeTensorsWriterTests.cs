using System.Buffers.Binary;
using ClipSeg.Formats;
using ClipSeg.Numerics;
using ClipSeg.Tests.Checkpoints;
using ClipSeg.Tests.Scenes;

namespace ClipSeg.Tests.Formats;

public sealed class SafeTensorsWriterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("mini", StoredType.Float32)]
    [InlineData("mini-refined", StoredType.Float16)]
    internal void Writer_copies_a_model_without_changing_a_value(string name, StoredType type)
    {
        using SafeTensorsFile source = SafeTensorsFile.Open(Fixtures.At("model", name, "model.safetensors"));
        SafeTensorsWriter.Write(_folder.At("copy"), source.Tensors.Values, source.Metadata, type);
        using SafeTensorsFile copy = SafeTensorsFile.Open(_folder.At("copy"));

        Assert.Equal(source.Tensors.Keys.Order(StringComparer.Ordinal), copy.Tensors.Keys);
        Assert.Equal(source.Metadata, copy.Metadata);
        foreach (StoredTensor expected in source.Tensors.Values)
        {
            StoredTensor actual = copy.Tensors[expected.Name];
            Assert.Equal(type, actual.Type);
            Assert.Equal(expected.Shape, actual.Shape);
            Assert.Equal(expected.ToTensor().Data, actual.ToTensor().Data);
        }
    }

    [Fact]
    public void Writer_rounds_to_nearest_even()
    {
        float[] x = [1, 1 + 1 / 256f, 1 + 3 / 256f, -65504, float.NaN, float.PositiveInfinity];
        SafeTensorsWriter.Write(_folder.At("x"), [StoredTensor.Of("x", new Tensor(x, 6))], type: StoredType.BFloat16);
        using SafeTensorsFile file = SafeTensorsFile.Open(_folder.At("x"));

        float[] expected = [1, 1, 1 + 1 / 64f, -65536, float.NaN, float.PositiveInfinity];
        Assert.Equal(expected, file.Tensors["x"].ToTensor().Data.ToArray());
    }

    [Fact]
    public void Writer_gives_the_same_aligned_file_in_whatever_order_tensors_come()
    {
        StoredTensor a = StoredTensor.Of("a\"quoted\"", new Tensor([1, 2, 3], 3));
        StoredTensor b = StoredTensor.Of("b", new Tensor([4], []));
        Dictionary<string, string> metadata = new() { ["x"] = "1", ["format"] = "pt" };
        SafeTensorsWriter.Write(_folder.At("1"), [a, b], metadata);
        SafeTensorsWriter.Write(_folder.At("2"), [b, a], metadata.Reverse().ToDictionary());

        byte[] bytes = File.ReadAllBytes(_folder.At("1"));
        Assert.Equal(bytes, File.ReadAllBytes(_folder.At("2")));
        Assert.Equal(0, BinaryPrimitives.ReadInt64LittleEndian(bytes) % 8);
        Assert.Equal(2, Directory.GetFiles(_folder.Path).Length);
    }

    [Fact]
    public void Writer_may_replace_the_file_it_reads_from()
    {
        SafeTensorsWriter.Write(_folder.At("x"), [StoredTensor.Of("x", new Tensor([1, 2, 3], 3))]);
        using (SafeTensorsFile file = SafeTensorsFile.Open(_folder.At("x")))
            SafeTensorsWriter.Write(_folder.At("x"), file.Tensors.Values, type: StoredType.Float16);

        using SafeTensorsFile replaced = SafeTensorsFile.Open(_folder.At("x"));
        Assert.Equal(StoredType.Float16, replaced.Tensors["x"].Type);
        Assert.Equal([1, 2, 3], replaced.Tensors["x"].ToTensor().Data.ToArray());
    }

    [Fact]
    public void Writer_leaves_the_old_file_when_a_value_does_not_fit()
    {
        string path = _folder.Write("x", [1]);
        StoredTensor[] tensors = [StoredTensor.Of("x", new Tensor([70000], 1))];

        CheckpointException e = Assert.Throws<CheckpointException>(
            () => SafeTensorsWriter.Write(path, tensors, type: StoredType.Float16));

        Assert.Contains("'x' holds 70000", e.Message);
        Assert.Equal([1], File.ReadAllBytes(path));
        Assert.Single(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Writer_names_a_place_it_cannot_write_to()
    {
        string path = Path.Combine(_folder.Write("file", [1]), "x");
        IOException e = Assert.Throws<IOException>(() => SafeTensorsWriter.Write(path, []));
        Assert.StartsWith($"'{path}' cannot be written", e.Message);
    }

    [Fact]
    public void Writer_refuses_two_tensors_of_one_name()
    {
        StoredTensor x = StoredTensor.Of("x", new Tensor([1], 1));
        Assert.Throws<ArgumentException>(() => SafeTensorsWriter.Write(_folder.At("x"), [x, x]));
    }
}
