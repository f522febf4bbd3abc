using System.Numerics;

namespace ClipSeg.Formats;

/// <summary>
/// Interprets the part of the pickle language that torch.save uses, and what lists of plain values need in Python 2's
/// text form. It cannot run code.
/// </summary>
/// <remarks>
/// Spec: formats.md §9.2. Names resolve to entries of <see cref="PickleTypes"/> or not at all. Every value costs an
/// operation, so the limit on operations bounds stack, memo and values too.
/// </remarks>
internal sealed class PickleReader
{
    private const int MaxOperations = 1_000_000;
    private const int MaxProtocol = 3;

    private static readonly PickleTuple _empty = new();

    private readonly PickleInput _input;
    private readonly List<object?> _stack = [];
    private readonly Stack<int> _marks = new();
    private readonly Dictionary<int, object?> _memo = [];
    private readonly Dictionary<string, StoredType?> _storages;

    private PickleReader(PickleInput input, Dictionary<string, StoredType?> storages)
        => (_input, _storages) = (input, storages);

    /// <summary>
    /// One pickled value, up to and including its STOP; <paramref name="storages"/> receives the key and type of every
    /// storage that it mentions.
    /// </summary>
    public static object? Read(
        PickleInput input, Dictionary<string, StoredType?>? storages = null, int limit = MaxOperations)
    {
        PickleReader reader = new(input, storages ?? []);
        for (int i = 0; i < limit; i++)
        {
            PickleOp op = (PickleOp)input.ReadByte();
            if (op == PickleOp.Stop) return reader.Pop();
            reader.Run(op);
        }
        throw input.Error($"takes more than {limit} operations");
    }

    private void Run(PickleOp op)
    {
        switch (op)
        {
            case PickleOp.Proto:
                byte protocol = _input.ReadByte();
                if (protocol > MaxProtocol) throw _input.Error($"has protocol {protocol}, PyTorch writes 2");
                break;
            case PickleOp.Mark: _marks.Push(_stack.Count); break;
            case PickleOp.None: Push(null); break;
            case PickleOp.NewTrue: Push(true); break;
            case PickleOp.NewFalse: Push(false); break;
            case PickleOp.BinInt: Push((long)_input.ReadInt32()); break;
            case PickleOp.BinInt1: Push((long)_input.ReadByte()); break;
            case PickleOp.BinInt2: Push((long)_input.ReadUInt16()); break;
            case PickleOp.Long1: Push(ToNumber(_input.ReadBytes(_input.ReadByte()))); break;
            case PickleOp.BinFloat: Push(_input.ReadDouble()); break;
            case PickleOp.BinUnicode: Push(_input.ReadText((uint)_input.ReadInt32())); break;
            case PickleOp.ShortBinString: Push(_input.ReadText(_input.ReadByte())); break;
            case PickleOp.BinBytes: SkipBytes((uint)_input.ReadInt32()); break;
            case PickleOp.ShortBinBytes: SkipBytes(_input.ReadByte()); break;
            case PickleOp.EmptyDict: Push(new PickleDict()); break;
            case PickleOp.EmptyList or PickleOp.EmptySet: Push(new List<object?>()); break;
            case PickleOp.EmptyTuple: Push(_empty); break;
            case PickleOp.Tuple: Push(new PickleTuple(PopToMark())); break;
            case PickleOp.Tuple1: Push(new PickleTuple(PopMany(1))); break;
            case PickleOp.Tuple2: Push(new PickleTuple(PopMany(2))); break;
            case PickleOp.Tuple3: Push(new PickleTuple(PopMany(3))); break;
            case PickleOp.Append: AddTo(PopMany(1)); break;
            case PickleOp.Appends: AddTo(PopToMark()); break;
            case PickleOp.SetItem: SetIn(PopMany(2)); break;
            case PickleOp.SetItems: SetIn(PopToMark()); break;
            case PickleOp.Global: Push(ReadGlobal()); break;
            case PickleOp.BinPersId: PushStorage(); break;
            case PickleOp.NewObj or PickleOp.Reduce: Call(); break;
            case PickleOp.Build: Build(); break;
            case PickleOp.BinPut: _memo[_input.ReadByte()] = Peek(); break;
            case PickleOp.LongBinPut: _memo[_input.ReadInt32()] = Peek(); break;
            case PickleOp.BinGet: Push(Recall(_input.ReadByte())); break;
            case PickleOp.LongBinGet: Push(Recall(_input.ReadInt32())); break;
            case PickleOp.Int: Push(PickleText.Integer(_input.ReadLine(), _input)); break;
            case PickleOp.Long: Push(PickleText.Integer(_input.ReadLine().TrimEnd('L'), _input)); break;
            case PickleOp.Float: Push(PickleText.Float(_input.ReadLine(), _input)); break;
            case PickleOp.String: Push(PickleText.Quoted(_input.ReadLine(), _input)); break;
            case PickleOp.Unicode: Push(PickleText.Unescape(_input.ReadLine(), _input)); break;
            case PickleOp.List: Push(new List<object?>(PopToMark())); break;
            case PickleOp.Dict:
                object?[] items = PopToMark();
                Push(new PickleDict());
                SetIn(items);
                break;
            case PickleOp.Put: _memo[Key()] = Peek(); break;
            case PickleOp.Get: Push(Recall(Key())); break;
            default: throw _input.Error($"has operation 0x{(byte)op:x2}, which PyTorch does not write");
        }
    }

