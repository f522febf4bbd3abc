using ClipSeg.Formats;
using ClipSeg.Tests.Checkpoints;
using ClipSeg.Tests.Scenes;
using static ClipSeg.Tests.Formats.Pickle;

namespace ClipSeg.Tests.Formats;

public sealed class PyTorchFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Torchscript_gives_every_parameter_of_the_module_graph_exactly()
    {
        string path = Fixtures.At("official", "clip-mini.expected.safetensors");
        using SafeTensorsFile expected = SafeTensorsFile.Open(path);
        using PyTorchFile actual = PyTorchFile.Open(Fixtures.At("official", "clip-mini.pt"));

        Assert.Equal("TorchScript", actual.Kind);
        Assert.Equal(expected.Tensors.Keys.Order(), actual.Tensors.Keys.Order());
        foreach ((string name, StoredTensor tensor) in expected.Tensors)
        {
            Assert.Equal(tensor.Shape, actual.Tensors[name].Shape);
            Assert.Equal(tensor.ToTensor().Data, actual.Tensors[name].ToTensor().Data);
        }
    }

    [Fact]
    public void Legacy_file_holds_the_first_rows_of_the_plain_decoder()
    {
        using PyTorchFile whole = PyTorchFile.Open(Fixtures.At("official", "rd64-uni.pth"));
        using PyTorchFile legacy = PyTorchFile.Open(Fixtures.At("official", "legacy.pth"));

        Assert.Equal("PyTorch before 1.6", legacy.Kind);
        Assert.Equal(whole.Tensors.Keys, legacy.Tensors.Keys);
        foreach ((string name, StoredTensor tensor) in legacy.Tensors)
        {
            float[] expected = new float[tensor.Length];
            whole.Tensors[name].Read(0, expected);
            Assert.Equal(whole.Tensors[name].Shape[1..], tensor.Shape[1..]);
            Assert.Equal(expected, tensor.ToTensor().Data);
        }
    }

    [Theory]
    [InlineData(new[] { 2, 3 }, new[] { 3, 1 }, 0, new float[] { 0, 1, 2, 3, 4, 5 })]
    [InlineData(new[] { 3, 2 }, new[] { 1, 3 }, 0, new float[] { 0, 3, 1, 4, 2, 5 })]
    [InlineData(new[] { 2 }, new[] { 11 }, 0, new float[] { 0, 11 })]
    [InlineData(new[] { 2, 1 }, new[] { 1, 99 }, 10, new float[] { 10, 11 })]
    [InlineData(new[] { 2, 2, 2 }, new[] { 1, 2, 4 }, 4, new float[] { 4, 8, 6, 10, 5, 9, 7, 11 })]
    [InlineData(new int[0], new int[0], 7, new float[] { 7 })]
    [InlineData(new[] { 0, 5 }, new[] { 5, 1 }, 99, new float[0])]
    public void Tensor_honours_strides_and_offset(int[] shape, int[] strides, int offset, float[] expected)
    {
        using PyTorchFile file = Open(Dict("x", Tensor("FloatStorage", "0", 12, offset, shape, strides)));
        StoredTensor x = file.Tensors["x"];

        Assert.Equal(shape, x.Shape);
        Assert.Equal(expected, x.ToTensor().Data.ToArray());
        for (int first = 0; first < expected.Length; first++)
        {
            float[] rest = new float[expected.Length - first];
            x.Read(first, rest);
            Assert.Equal(expected[first..], rest);
        }
    }

    [Theory]
    [InlineData(new[] { 13 }, new[] { 1 }, 0)]
    [InlineData(new[] { 12 }, new[] { 1 }, 1)]
    [InlineData(new[] { 2, 2 }, new[] { 11, 1 }, 0)]
    [InlineData(new[] { 1 }, new[] { 1 }, 12)]
    [InlineData(new[] { 1 }, new[] { 1 }, -1)]
    [InlineData(new[] { -1 }, new[] { 1 }, 0)]
    [InlineData(new[] { 2 }, new[] { -1 }, 1)]
    [InlineData(new[] { 2, 2 }, new[] { 1 }, 0)]
    [InlineData(new[] { 100 }, new[] { 0 }, 0)]
    [InlineData(new[] { int.MaxValue, int.MaxValue, int.MaxValue }, new[] { int.MaxValue, 1, 0 }, 0)]
    public void Tensor_outside_of_its_storage_is_refused(int[] shape, int[] strides, int offset)
        => AssertRefused(Dict("x", Tensor("FloatStorage", "0", 12, offset, shape, strides)), "");

    [Fact]
    public void Storage_longer_than_its_entry_is_refused()
        => AssertRefused(Dict("x", Tensor("FloatStorage", "0", 13, 0, [1], [1])), "storage of 13 elements");

    [Fact]
    public void Storage_that_is_missing_is_named()
        => AssertRefused(Dict("x", Tensor("FloatStorage", "nowhere", 1, 0, [1], [1])), "has no storage 'nowhere'");

    [Fact]
    public void Tensors_may_share_a_storage()
    {
        using PyTorchFile file = Open(p => p.EmptyDict().Mark()
            .Text("a").Then(Tensor("FloatStorage", "0", 12, 0, [2], [1]))
            .Text("b").Then(Tensor("FloatStorage", "0", 12, 1, [2], [1])).SetItems());
        Assert.Equal([0, 1], file.Tensors["a"].ToTensor().Data.ToArray());
        Assert.Equal([1, 2], file.Tensors["b"].ToTensor().Data.ToArray());
    }

    [Fact]
    public void Big_endian_storages_are_swapped()
    {
        byte[] data = [0x3f, 0xc0, 0, 0];
        byte[] pickle = Pickle.Of(Dict("x", Tensor("FloatStorage", "0", 1, 0, [1], [1])));
        string path = TorchZip.Write(_folder.At("x.pth"), pickle, data, ("r/byteorder", "big"u8.ToArray()));
        using PyTorchFile file = PyTorchFile.Open(path);
        Assert.Equal([1.5f], file.Tensors["x"].ToTensor().Data.ToArray());
    }

    [Fact]
    public void Untyped_storage_takes_its_type_from_the_tensor()
    {
        using PyTorchFile file = Open(Dict("x", p => p.Global("torch._utils", "_rebuild_tensor_v3").Mark()
            .Then(Storage("torch.storage", "UntypedStorage", "0", 48)).Int(2).Int(2).Tuple1().Int(1).Tuple1()
            .False().None().Global("torch", "float32").Tuple().Reduce()));
        Assert.Equal([2, 3], file.Tensors["x"].ToTensor().Data.ToArray());
    }

    [Theory]
    [InlineData("state_dict")]
    [InlineData("model")]
    [InlineData("net")]
    [InlineData("weights")]
    [InlineData("ema_state_dict")]
    [InlineData("a name of one's own")]
    public void State_dict_is_found_inside_of_a_training_checkpoint(string name)
    {
        using PyTorchFile file = Open(p => p.EmptyDict().Mark()
            .Text("optimizer").Then(Dict("step", q => q.Int(3)))
            .Text(name).Then(Dict("x", Tensor("FloatStorage", "0", 12, 0, [1], [1]))).SetItems());
        Assert.Equal(["x"], file.Tensors.Keys);
    }

    [Fact]
    public void State_dict_metadata_and_parameters_are_seen_through()
    {
        using PyTorchFile file = Open(p => p
            .Global("collections", "OrderedDict").EmptyTuple().Reduce().Mark()
            .Text("x").Global("torch._utils", "_rebuild_parameter").Mark()
            .Then(Tensor("FloatStorage", "0", 12, 3, [1], [1])).True().EmptyDict().Tuple().Reduce().SetItems()
            .EmptyDict().Build());
        Assert.Equal([3], file.Tensors["x"].ToTensor().Data.ToArray());
    }

    [Theory]
    [InlineData("numpy.core.multiarray", "scalar")]
    [InlineData("numpy._core.multiarray", "scalar")]
    [InlineData("argparse", "Namespace")]
    [InlineData("pathlib", "PosixPath")]
    [InlineData("collections", "defaultdict")]
    [InlineData("__builtin__", "set")]
    public void Plain_values_beside_the_weights_are_passed_over(string module, string name)
    {
        using PyTorchFile file = Open(p => p.EmptyDict().Mark()
            .Text("best").Global(module, name).Mark()
                .Global("numpy", "dtype").Mark().Text("f8").False().True().Tuple().Reduce()
                .EmptyTuple().Build()
                .Global("_codecs", "encode").Mark().Text("x").Text("latin1").Tuple().Reduce().Tuple().Reduce()
                .Then(Dict("lr", q => q.Int(3))).Build()
            .Text("state_dict").Then(Dict("x", Tensor("FloatStorage", "0", 12, 0, [1], [1]))).SetItems());
        Assert.Equal(["x"], file.Tensors.Keys);
    }

    [Theory]
    [InlineData("os", "system")]
    [InlineData("builtins", "eval")]
    [InlineData("torch", "load")]
    [InlineData("torch.storage", "_load_from_bytes")]
    [InlineData("models.clipseg", "CLIPDensePredT")]
    [InlineData("builtins", "getattr")]
    [InlineData("__torch__x", "Module")]
    public void Pickle_that_asks_for_anything_else_is_refused_by_name(string module, string name)
    {
        string path = Save(p => p.Global(module, name).Text("rm -rf /").Tuple1().Reduce());
        string refusal = Refusal(path);
        Assert.StartsWith($"File '{path}': pickle asks for '{module}.{name}'; only PyTorch's tensor types and plain "
            + "values are allowed.", refusal);
        Assert.EndsWith("torch.save(model.state_dict(), 'weights.pth').", refusal);
    }

    [Fact]
    public void Raw_pickle_that_asks_for_anything_else_is_refused_by_name()
    {
        string path = _folder.Write("x.pth", Pickle.Of(p => p.Global("posix", "system").Text("id").Tuple1().Reduce()));
        Assert.Contains("'posix.system'", Refusal(path));
    }

    [Fact]
    public void Pickle_of_a_whole_pickled_object_graph_without_tensors_is_refused()
        => AssertRefused(p => p.EmptyDict(), "without named tensors");

    [Fact]
    public void Pickle_that_never_stops_is_refused()
    {
        byte[] loop = [0x80, 2, .. Enumerable.Repeat((byte)PickleOp.EmptyDict, 2_000_000)];
        string path = TorchZip.Write(_folder.At("x.pth"), loop, []);
        Assert.Contains("more than 1000000 operations", Refusal(path));
    }

    [Fact]
    public void Modules_that_contain_themselves_are_refused()
    {
        AssertRefused(p => p.Global("__torch__", "M").EmptyTuple().NewObject().Put(0)
            .EmptyDict().Mark().Text("a").Get(0).Text("b").Get(0).SetItems().Build(), "nested more than 32");
    }

    [Fact]
    public void Modules_shared_exponentially_are_refused()
    {
        AssertRefused(p =>
        {
            p.Global("__torch__", "M").EmptyTuple().NewObject().Put(0);
            for (byte i = 1; i < 30; i++)
            {
                p.Global("__torch__", "M").EmptyTuple().NewObject().EmptyDict().Mark()
                    .Text("a").Get((byte)(i - 1)).Text("b").Get((byte)(i - 1)).SetItems().Build().Put(i);
            }
            return p;
        }, "more than 1000000 attributes");
    }

    [Fact]
    public void Archive_that_is_compressed_is_refused()
    {
        string path = TorchZip.Write(_folder.At("x.pth"),
            Pickle.Of(Dict("x", Tensor("FloatStorage", "0", 12, 0, [1], [1]))), new byte[48], compress: true);
        Assert.Contains("compressed", Refusal(path));
    }

    [Fact]
    public void Archive_without_a_pickle_is_refused()
    {
        string path = TorchZip.Write(_folder.At("x.zip"), null, new byte[48]);
        Assert.Contains("without data.pkl", Refusal(path));
    }

    [Fact]
    public void Archive_that_was_cut_off_is_refused()
    {
        byte[] bytes = File.ReadAllBytes(Fixtures.At("official", "rd64-uni-fp16.pth"));
        string path = _folder.Write("x.pth", bytes.AsSpan(0, bytes.Length / 2));
        Assert.Contains("download may be incomplete", Refusal(path));
    }

    [Fact]
    public void Tar_archive_is_refused_as_what_it_is()
    {
        byte[] tar = new byte[1024];
        "ustar"u8.CopyTo(tar.AsSpan(257));
        string path = _folder.Write("x.pth", tar);
        Assert.Contains("is a tar archive", Refusal(path));
    }

    /// <summary>An archive with this pickle and one storage, "0", of the twelve floats 0 to 11.</summary>
    private string Save(Func<Pickle, Pickle> write)
        => TorchZip.Write(_folder.At("x.pth"), Pickle.Of(write),
            [.. Enumerable.Range(0, 12).SelectMany(i => BitConverter.GetBytes((float)i))]);

    private PyTorchFile Open(Func<Pickle, Pickle> write) => PyTorchFile.Open(Save(write));

    private static string Refusal(string path)
        => Assert.Throws<CheckpointException>(() => PyTorchFile.Open(path)).Message;

    private void AssertRefused(Func<Pickle, Pickle> write, string expected)
    {
        string path = Save(write);
        Assert.StartsWith($"File '{path}'", Refusal(path));
        Assert.Contains(expected, Refusal(path));
    }
}
