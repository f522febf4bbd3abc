using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using ClipSeg.Formats;

namespace ClipSeg.Tests.Formats;

/// <summary>Writes pickles, one operation after the other.</summary>
internal sealed class Pickle
{
    private readonly List<byte> _bytes = [(byte)PickleOp.Proto, 2];

    /// <summary>A whole pickle of what <paramref name="write"/> leaves on the stack.</summary>
    public static byte[] Of(Func<Pickle, Pickle> write) => [.. write(new())._bytes, (byte)PickleOp.Stop];

    /// <summary>A dict of one item.</summary>
    public static Func<Pickle, Pickle> Dict(string key, Func<Pickle, Pickle> value)
        => p => p.EmptyDict().Mark().Text(key).Then(value).SetItems();

    /// <summary>The persistent id of a storage on a GPU.</summary>
    public static Func<Pickle, Pickle> Storage(string module, string type, string key, int count)
        => p => p.Mark().Text("storage").Global(module, type).Text(key).Text("cuda:0").Int(count).Tuple()
            .PersistentId();

    /// <summary>A tensor as torch.save writes it.</summary>
    public static Func<Pickle, Pickle> Tensor(
        string type, string key, int count, int offset, int[] shape, int[] strides)
        => p => p.Global("torch._utils", "_rebuild_tensor_v2").Mark()
            .Then(Storage("torch", type, key, count)).Int(offset).Ints(shape).Ints(strides).False()
            .Global("collections", "OrderedDict").EmptyTuple().Reduce().Tuple().Reduce();

    public Pickle Then(Func<Pickle, Pickle> write) => write(this);

    public Pickle Mark() => Op(PickleOp.Mark);

    public Pickle None() => Op(PickleOp.None);

    public Pickle True() => Op(PickleOp.NewTrue);

    public Pickle False() => Op(PickleOp.NewFalse);

    public Pickle EmptyDict() => Op(PickleOp.EmptyDict);

    public Pickle EmptyTuple() => Op(PickleOp.EmptyTuple);

    public Pickle EmptyList() => Op(PickleOp.EmptyList);

    public Pickle Appends() => Op(PickleOp.Appends);

    public Pickle Tuple() => Op(PickleOp.Tuple);

    public Pickle Tuple1() => Op(PickleOp.Tuple1);

    public Pickle SetItems() => Op(PickleOp.SetItems);

    public Pickle Reduce() => Op(PickleOp.Reduce);

    public Pickle NewObject() => Op(PickleOp.NewObj);

    public Pickle Build() => Op(PickleOp.Build);

    public Pickle PersistentId() => Op(PickleOp.BinPersId);

    public Pickle Put(byte key) => Op(PickleOp.BinPut, key);

    public Pickle Get(byte key) => Op(PickleOp.BinGet, key);

    public Pickle Global(string module, string name)
        => Op(PickleOp.Global, Encoding.UTF8.GetBytes($"{module}\n{name}\n"));

    public Pickle Int(int value) => Op(PickleOp.BinInt, LittleEndian(value));

    public Pickle Ints(int[] values)
    {
        Mark();
        foreach (int value in values) Int(value);
        return Tuple();
    }

    public Pickle Text(string value)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(value);
        return Op(PickleOp.BinUnicode, [.. LittleEndian(utf8.Length), .. utf8]);
    }

    private Pickle Op(PickleOp op, params byte[] operand)
    {
        _bytes.AddRange([(byte)op, .. operand]);
        return this;
    }

    private static byte[] LittleEndian(int value)
    {
        byte[] bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }
}

/// <summary>Writes the archives that hold pickles.</summary>
internal static class TorchZip
{
    /// <summary>An archive with r/data.pkl, one storage r/data/0, and what else is given.</summary>
    public static string Write(string path, byte[]? pickle, byte[] storage, (string Name, byte[] Content)? other = null,
        bool compress = false)
    {
        using ZipArchive zip = new(File.Create(path), ZipArchiveMode.Create);
        if (pickle is not null) Add("r/data.pkl", pickle);
        Add("r/data/0", storage);
        if (other is { } entry) Add(entry.Name, entry.Content);
        return path;

        void Add(string name, byte[] content)
        {
            CompressionLevel level = compress ? CompressionLevel.SmallestSize : CompressionLevel.NoCompression;
            using Stream stream = zip.CreateEntry(name, level).Open();
            stream.Write(content);
        }
    }
}
