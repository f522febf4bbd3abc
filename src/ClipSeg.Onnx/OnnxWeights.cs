using System.Runtime.InteropServices;
using ClipSeg.Formats;
using ClipSeg.Numerics;

namespace ClipSeg.Onnx;

/// <summary>The weights of a network as initialisers of a graph, by Hugging Face key.</summary>
internal sealed class OnnxWeights(OnnxGraph graph, IReadOnlyDictionary<string, StoredTensor> tensors)
{
    private const float Int8Max = 127;

    private readonly Dictionary<string, (string Values, string Scale, string Zero)> _quantized =
        new(StringComparer.Ordinal);

    /// <summary>A weight as it is. Vectors stay float32: they are small, and scale or shift everything.</summary>
    public string Get(string key, OnnxType type) => Floats(tensors[key], Element(tensors[key], type));

    /// <summary>[..., inputs] → [..., outputs] by a weight [outputs, inputs].</summary>
    public string Multiply(string x, string key, OnnxType type)
    {
        StoredTensor weight = tensors[key];
        if (type != OnnxType.Int8) return graph.Node("MatMul", [x, Transposed(weight, Element(weight, type))]);

        // ONNX Runtime joins these five into one operation.
        if (!_quantized.TryGetValue(x, out (string Values, string Scale, string Zero) quantized))
        {
            string[] parts = graph.Nodes("DynamicQuantizeLinear", 3, [x]);
            _quantized[x] = quantized = (parts[0], parts[1], parts[2]);
        }
        string product = graph.Node("MatMulInteger", [quantized.Values, Integers(weight, transposed: true),
            quantized.Zero]);
        return graph.Node("Mul", [Widen(product), graph.Node("Mul", [quantized.Scale, Scales(weight)])]);
    }

    /// <summary>ids [...] → rows [..., width] of a weight [rows, width].</summary>
    public string Rows(string ids, string key, OnnxType type)
    {
        StoredTensor weight = tensors[key];
        if (type != OnnxType.Int8)
        {
            OnnxElement element = Element(weight, type);
            string row = graph.Node("Gather", [Store(weight.Name, weight.Shape, element, () => weight), ids]);
            return element == OnnxElement.Float32 ? row : Widen(row);
        }

        string rows = graph.Node("Gather", [Integers(weight, transposed: false), ids]);
        string scales = graph.Node("Unsqueeze", [graph.Node("Gather", [Scales(weight), ids]), graph.Integers(-1)]);
        return graph.Node("Mul", [Widen(rows), scales]);
    }

    private static OnnxElement Element(StoredTensor weight, OnnxType type)
        => type == OnnxType.Float16 && weight.Shape.Length > 1 ? OnnxElement.Float16 : OnnxElement.Float32;

    private string Floats(StoredTensor weight, OnnxElement element)
    {
        string stored = Store(weight.Name, weight.Shape, element, () => weight);
        return element == OnnxElement.Float32 ? stored : Widen(stored);
    }

    /// <summary>[N, M] as the [M, N] that MatMul multiplies with.</summary>
    private string Transposed(StoredTensor weight, OnnxElement element)
    {
        (int rows, int columns) = (weight.Shape[0], weight.Shape[1]);
        string stored = Store($"{weight.Name}.transposed", [columns, rows], element, () =>
        {
            Tensor transposed = Tensor.Empty(columns, rows);
            Kernels.Transpose(weight.ToTensor().Data, rows, columns, columns, transposed.Data, rows);
            return StoredTensor.Of(weight.Name, transposed);
        });
        return element == OnnxElement.Float32 ? stored : Widen(stored);
    }

    private string Widen(string values)
        => graph.Node("Cast", [values], OnnxAttribute.Int("to", (int)OnnxElement.Float32));

    /// <param name="read">Called when the file is written.</param>
    private string Store(string name, ReadOnlySpan<int> shape, OnnxElement element, Func<StoredTensor> read)
    {
        StoredType type = element == OnnxElement.Float16 ? StoredType.Float16 : StoredType.Float32;
        return graph.Initialize(name, element, shape, (long)Tensor.Count(shape) * Elements.Size(type),
            stream => SafeTensorsWriter.WriteElements(stream, read(), type));
    }

    /// <summary>For each row of a weight, what its integers are multiplied with: float32 [rows].</summary>
    private string Scales(StoredTensor weight)
    {
        int rows = weight.Shape[0];
        return graph.Initialize($"{weight.Name}.scale", OnnxElement.Float32, [rows], (long)rows * sizeof(float),
            stream =>
            {
                Tensor scales = Tensor.Empty(rows);
                float[] row = new float[weight.Length / rows];
                for (int i = 0; i < rows; i++) scales.Data[i] = ReadRow(weight, i, row);
                SafeTensorsWriter.WriteElements(
                    stream, StoredTensor.Of(weight.Name, scales), StoredType.Float32);
            });
    }

    /// <summary>A weight [rows, columns] as int8 in -127..127, each row by its scale.</summary>
    private string Integers(StoredTensor weight, bool transposed)
    {
        (int rows, int columns) = (weight.Shape[0], weight.Shape[1]);
        int[] shape = transposed ? [columns, rows] : [rows, columns];
        return graph.Initialize($"{weight.Name}.int8", OnnxElement.Int8, shape, weight.Length, stream =>
        {
            sbyte[] values = new sbyte[transposed ? weight.Length : columns];
            float[] row = new float[columns];
            for (int i = 0; i < rows; i++)
            {
                float scale = ReadRow(weight, i, row);
                for (int j = 0; j < columns; j++)
                    values[transposed ? j * rows + i : j] = (sbyte)MathF.Round(row[j] / scale);
                if (!transposed) stream.Write(MemoryMarshal.AsBytes(values.AsSpan()));
            }
            if (transposed) stream.Write(MemoryMarshal.AsBytes(values.AsSpan()));
        });
    }

    /// <summary>Reads a row; returns its scale. A row of zeros has any.</summary>
    private static float ReadRow(StoredTensor weight, int index, float[] row)
    {
        weight.Read((long)index * row.Length, row);
        float largest = 0;
        foreach (float value in row) largest = MathF.Max(largest, MathF.Abs(value));
        if (!float.IsFinite(largest))
            throw new CheckpointException($"Tensor '{weight.Name}' holds {largest}, which int8 cannot; write float32.");
        return largest == 0 ? 1 : largest / Int8Max;
    }
}
