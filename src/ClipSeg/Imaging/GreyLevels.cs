using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ClipSeg.Imaging;

/// <summary>A mask's values as grey levels, many at a time.</summary>
internal static class GreyLevels
{
    /// <summary>[height, width]: 0 black, 1 white, rounded.</summary>
    public static byte[] Of(Mask mask)
    {
        byte[] levels = new byte[mask.Values.Length];
        Round(mask.Values, levels);
        return levels;
    }

    /// <param name="values">What is outside [0, 1] counts as what is nearest.</param>
    /// <param name="levels">As long as the values; 0 to 255.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Round(ReadOnlySpan<float> values, Span<byte> levels)
    {
        ReadOnlySpan<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(values);
        int x = 0;
        for (int v = 0; v + 4 <= vectors.Length; v += 4, x += Vector<byte>.Count)
        {
            Vector<ushort> low = Vector.Narrow(Level(vectors[v]), Level(vectors[v + 1]));
            Vector<ushort> high = Vector.Narrow(Level(vectors[v + 2]), Level(vectors[v + 3]));
            Vector.Narrow(low, high).CopyTo(levels[x..]);
        }
        for (; x < values.Length; x++) levels[x] = (byte)(Math.Clamp(values[x], 0, 1) * byte.MaxValue + 0.5f);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<uint> Level(Vector<float> values)
        => Vector.ConvertToInt32(Vector.Min(Vector.Max(values, Vector<float>.Zero), Vector<float>.One) * byte.MaxValue
            + new Vector<float>(0.5f)).As<int, uint>();
}
