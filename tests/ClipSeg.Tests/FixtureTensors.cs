using ClipSeg.Formats;
using ClipSeg.Numerics;

namespace ClipSeg.Tests;

/// <summary>Reads tensors of the reference files.</summary>
internal static class FixtureTensors
{
    /// <summary>One tensor of a safetensors file below tests/fixtures.</summary>
    public static Tensor Read(string file, string name)
    {
        using SafeTensorsFile stored = SafeTensorsFile.Open(Fixtures.At(file));
        return stored.Tensors[name].ToTensor();
    }

    /// <summary>One uint8 tensor and its shape.</summary>
    public static byte[] ReadBytes(string file, string name, out int[] shape)
    {
        using SafeTensorsFile stored = SafeTensorsFile.Open(Fixtures.At(file));
        Assert.Equal(StoredType.UInt8, stored.Tensors[name].Type);
        Tensor t = stored.Tensors[name].ToTensor();
        shape = t.Shape.ToArray();
        return Array.ConvertAll(t.Data.ToArray(), value => (byte)value);
    }

    /// <summary>All tensors of a safetensors file below tests/fixtures.</summary>
    public static Dictionary<string, Tensor> ReadAll(string file)
    {
        using SafeTensorsFile stored = SafeTensorsFile.Open(Fixtures.At(file));
        return stored.Tensors.ToDictionary(t => t.Key, t => t.Value.ToTensor());
    }
}
