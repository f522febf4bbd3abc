using System.Buffers.Binary;
using System.Numerics;

namespace ClipSeg.Formats;

/// <summary>
/// An open file of torch.save or torch.jit.save (.pth, .pt, .bin). Its pickle is interpreted, never executed; elements
/// are read when asked for.
/// </summary>
/// <remarks>Spec: formats.md §9. Tensors can be read until the file is disposed.</remarks>
internal sealed class PyTorchFile : IDisposable
{
    private const string PickleName = "data.pkl";
    private const int Protocol = 1001;
    private const int TarMagicOffset = 257;

    private static readonly BigInteger _magic = BigInteger.Parse("119547037146038801333356");

    private readonly BinaryFile _file;
    private readonly Dictionary<string, StoredTensor> _tensors = new(StringComparer.Ordinal);

    private PyTorchFile(BinaryFile file) => _file = file;

    /// <summary>By name, in the order of the file.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors => _tensors;

    /// <summary>"PyTorch", "TorchScript" or "PyTorch before 1.6".</summary>
    public string Kind { get; private set; } = "PyTorch";

    /// <exception cref="CheckpointException">
    /// The file cannot be read, does not add up, or its pickle asks for more than tensors.
    /// </exception>
    public static PyTorchFile Open(string path)
    {
        BinaryFile file = BinaryFile.Open(path);
        try
        {
            PyTorchFile result = new(file);
            result.Read();
            return result;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void Dispose() => _file.Dispose();

    private void Read()
    {
        byte[] head = _file.ReadBytes(0, (int)Math.Min(_file.Length, TarMagicOffset + 5));
        if (head.AsSpan().StartsWith("PK\u0003\u0004"u8)) ReadZip();
        else if (head.AsSpan().StartsWith([(byte)PickleOp.Proto])) ReadLegacy();
        else if (head.AsSpan().EndsWith("ustar"u8))
            throw _file.Error("is a tar archive of a PyTorch before 0.2; load it there and save it again");
        else throw _file.Error("is no PyTorch file: it begins neither with a zip archive nor with a pickle");
    }

    /// <summary>An archive with root/data.pkl and root/data/KEY for each storage.</summary>
    private void ReadZip()
    {
        ZipDirectory zip = ZipDirectory.Read(_file);
        string name = zip.Names.Where(n => n == PickleName || n.EndsWith($"/{PickleName}", StringComparison.Ordinal))
            .MinBy(n => n.Length)
            ?? throw _file.Error($"is a zip archive without {PickleName}; if it holds a model, unpack it first");
        string root = name[..^PickleName.Length];
        ZipDirectory.Content pickle = zip.Find(name)!.Value;
        bool bigEndian = zip.Find(root + "byteorder") is { Length: 3 };     // the word is "big" or "little"

        object? value = PickleReader.Read(new PickleInput(_file, pickle.Start, pickle.Length));
        if (value is PickleModule) Kind = "TorchScript";
        AddTensors(value, bigEndian, key => zip.Find($"{root}data/{key}"));
    }

    /// <summary>Pickles one after the other, then the storages: magic, protocol, system, value, keys, data.</summary>
    private void ReadLegacy()
    {
        Kind = "PyTorch before 1.6";
        PickleInput input = new(_file, 0, _file.Length);
        if (PickleReader.Read(input) is not BigInteger magic || magic != _magic)
            throw _file.Error("is a pickle, but not one that torch.save wrote");
        if (PickleReader.Read(input) is not (long and Protocol))
            throw _file.Error($"is not of PyTorch's protocol {Protocol}");
        bool bigEndian = PickleReader.Read(input) is PickleDict system && system["little_endian"] is false;
        Dictionary<string, StoredType?> types = new(StringComparer.Ordinal);
        object? value = PickleReader.Read(input, types);
        if (PickleReader.Read(input) is not List<object?> keys) throw _file.Error("has no list of storages");

        Dictionary<string, ZipDirectory.Content> storages = new(StringComparer.Ordinal);
        long at = input.Position;
        foreach (object? item in keys)
        {
            if (item is not string key || !types.TryGetValue(key, out StoredType? type))
                throw _file.Error("has a storage that its pickle does not mention");
            storages[key] = ReadStorage(at, type is null ? 1 : Elements.Size(type.Value), bigEndian);
            at = storages[key].Start + storages[key].Length;
        }
        AddTensors(value, bigEndian,
            key => storages.TryGetValue(key, out ZipDirectory.Content content) ? content : null);
    }

    /// <summary>A count of elements, then the elements.</summary>
    private ZipDirectory.Content ReadStorage(long at, int elementSize, bool bigEndian)
    {
        if (_file.Length - at < sizeof(long))
            throw _file.Error($"ends at byte {_file.Length}, before its last storage");
        byte[] prefix = _file.ReadBytes(at, sizeof(long));
        ulong count = bigEndian
            ? BinaryPrimitives.ReadUInt64BigEndian(prefix)
            : BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        long left = _file.Length - at - sizeof(long);
        if (count > (ulong)(left / elementSize))
            throw _file.Error($"announces a storage of {count} elements at byte {at}, {left} bytes are left");
        return new(at + sizeof(long), (long)count * elementSize);
    }

    private void AddTensors(object? value, bool bigEndian, Func<string, ZipDirectory.Content?> find)
    {
        foreach ((string name, PickleTensor tensor) in StateDict.Find(value, _file))
        {
            string key = tensor.Storage.Key;
            ZipDirectory.Content content = find(key)
                ?? throw _file.Error($"has no storage {BinaryFile.Quote(key)}, which {BinaryFile.Quote(name)} needs");
            _tensors.Add(name, StridedTensor.Create(_file, name, tensor, content.Start, content.Length, bigEndian));
        }
    }
}
