using System.Text;
using ClipSeg.Formats;
using ClipSeg.Model;
using ClipSeg.Numerics;

namespace ClipSeg.Peers;

/// <summary>
/// Weights that are a formula of their key and index, so that a 150-million-parameter checkpoint needs no file. The
/// formula is the reference's: FNV-1a of the key, SplitMix64 of hash + index, a scale by kind of weight.
/// </summary>
internal static class FormulaWeights
{
    /// <summary>Every tensor of a network of this config.</summary>
    public static Dictionary<string, StoredTensor> For(ClipSegConfig config)
    {
        // A fresh network names its weights and their shapes; none of its values are read.
        ClipSegModel model = new(new Weights(new Dictionary<string, StoredTensor>(), fresh: Part.All), config);
        return model.Weights.Parameters.ToDictionary(p => p.Name, p => Stored(p.Name, p.Shape));
    }

    public static StoredTensor Stored(string name, ReadOnlySpan<int> shape)
    {
        (double offset, double scale) = Scale(name, shape);
        ulong hash = Hash(name);
        return new(name, StoredType.Float32, shape, (first, y) =>
        {
            for (int i = 0; i < y.Length; i++) y[i] = (float)(offset + scale * Unit(hash + (ulong)(first + i)));
        });
    }

    /// <summary>The reference's named inputs: the bare numbers in [-1, 1), times <paramref name="times"/>.</summary>
    public static Tensor Input(string name, double times, params ReadOnlySpan<int> shape)
    {
        Tensor t = Tensor.Empty(shape);
        ulong hash = Hash(name);
        for (int i = 0; i < t.Length; i++) t.Data[i] = (float)(times * Unit(hash + (ulong)i));
        return t;
    }

    private static double Unit(ulong x)
    {
        x += 0x9e3779b97f4a7c15;
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
        x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
        x ^= x >> 31;
        return (x >> 40) * (1.0 / (1 << 23)) - 1;
    }

    private static ulong Hash(string name)
    {
        ulong h = 0xcbf29ce484222325;
        foreach (byte b in Encoding.UTF8.GetBytes(name)) h = (h ^ b) * 0x100000001b3;
        return h;
    }

    private static (double Offset, double Scale) Scale(string name, ReadOnlySpan<int> shape)
    {
        if (name.Contains("norm") || name.Contains("layrnorm")) return name.EndsWith("weight") ? (1, 0.1) : (0, 0.1);
        if (name.EndsWith("bias")) return (0, 0.1);
        if (name.Contains("embedding") && !name.Contains("patch")) return (0, 0.3);
        if (name == "clip.logit_scale") return (0, Math.Sqrt(3));
        if (shape.Length == 4 && name.Contains("transposed_convolution") && shape[2] != 3)
            return (0, Math.Sqrt(3.0 / shape[0]));
        return (0, Math.Sqrt(3.0 / Tensor.Count(shape[1..])));
    }
}
