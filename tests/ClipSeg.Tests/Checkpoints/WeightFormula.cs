using System.Text;

namespace ClipSeg.Tests.Checkpoints;

/// <summary>The decoder weights in the fixtures: a formula of the Hugging Face key and the element's index.</summary>
internal static class WeightFormula
{
    public static float[] Decoder(string name, ReadOnlySpan<int> shape)
    {
        int length = 1;
        foreach (int size in shape) length *= size;

        (double offset, double scale) = name switch
        {
            _ when name.Contains("norm") => (name.EndsWith("weight") ? 1 : 0, 0.1),
            _ when name.EndsWith("bias") => (0, 0.1),
            _ when name.Contains("transposed_convolution") && shape[2] != 3 => (0, Math.Sqrt(3.0 / shape[0])),
            _ => (0, Math.Sqrt(3.0 * shape[0] / length)),
        };
        float[] values = new float[length];
        ulong hash = Hash(name);
        for (int i = 0; i < length; i++) values[i] = (float)(offset + scale * Uniform(hash + (ulong)i));
        return values;
    }

    private static ulong Hash(string name)
    {
        ulong hash = 0xcbf29ce484222325;
        foreach (byte b in Encoding.UTF8.GetBytes(name)) hash = (hash ^ b) * 0x100000001b3;
        return hash;
    }

    private static double Uniform(ulong x)
    {
        x += 0x9e3779b97f4a7c15;
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
        x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
        x ^= x >> 31;
        return (x >> 40) * Math.Pow(2, -23) - 1;
    }
}
