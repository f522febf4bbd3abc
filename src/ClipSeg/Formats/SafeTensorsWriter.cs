using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;
using ClipSeg.Files;

namespace ClipSeg.Formats;

/// <summary>Writes safetensors files, one piece of one tensor in memory at a time.</summary>
internal static class SafeTensorsWriter
{
    private const int ChunkElements = 1 << 16;
    private const int Alignment = 8;

    /// <summary>
    /// Writes all tensors, sorted by name, as <paramref name="type"/> (float32, float16 or bfloat16). The file appears
    /// under its name when it is complete; it may replace the one that the tensors are read from.
    /// </summary>
    /// <exception cref="ArgumentException">Two tensors have one name, or the type is not one of the three.</exception>
    /// <exception cref="CheckpointException">A value is too large for float16.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, IEnumerable<StoredTensor> tensors,
        IReadOnlyDictionary<string, string>? metadata = null, StoredType type = StoredType.Float32)
    {
        if (type is not (StoredType.Float32 or StoredType.Float16 or StoredType.BFloat16))
            throw new ArgumentException($"Tensors are written as float32, float16 or bfloat16, not {type}.");
        StoredTensor[] sorted = [.. tensors.OrderBy(t => t.Name, StringComparer.Ordinal)];
        for (int i = 1; i < sorted.Length; i++)
        {
            if (sorted[i].Name == sorted[i - 1].Name)
                throw new ArgumentException($"Two tensors are called '{sorted[i].Name}'.", nameof(tensors));
        }

        OutputFile.Write(path, stream =>
        {
            stream.Write(Header(sorted, metadata, type));
            foreach (StoredTensor tensor in sorted) WriteElements(stream, tensor, type);
        });
    }

    private static byte[] Header(StoredTensor[] tensors, IReadOnlyDictionary<string, string>? metadata, StoredType type)
    {
        ArrayBufferWriter<byte> buffer = new();
        buffer.Write(stackalloc byte[sizeof(ulong)]);
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            WriteMetadata(json, metadata);
            long end = 0;
            foreach (StoredTensor tensor in tensors)
            {
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", TypeName(type));
                json.WriteStartArray("shape");
                foreach (int size in tensor.Shape) json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(end);
                json.WriteNumberValue(end += (long)tensor.Length * Elements.Size(type));
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        while (buffer.WrittenCount % Alignment != 0) buffer.Write(" "u8);

        byte[] header = buffer.WrittenSpan.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(header, header.Length - sizeof(ulong));
        return header;
    }

    private static void WriteMetadata(Utf8JsonWriter json, IReadOnlyDictionary<string, string>? metadata)
    {
        if (metadata is null) return;
        json.WriteStartObject("__metadata__");
        foreach ((string key, string value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            json.WriteString(key, value);
        json.WriteEndObject();
    }

    /// <summary>Writes the elements of a tensor as one of the three types, little-endian.</summary>
    internal static void WriteElements(Stream stream, StoredTensor tensor, StoredType type)
    {
        float[] values = ArrayPool<float>.Shared.Rent(ChunkElements);
        byte[] bytes = ArrayPool<byte>.Shared.Rent(ChunkElements * sizeof(float));
        for (long first = 0; first < tensor.Length; first += ChunkElements)
        {
            Span<float> chunk = values.AsSpan(0, (int)Math.Min(ChunkElements, tensor.Length - first));
            tensor.Read(first, chunk);
            if (type == StoredType.Float16) CheckRange(tensor.Name, chunk);
            Span<byte> stored = bytes.AsSpan(0, chunk.Length * Elements.Size(type));
            Elements.FromFloat(type, chunk, stored);
            if (!BitConverter.IsLittleEndian) Elements.Swap(stored, Elements.Size(type));
            stream.Write(stored);
        }
        ArrayPool<float>.Shared.Return(values);
        ArrayPool<byte>.Shared.Return(bytes);
    }

    private static void CheckRange(string name, ReadOnlySpan<float> values)
    {
        foreach (float value in values)
        {
            if (float.IsFinite(value) && Half.IsInfinity((Half)value))
                throw new CheckpointException($"Tensor '{name}' holds {value}, too large for float16; write float32.");
        }
    }

    private static string TypeName(StoredType type) => type switch
    {
        StoredType.Float16 => "F16",
        StoredType.BFloat16 => "BF16",
        _ => "F32",
    };
}
