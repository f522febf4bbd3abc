using System.Buffers.Binary;
using System.Globalization;
using ClipSeg.Formats;
using ClipSeg.Numerics;

namespace ClipSeg.Onnx;

/// <summary>Element types, by ONNX's numbers (TensorProto.DataType).</summary>
internal enum OnnxElement
{
    Float32 = 1,
    Int8 = 3,
    Int32 = 6,
    Int64 = 7,
    Float16 = 10,
}

/// <summary>
/// An ONNX model that is being built: values are known by name, nodes stand in the order of their execution. Weights
/// are read when it is written, one at a time.
/// </summary>
/// <remarks>Field numbers are those of onnx.proto, IR version 8.</remarks>
internal sealed class OnnxGraph(string name)
{
    private const int IrVersion = 8, Opset = 17;
    private const int MaxBytes = int.MaxValue - (1 << 10);      // protobuf's limit less what is around the graph

    private readonly List<ProtoMessage> _nodes = [], _inputs = [], _outputs = [];
    private readonly List<Initializer> _initializers = [];
    private readonly Dictionary<string, string> _constants = new(StringComparer.Ordinal);
    private int _values;

    /// <summary>What writes the elements of an initialiser, little-endian: exactly as many bytes as it has.</summary>
    public delegate void ElementWriter(Stream stream);

    /// <summary>Declares an input.</summary>
    /// <param name="shape">A number is a fixed size, a word the name of one that is free.</param>
    public string Input(string input, OnnxElement element, params ReadOnlySpan<string> shape)
    {
        _inputs.Add(Value(input, element, shape));
        return input;
    }

    /// <summary>Declares an input of float32 that has a value when none is given: the same for all elements.</summary>
    /// <param name="sizes">Of that value; with an input, they may be others of the <paramref name="shape"/>.</param>
    public string Optional(string input, float value, ReadOnlySpan<int> sizes, params ReadOnlySpan<string> shape)
    {
        float[] values = new float[Tensor.Count(sizes)];
        Array.Fill(values, value);
        Initialize(input, OnnxElement.Float32, sizes, values.Length * sizeof(float), stream =>
            SafeTensorsWriter.WriteElements(
                stream, StoredTensor.Of(input, new(values, values.Length)), StoredType.Float32));
        return Input(input, OnnxElement.Float32, shape);
    }

    /// <summary>Declares that a value goes out, under a name of its own.</summary>
    public void Output(string output, string value, OnnxElement element, params ReadOnlySpan<string> shape)
    {
        AddNode("Identity", [value], [output], []);
        _outputs.Add(Value(output, element, shape));
    }

    /// <summary>Adds a node with one output; returns that one's name.</summary>
    public string Node(string op, ReadOnlySpan<string> inputs, params ReadOnlySpan<ProtoMessage> attributes)
        => Nodes(op, 1, inputs, attributes)[0];

    /// <summary>Adds a node with several outputs; returns their names.</summary>
    public string[] Nodes(
        string op, int outputs, ReadOnlySpan<string> inputs, params ReadOnlySpan<ProtoMessage> attributes)
    {
        string[] names = new string[outputs];
        foreach (ref string output in names.AsSpan()) output = $"{op}_{_values++}";
        AddNode(op, inputs, names, attributes);
        return names;
    }

