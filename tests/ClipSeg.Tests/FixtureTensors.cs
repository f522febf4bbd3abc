using System.Buffers.Binary;
using System.Text.Json;
using ClipSeg.Numerics;

namespace ClipSeg.Tests;

/// <summary>Tensors out of the reference's safetensors files, read without the library that is under test.</summary>
internal static class FixtureTensors
{
    /// <summary>One float32 tensor.</summary>
    /// <param name="file">Below tests/fixtures, such as "resize/resize.safetensors".</param>
    /// <param name="name">The tensor's name in the file.</param>
    public static Tensor Read(string file, string name)
    {
        byte[] bytes = ReadBytes(file, name, "F32", out int[] shape);
        float[] data = new float[bytes.Length / 4];
        for (int i = 0; i < data.Length; i++) data[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(i * 4));
        return new(data, shape);
    }

    /// <summary>One uint8 tensor.</summary>
    public static byte[] ReadBytes(string file, string name) => ReadBytes(file, name, out _);

    /// <summary>One uint8 tensor and its shape.</summary>
    public static byte[] ReadBytes(string file, string name, out int[] shape) => ReadBytes(file, name, "U8", out shape);

    /// <summary>The names of all tensors in the file.</summary>
    public static string[] Names(string file)
    {
        using JsonDocument header = Header(File.ReadAllBytes(Fixtures.At(file)), out _);
        return [.. header.RootElement.EnumerateObject().Select(p => p.Name).Where(n => n != "__metadata__")];
    }

    private static byte[] ReadBytes(string file, string name, string type, out int[] shape)
    {
        byte[] data = File.ReadAllBytes(Fixtures.At(file));
        using JsonDocument header = Header(data, out int body);
        if (!header.RootElement.TryGetProperty(name, out JsonElement entry))
            throw new ArgumentException($"{file} has no tensor '{name}'.");
        string? stored = entry.GetProperty("dtype").GetString();
        if (stored != type) throw new ArgumentException($"Tensor '{name}' of {file} is {stored}, expected {type}.");

        shape = [.. entry.GetProperty("shape").EnumerateArray().Select(s => s.GetInt32())];
        JsonElement offsets = entry.GetProperty("data_offsets");
        return data[(body + offsets[0].GetInt32())..(body + offsets[1].GetInt32())];
    }

    private static JsonDocument Header(byte[] data, out int body)
    {
        int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(data);
        body = 8 + length;
        return JsonDocument.Parse(data.AsMemory(8, length));
    }
}
