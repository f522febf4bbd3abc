namespace ClipSeg.Formats;

/// <summary>The names that a pickle of tensors may use, and what they make. Nothing else exists for it.</summary>
/// <remarks>Spec: formats.md §9.2 and §9.3.</remarks>
internal static class PickleTypes
{
    private const int MaxRank = 16;
    private const string ScriptModule = "__torch__";
    private const string ScriptLists = "torch.jit._pickle";

    private static readonly Dictionary<string, StoredType> _storages = new()
    {
        ["torch.DoubleStorage"] = StoredType.Float64,
        ["torch.FloatStorage"] = StoredType.Float32,
        ["torch.HalfStorage"] = StoredType.Float16,
        ["torch.BFloat16Storage"] = StoredType.BFloat16,
        ["torch.LongStorage"] = StoredType.Int64,
        ["torch.IntStorage"] = StoredType.Int32,
        ["torch.ShortStorage"] = StoredType.Int16,
        ["torch.CharStorage"] = StoredType.Int8,
        ["torch.ByteStorage"] = StoredType.UInt8,
        ["torch.BoolStorage"] = StoredType.Bool,
    };

    private static readonly Dictionary<string, StoredType> _types = new()
    {
        ["torch.float64"] = StoredType.Float64,
        ["torch.float32"] = StoredType.Float32,
        ["torch.float16"] = StoredType.Float16,
        ["torch.bfloat16"] = StoredType.BFloat16,
        ["torch.int64"] = StoredType.Int64,
        ["torch.int32"] = StoredType.Int32,
        ["torch.int16"] = StoredType.Int16,
        ["torch.int8"] = StoredType.Int8,
        ["torch.uint8"] = StoredType.UInt8,
        ["torch.bool"] = StoredType.Bool,
    };

    private static readonly HashSet<string> _others =
    [
        "torch.Size",
        "torch.device",
        "torch._utils._rebuild_parameter",
        "torch._utils._rebuild_tensor_v2",
        "torch._utils._rebuild_tensor_v3",
        "torch.jit._pickle.build_boollist",
        "torch.jit._pickle.build_doublelist",
        "torch.jit._pickle.build_intlist",
        "torch.jit._pickle.build_tensorlist",
        "torch.storage.UntypedStorage",
    ];

    // Plain values that training scripts save beside the weights. They are passed over, not made.
    private static readonly HashSet<string> _plainModules =
        ["argparse", "datetime", "decimal", "fractions", "numpy", "pathlib", "types", "uuid"];

    private static readonly HashSet<string> _plain =
    [
        "_codecs.encode",       // how bytes are written
        "bool", "bytearray", "bytes", "complex", "float", "frozenset", "int", "list", "object", "range", "set",
        "slice", "str", "tuple",
        "collections.Counter", "collections.deque",
        "copy_reg._reconstructor", "copyreg._reconstructor",
        "torch.torch_version.TorchVersion",
    ];

    // Dicts by another name: the weights may be in one.
    private static readonly HashSet<string> _dicts =
    [
        "dict", "collections.OrderedDict", "collections.defaultdict",
        "pytorch_lightning.utilities.parsing.AttributeDict", "lightning.pytorch.utilities.parsing.AttributeDict",
        "lightning_fabric.utilities.data.AttributeDict", "lightning.fabric.utilities.data.AttributeDict",
    ];

    public static bool IsAllowed(PickleGlobal global)
    {
        string name = global.ToString();
        return IsScriptModule(global) || _storages.ContainsKey(name) || _types.ContainsKey(name)
            || _others.Contains(name) || IsPlain(global) || _dicts.Contains(NameOf(global));
    }

    /// <summary>What calling an allowed name gives.</summary>
    public static object? Call(PickleGlobal global, object?[] arguments, PickleInput input)
        => (global.ToString(), arguments) switch
        {
            _ when _dicts.Contains(NameOf(global)) => new PickleDict(),
            _ when IsPlain(global) => new PicklePlain(),
            ("torch.Size", [PickleTuple sizes]) => sizes,
            ("torch.device", _) => null,
            ("torch._utils._rebuild_parameter", [PickleTensor data, ..]) => data,
            ("torch._utils._rebuild_tensor_v2",
                [PickleStorage { Type: { } type } storage, long offset, PickleTuple size, PickleTuple stride, ..])
                => new PickleTensor(storage, type, offset, Integers(size, input), Integers(stride, input)),
            ("torch._utils._rebuild_tensor_v3",
                [PickleStorage s, long offset, PickleTuple size, PickleTuple stride, _, _, PickleGlobal dtype, ..])
                when _types.TryGetValue(dtype.ToString(), out StoredType type) && (s.Type is null || s.Type == type)
                => new PickleTensor(s, type, offset, Integers(size, input), Integers(stride, input)),
            (_, [List<object?> list]) when global.Module == ScriptLists => list,
            _ when IsScriptModule(global) => new PickleModule(),
            _ => throw input.Error($"calls {global} with {arguments.Length} arguments that do not fit it"),
        };

    /// <summary>What a persistent id stands for: ('storage', type, key, location, count[, view]).</summary>
    public static PickleStorage Storage(object? id, PickleInput input)
    {
        if (id is not PickleTuple { Items: ["storage", PickleGlobal type, string key, _, long count, ..] } tuple
            || count < 0)
        {
            throw input.Error("refers to something that is no storage");
        }
        (long offset, long size) = tuple.Items switch
        {
            { Length: 5 } or [_, _, _, _, _, null] => (0, count),
            [_, _, _, _, _, PickleTuple { Items: [_, long o, long n] }]
                when o >= 0 && n >= 0 && o <= count && n <= count - o => (o, n),
            _ => throw input.Error("refers to a view outside of its storage"),
        };
        if (_storages.TryGetValue(type.ToString(), out StoredType element)) return new(key, element, size, offset);
        if (type.ToString() == "torch.storage.UntypedStorage" && offset == 0) return new(key, null, size, offset);
        throw input.Error($"has a storage of type {type}");
    }

    private static bool IsPlain(PickleGlobal global)
        => _plain.Contains(NameOf(global)) || _plainModules.Contains(global.Module.Split('.')[0]);

    /// <summary>Python 2's and 3's own types without their module, which changed its name.</summary>
    private static string NameOf(PickleGlobal global)
        => global.Module is "builtins" or "__builtin__" ? global.Name : global.ToString();

    private static bool IsScriptModule(PickleGlobal global)
        => global.Module == ScriptModule || global.Module.StartsWith(ScriptModule + ".", StringComparison.Ordinal);

    private static long[] Integers(PickleTuple tuple, PickleInput input)
    {
        if (tuple.Items.Length > MaxRank) throw input.Error($"has a tensor of {tuple.Items.Length} dimensions");
        return Array.ConvertAll(tuple.Items, item => item is long value && value >= 0
            ? value
            : throw input.Error("has a tensor whose sizes or strides are not whole numbers from 0"));
    }
}