    /// <summary>A vector of int64, such as a shape.</summary>
    public string Integers(params long[] values)
    {
        string key = $"[{string.Join(',', values)}]";
        if (_constants.TryGetValue(key, out string? known)) return known;
        byte[] bytes = new byte[values.Length * sizeof(long)];
        for (int i = 0; i < values.Length; i++)
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(i * sizeof(long)), values[i]);
        return _constants[key] =
            Initialize(key, OnnxElement.Int64, [values.Length], bytes.Length, stream => stream.Write(bytes));
    }

    /// <summary>A single int64, without dimensions.</summary>
    public string Integer(long value) => Scalar($"{value}", OnnxElement.Int64, BitConverter.GetBytes(value));

    /// <summary>A single float32, without dimensions.</summary>
    public string Number(float value)
        => Scalar(value.ToString("R", CultureInfo.InvariantCulture) + "f", OnnxElement.Float32,
            BitConverter.GetBytes(value));

    /// <summary>A constant that is stored in the file.</summary>
    /// <param name="bytes">How many <paramref name="write"/> writes.</param>
    public string Initialize(
        string initializer, OnnxElement element, ReadOnlySpan<int> shape, long bytes, ElementWriter write)
    {
        ProtoMessage head = new();
        foreach (int size in shape) head.Integer(1, size);
        head.Integer(2, (int)element).Text(8, initializer).Begin(9, bytes);
        _initializers.Add(new(head, bytes, write));
        return initializer;
    }

    /// <summary>Writes the model.</summary>
    /// <exception cref="CheckpointException">It is larger than a protobuf file can be.</exception>
    public void Write(Stream stream)
    {
        ProtoMessage graph = new();
        foreach (ProtoMessage node in _nodes) graph.Message(1, node);
        graph.Text(2, name);
        foreach (ProtoMessage input in _inputs) graph.Message(11, input);
        foreach (ProtoMessage output in _outputs) graph.Message(12, output);

        // Protobuf puts a length before each message, so those of the initialisers are added up first.
        ProtoMessage[] heads =
            [.. _initializers.Select(i => new ProtoMessage().Begin(5, i.Head.Bytes.Length + i.Length))];
        long length = graph.Bytes.Length
            + _initializers.Zip(heads, (i, head) => head.Bytes.Length + i.Head.Bytes.Length + i.Length).Sum();

        if (length > MaxBytes)
            throw new CheckpointException(
                $"Model '{name}' takes {length} bytes as ONNX, at most {MaxBytes} are possible: "
                + "write float16, or split it.");

        ProtoMessage opset = new ProtoMessage().Text(1, "").Integer(2, Opset);
        ProtoMessage model = new ProtoMessage().Integer(1, IrVersion).Text(2, "ClipSeg for .NET").Message(8, opset);
        stream.Write(model.Begin(7, length).Bytes);
        stream.Write(graph.Bytes);
        for (int i = 0; i < heads.Length; i++)
        {
            stream.Write(heads[i].Bytes);
            stream.Write(_initializers[i].Head.Bytes);
            _initializers[i].Write(stream);
        }
    }

    private static ProtoMessage Value(string value, OnnxElement element, ReadOnlySpan<string> shape)
    {
        ProtoMessage dimensions = new();
        foreach (string size in shape)
        {
            dimensions.Message(1, int.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                ? new ProtoMessage().Integer(1, number)
                : new ProtoMessage().Text(2, size));
        }
        ProtoMessage tensor = new ProtoMessage().Integer(1, (int)element).Message(2, dimensions);
        return new ProtoMessage().Text(1, value).Message(2, new ProtoMessage().Message(1, tensor));
    }

    private string Scalar(string key, OnnxElement element, byte[] bytes)
    {
        if (_constants.TryGetValue(key, out string? known)) return known;
        if (!BitConverter.IsLittleEndian) bytes.AsSpan().Reverse();
        return _constants[key] = Initialize(key, element, [], bytes.Length, stream => stream.Write(bytes));
    }

    private void AddNode(
        string op, ReadOnlySpan<string> inputs, ReadOnlySpan<string> outputs, ReadOnlySpan<ProtoMessage> attributes)
    {
        ProtoMessage node = new();
        foreach (string input in inputs) node.Text(1, input);
        foreach (string output in outputs) node.Text(2, output);
        node.Text(3, outputs[0]).Text(4, op);
        foreach (ProtoMessage attribute in attributes) node.Message(5, attribute);
        _nodes.Add(node);
    }

    private sealed record Initializer(ProtoMessage Head, long Length, ElementWriter Write);
}