    private int Key() => PickleText.Integer(_input.ReadLine(), _input) is long key and >= 0 and <= int.MaxValue
        ? (int)key : throw _input.Error("memorises under something that is no number");

    private void SkipBytes(long count)
    {
        _input.ReadBytes(count);
        Push(new PicklePlain());
    }

    private PickleGlobal ReadGlobal()
    {
        PickleGlobal global = new(_input.ReadLine(), _input.ReadLine());
        return PickleTypes.IsAllowed(global) ? global : throw _input.Forbidden(global);
    }

    private void Call()
    {
        object?[] pair = PopMany(2);
        if (pair is not [PickleGlobal global, PickleTuple arguments])
            throw _input.Error("calls something that is no type");
        Push(PickleTypes.Call(global, arguments.Items, _input));
    }

    private void PushStorage()
    {
        PickleStorage storage = PickleTypes.Storage(Pop(), _input);
        _storages[storage.Key] = storage.Type;
        Push(storage);
    }

    /// <summary>Gives a module its attributes; another value's state (an OrderedDict's _metadata) is ignored.</summary>
    private void Build()
    {
        object? state = Pop();
        if (Peek() is PickleModule module) module.Attributes = state as PickleDict;
    }

    private void AddTo(object?[] items)
    {
        if (Peek() is PicklePlain) return;
        if (Peek() is not List<object?> list) throw _input.Error("appends to something that is no list");
        list.AddRange(items);
    }

    private void SetIn(object?[] items)
    {
        if (Peek() is PicklePlain) return;
        if (Peek() is not PickleDict dict) throw _input.Error("sets items of something that is no dict");
        if (items.Length % 2 != 0) throw _input.Error("has a key without a value");
        for (int i = 0; i < items.Length; i += 2) dict.Items.Add(new(items[i], items[i + 1]));
    }

    private void Push(object? value) => _stack.Add(value);

    private object? Pop() => PopMany(1)[0];

    private object? Peek() => _stack.Count > Floor ? _stack[^1] : throw _input.Error("takes from an empty stack");

    private object?[] PopMany(int count)
    {
        if (_stack.Count - Floor < count) throw _input.Error("takes from an empty stack");
        object?[] items = [.. _stack[^count..]];
        _stack.RemoveRange(_stack.Count - count, count);
        return items;
    }

    private object?[] PopToMark()
    {
        if (_marks.Count == 0) throw _input.Error("takes up to a mark that is not there");
        int mark = _marks.Peek();
        object?[] items = PopMany(_stack.Count - mark);
        _marks.Pop();
        return items;
    }

    /// <summary>Below the last mark nothing is taken.</summary>
    private int Floor => _marks.Count == 0 ? 0 : _marks.Peek();

    private object? Recall(int key)
        => _memo.TryGetValue(key, out object? value) ? value : throw _input.Error($"recalls {key}, never memorised");

    private static object ToNumber(byte[] littleEndian)
        => littleEndian.Length <= sizeof(long) ? (long)new BigInteger(littleEndian) : new BigInteger(littleEndian);
}

internal enum PickleOp : byte
{
    Mark = (byte)'(',
    EmptyTuple = (byte)')',
    Stop = (byte)'.',
    Float = (byte)'F',
    Int = (byte)'I',
    Long = (byte)'L',
    String = (byte)'S',
    Unicode = (byte)'V',
    Dict = (byte)'d',
    Get = (byte)'g',
    List = (byte)'l',
    Put = (byte)'p',
    BinBytes = (byte)'B',
    ShortBinBytes = (byte)'C',
    BinFloat = (byte)'G',
    BinInt = (byte)'J',
    BinInt1 = (byte)'K',
    BinInt2 = (byte)'M',
    None = (byte)'N',
    BinPersId = (byte)'Q',
    Reduce = (byte)'R',
    ShortBinString = (byte)'U',
    BinUnicode = (byte)'X',
    EmptyList = (byte)']',
    Append = (byte)'a',
    Build = (byte)'b',
    Global = (byte)'c',
    Appends = (byte)'e',
    BinGet = (byte)'h',
    LongBinGet = (byte)'j',
    BinPut = (byte)'q',
    LongBinPut = (byte)'r',
    SetItem = (byte)'s',
    Tuple = (byte)'t',
    SetItems = (byte)'u',
    EmptyDict = (byte)'}',
    Proto = 0x80,
    NewObj = 0x81,
    Tuple1 = 0x85,
    Tuple2 = 0x86,
    Tuple3 = 0x87,
    NewTrue = 0x88,
    NewFalse = 0x89,
    Long1 = 0x8a,
    EmptySet = 0x8f,
}
