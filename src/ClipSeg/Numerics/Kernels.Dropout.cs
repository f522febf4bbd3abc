using System.Numerics;
using System.Runtime.InteropServices;

namespace ClipSeg.Numerics;

internal static partial class Kernels
{
    private const uint Multiplier1 = 0x7feb352d, Multiplier2 = 0x846ca68b;

    /// <summary>
    /// x[i] = 0 with probability <paramref name="p"/>, else x[i] / (1 - p). Which ones are zeroed depends on the seed
    /// and
    /// <paramref name="first"/> + i alone, so backward draws the same ones again.
    /// </summary>
    public static void Dropout(Span<float> x, float p, uint seed, uint first)
    {
        uint threshold = (uint)(p * 4294967296.0);
        float scale = 1 / (1 - p);
        Span<Vector<float>> xv = MemoryMarshal.Cast<float, Vector<float>>(x);
        Vector<uint> index = Vector<uint>.Indices + new Vector<uint>(first);
        for (int i = 0; i < xv.Length; i++)
        {
            Vector<uint> h = index ^ new Vector<uint>(seed);
            h ^= h >>> 16;
            h *= Multiplier1;
            h ^= h >>> 15;
            h *= Multiplier2;
            h ^= h >>> 16;
            Vector<uint> keep = Vector.GreaterThanOrEqual(h, new Vector<uint>(threshold));
            xv[i] = Vector.AsVectorSingle(keep & Vector.AsVectorUInt32(xv[i] * scale));
            index += new Vector<uint>((uint)Vector<uint>.Count);
        }
        for (int i = xv.Length * Vector<float>.Count; i < x.Length; i++)
            x[i] = Hash((first + (uint)i) ^ seed) >= threshold ? x[i] * scale : 0;
    }

    /// <summary>
    /// A 32-bit mixing function: two multiply-xorshift rounds, every input bit reaches every output bit.
    /// </summary>
    internal static uint Hash(uint h)
    {
        h ^= h >> 16;
        h *= Multiplier1;
        h ^= h >> 15;
        h *= Multiplier2;
        h ^= h >> 16;
        return h;
    }
}
