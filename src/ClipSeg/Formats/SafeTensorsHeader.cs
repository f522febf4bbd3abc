using System.Text.Json;

namespace ClipSeg.Formats;

/// <summary>The JSON header of a safetensors file.</summary>
internal sealed class SafeTensorsHeader
{
    private const string MetadataKey = "__metadata__";
    private const int MaxDepth = 3;             // header, tensor, shape
    private const int MaxRank = 16;

    private readonly BinaryFile _file;
    private readonly long _dataStart;
    private readonly Dictionary<string, StoredTensor> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);
    private readonly List<Piece> _pieces = [];

    private SafeTensorsHeader(BinaryFile file, long dataStart) => (_file, _dataStart) = (file, dataStart);

    /// <summary>Bytes [Begin, End) of the data belong to tensor Name.</summary>
    private readonly record struct Piece(string Name, long Begin, long End);

    public IReadOnlyDictionary<string, StoredTensor> Tensors => _tensors;

    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <summary>Reads the header and checks every entry against the file.</summary>
    public static SafeTensorsHeader Parse(BinaryFile file, byte[] json, long dataStart)
    {
        SafeTensorsHeader header = new(file, dataStart);
        if (json.Length == 0 || json[0] != '{') throw file.Error("has a header that does not begin with '{'");
        Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        try
        {
            header.ReadEntries(ref reader);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw file.Error($"has a damaged header: at byte {reader.TokenStartIndex}: {e.Message.TrimEnd('.')}", e);
        }
        header.CheckLayout();
        header.AddAliases();
        return header;
    }

    private void ReadEntries(ref Utf8JsonReader reader)
    {
        reader.Read();
        bool sawMetadata = false;
        while (Next(ref reader, JsonTokenType.EndObject))
        {
            string name = reader.GetString()!;
            if (name != MetadataKey)
            {
                ReadTensor(ref reader, name);
                continue;
            }
            if (sawMetadata) throw _file.Error($"has two entries called '{MetadataKey}'");
            sawMetadata = true;
            ReadMetadata(ref reader);
        }
        reader.Read();      // throws if anything but white space follows
    }

    /// <summary>Tensors that were one in memory are stored once; the metadata has the other names.</summary>
    private void AddAliases()
    {
        foreach ((string alias, string name) in _metadata)
        {
            if (_tensors.TryGetValue(name, out StoredTensor? tensor)) _tensors.TryAdd(alias, tensor.Renamed(alias));
        }
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartObject, MetadataKey);
        while (Next(ref reader, JsonTokenType.EndObject))
        {
            string key = reader.GetString()!;
            Expect(ref reader, JsonTokenType.String, MetadataKey);
            if (!_metadata.TryAdd(key, reader.GetString()!))
                throw _file.Error($"has metadata {BinaryFile.Quote(key)} twice");
        }
    }

    private void ReadTensor(ref Utf8JsonReader reader, string name)
    {
        Expect(ref reader, JsonTokenType.StartObject, name);
        string? dtype = null;
        long[]? shape = null, offsets = null;
        while (Next(ref reader, JsonTokenType.EndObject))
        {
            string field = reader.GetString()!;
            bool twice = field switch
            {
                "dtype" => dtype is not null,
                "shape" => shape is not null,
                "data_offsets" => offsets is not null,
                _ => false,
            };
            if (twice) throw Error(name, $"has '{field}' twice");
            switch (field)
            {
                case "dtype":
                    Expect(ref reader, JsonTokenType.String, name);
                    dtype = reader.GetString();
                    break;
                case "shape":
                    shape = ReadIntegers(ref reader, name, field, MaxRank);
                    break;
                case "data_offsets":
                    offsets = ReadIntegers(ref reader, name, field, 2);
                    break;
                default:
                    reader.Read();
                    reader.Skip();
                    break;
            }
        }
        if (dtype is null || shape is null || offsets is not [long begin, long end])
            throw Error(name, "needs 'dtype', 'shape' and 'data_offsets' of two numbers");
        Add(name, dtype, shape, begin, end);
    }

    private void Add(string name, string dtype, long[] shape, long begin, long end)
    {
        StoredType type = ParseType(name, dtype);
        string text = $"[{string.Join(", ", shape)}]";
        long count = 1;
        foreach (long size in shape)
        {
            if (size > int.MaxValue || (count *= size) > int.MaxValue)
                throw Error(name, $"has shape {text}; at most {int.MaxValue} elements are supported");
        }
        long bytes = _file.Length - _dataStart;
        if (begin > end || end > bytes)
            throw Error(name, $"has data_offsets [{begin}, {end}], the file has {bytes} bytes of data");
        if (end - begin != count * Elements.Size(type))
            throw Error(name, $"has {end - begin} bytes, {dtype} {text} needs {count * Elements.Size(type)}");

        BinaryFile file = _file;
        long start = _dataStart + begin;
        StoredTensor tensor = new(name, type, Array.ConvertAll(shape, size => (int)size),
            (first, destination) => file.ReadElements(type, start + first * Elements.Size(type), destination));
        if (!_tensors.TryAdd(name, tensor)) throw Error(name, "is there twice");
        _pieces.Add(new(name, begin, end));
    }

    /// <summary>The tensors fill the data exactly: no hole, no overlap, nothing left over.</summary>
    private void CheckLayout()
    {
        _pieces.Sort((a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End.CompareTo(b.End));
        long end = 0;
        foreach (Piece piece in _pieces)
        {
            if (piece.Begin != end)
                throw Error(piece.Name, $"begins at {piece.Begin}, expected {end}: no holes, no overlap");
            end = piece.End;
        }
        if (end != _file.Length - _dataStart)
            throw _file.Error($"has {_file.Length - _dataStart} bytes of data, its tensors take {end}");
    }

    private long[] ReadIntegers(ref Utf8JsonReader reader, string name, string field, int limit)
    {
        Expect(ref reader, JsonTokenType.StartArray, name);
        List<long> values = [];
        while (Next(ref reader, JsonTokenType.EndArray))
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long value) || value < 0)
                throw Error(name, $"has '{field}' with something other than whole numbers from 0");
            if (values.Count == limit) throw Error(name, $"has more than {limit} numbers in '{field}'");
            values.Add(value);
        }
        return [.. values];
    }

    private StoredType ParseType(string name, string dtype) => dtype switch
    {
        "F64" => StoredType.Float64,
        "F32" => StoredType.Float32,
        "F16" => StoredType.Float16,
        "BF16" => StoredType.BFloat16,
        "I64" => StoredType.Int64,
        "I32" => StoredType.Int32,
        "I16" => StoredType.Int16,
        "I8" => StoredType.Int8,
        "U8" => StoredType.UInt8,
        "BOOL" => StoredType.Bool,
        _ => throw Error(name,
            $"has dtype {BinaryFile.Quote(dtype)}; F64, F32, F16, BF16, I64, I32, I16, I8, U8 and BOOL can be read"),
    };

    private static bool Next(ref Utf8JsonReader reader, JsonTokenType end) => reader.Read() && reader.TokenType != end;

    private void Expect(ref Utf8JsonReader reader, JsonTokenType expected, string name)
    {
        reader.Read();
        if (reader.TokenType != expected)
            throw Error(name, $"has {reader.TokenType} at header byte {reader.TokenStartIndex}, expected {expected}");
    }

    private CheckpointException Error(string name, string message)
        => new($"File '{_file.Path}': tensor {BinaryFile.Quote(name)} {message}.");
}
