using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ClipSeg.Imaging;

/// <summary>Which of a mask's values are above a level, many at a time.</summary>
internal static class SetPixels
{
    /// <summary>1 where a value is above the level, 0 elsewhere.</summary>
    /// <param name="set">As long as the values.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Find(ReadOnlySpan<float> values, float level, Span<byte> set)
    {
        ReadOnlySpan<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(values);
        Vector<float> limit = new(level);
        int x = 0;
        for (int v = 0; v + 4 <= vectors.Length; v += 4, x += Vector<byte>.Count)
        {
            Vector<short> low = Vector.Narrow(
                Vector.GreaterThan(vectors[v], limit), Vector.GreaterThan(vectors[v + 1], limit));
            Vector<short> high = Vector.Narrow(
                Vector.GreaterThan(vectors[v + 2], limit), Vector.GreaterThan(vectors[v + 3], limit));
            (Vector.Narrow(low, high).As<sbyte, byte>() & Vector<byte>.One).CopyTo(set[x..]);
        }
        for (; x < values.Length; x++) set[x] = values[x] > level ? (byte)1 : (byte)0;
    }

    /// <summary>How many values are above the level.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Count(ReadOnlySpan<float> values, float level)
    {
        ReadOnlySpan<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(values);
        Vector<float> limit = new(level);
        Vector<int> found = Vector<int>.Zero;       // negative
        foreach (Vector<float> vector in vectors) found += Vector.GreaterThan(vector, limit);
        int count = -Vector.Sum(found);
        foreach (float value in values[(vectors.Length * Vector<float>.Count)..])
            if (value > level) count++;
        return count;
    }
}
