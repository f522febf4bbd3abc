using ClipSeg.Checkpoints;
using ClipSeg.Numerics;

namespace ClipSeg.Tests;

/// <summary>Reads tensors of the reference files.</summary>
internal static class FixtureTensors
{
    /// <summary>One tensor of a safetensors file below tests/fixtures.</summary>
    public static Tensor Read(string file, string name) => ReadAll(file)[name];

    /// <summary>All tensors of a safetensors file below tests/fixtures.</summary>
    public static Dictionary<string, Tensor> ReadAll(string file)
    {
        using SafeTensorsFile stored = SafeTensorsFile.Open(Fixtures.At(file));
        return stored.Tensors.ToDictionary(t => t.Key, t => t.Value.ToTensor());
    }
}
