namespace ClipSeg.Formats;

// What a pickle of tensors can hold, beside null, bool, long, double, string, BigInteger and List<object?>.

/// <summary>A name that the pickle refers to. It is only ever compared with the names we know.</summary>
internal sealed record PickleGlobal(string Module, string Name)
{
    public override string ToString() => $"{Module}.{Name}";
}

internal sealed record PickleTuple(params object?[] Items);

/// <summary>A dict: pairs in the order they were set. The last of equal keys counts.</summary>
internal sealed class PickleDict
{
    public List<KeyValuePair<object?, object?>> Items { get; } = [];

    public object? this[string key] => Items.FindLast(pair => pair.Key is string text && text == key).Value;
}

/// <summary>A value of a kind that is of no use here, such as a number of NumPy's or the options of a script.</summary>
internal sealed class PicklePlain;

/// <summary>A TorchScript module: a bag of attributes.</summary>
internal sealed class PickleModule
{
    public PickleDict? Attributes { get; set; }
}

/// <summary>
/// Elements [<paramref name="ViewOffset"/>, ViewOffset + <paramref name="Count"/>) of the storage called
/// <paramref name="Key"/>. Without a type they are bytes, and ViewOffset is 0.
/// </summary>
internal sealed record PickleStorage(string Key, StoredType? Type, long Count, long ViewOffset);

/// <summary>A tensor over a storage; offset and strides in elements.</summary>
internal sealed record PickleTensor(PickleStorage Storage, StoredType Type, long Offset, long[] Shape, long[] Strides);
