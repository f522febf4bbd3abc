using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ClipSeg.Numerics;

internal static partial class Kernels
{
    /// <summary>The largest magnitude of a quantised weight or input.</summary>
    internal const int LargestInt8 = 127;

    /// <summary>
    /// What quantised inputs are shifted by: the processor multiplies unsigned bytes with signed ones.
    /// </summary>
    internal const int Int8Shift = 128;

    /// <summary>
    /// Rounds to bfloat16, ties to even, two to an element, the first in the low half; an odd end is padded with 0.
    /// </summary>
    /// <param name="y">⌈length / 2⌉ elements.</param>
    public static void ToBFloat16(ReadOnlySpan<float> x, Span<uint> y)
    {
        if (y.Length != (x.Length + 1) / 2) Throw.LengthMismatch(nameof(ToBFloat16), y.Length, (x.Length + 1) / 2);
        ReadOnlySpan<Vector<uint>> xv = MemoryMarshal.Cast<float, Vector<uint>>(x);
        Span<Vector<ushort>> yv = MemoryMarshal.Cast<uint, Vector<ushort>>(y);
        int pairs = xv.Length / 2;
        for (int i = GeneratedKernel.Round(x, y) / Vector<ushort>.Count; i < pairs; i++)
            yv[i] = Vector.Narrow(RoundedHigh(xv[2 * i]), RoundedHigh(xv[2 * i + 1]));
        for (int i = pairs * Vector<ushort>.Count; i < x.Length; i += 2)
        {
            uint high = i + 1 < x.Length ? ToBFloat16(x[i + 1]) : 0u;
            y[i / 2] = high << 16 | ToBFloat16(x[i]);
        }
    }

    /// <summary>Rounds two rows to bfloat16: y[i] has x0[i] in its low half and x1[i] in its high half.</summary>
    /// <param name="x1">As long as <paramref name="x0"/>, or empty for zeros.</param>
    internal static void ToBFloat16(ReadOnlySpan<float> x0, ReadOnlySpan<float> x1, Span<uint> y)
    {
        ReadOnlySpan<Vector<uint>> lows = MemoryMarshal.Cast<float, Vector<uint>>(x0);
        ReadOnlySpan<Vector<uint>> highs = MemoryMarshal.Cast<float, Vector<uint>>(x1);
        Span<Vector<uint>> yv = MemoryMarshal.Cast<uint, Vector<uint>>(y);
        for (int i = GeneratedKernel.RoundPairs(x0, x1, y) / Vector<uint>.Count; i < lows.Length; i++)
            yv[i] = RoundedHigh(lows[i]) | (x1.IsEmpty ? Vector<uint>.Zero : RoundedHigh(highs[i]) << 16);
        for (int i = lows.Length * Vector<uint>.Count; i < x0.Length; i++)
            y[i] = ToBFloat16(x0[i]) | (x1.IsEmpty ? 0u : (uint)ToBFloat16(x1[i]) << 16);
    }

    /// <summary>The nearest bfloat16, ties to even; not a number stays so.</summary>
    internal static ushort ToBFloat16(float x)
    {
        uint bits = BitConverter.SingleToUInt32Bits(x);
        return (ushort)(float.IsNaN(x) ? bits >> 16 | 1 : bits + 0x7FFF + (bits >> 16 & 1) >> 16);
    }

    /// <summary>
    /// The nearest multiples of x's largest magnitude / 127, four to an element; an end that does not fill one is
    /// padded with 0.
    /// </summary>
    /// <param name="y">⌈length / 4⌉ elements.</param>
    /// <param name="shift">Added to every byte: 0 for weights, <see cref="Int8Shift"/> for inputs.</param>
    /// <returns>The scale: x ≈ scale * (y - shift).</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static float Quantize(ReadOnlySpan<float> x, Span<uint> y, int shift)
    {
        if (y.Length != (x.Length + 3) / 4) Throw.LengthMismatch(nameof(Quantize), y.Length, (x.Length + 3) / 4);
        float scale = LargestMagnitude(x) / LargestInt8;
        if (!float.IsNormal(scale)) scale = 1;                                      // all zeros, or beyond repair
        float inverse = 1 / scale;
        Span<byte> bytes = MemoryMarshal.AsBytes(y);
        int first = 0;
        if (Avx512F.IsSupported)
        {
            Vector512<float> factor = Vector512.Create(inverse);
            Vector128<byte> flip = Vector128.Create((byte)shift);       // adding 128 is flipping the highest bit
            for (; first + Vector512<float>.Count <= x.Length; first += Vector512<float>.Count)
            {
                Vector512<int> rounded = Avx512F.ConvertToVector512Int32(Vector512.Create(x[first..]) * factor);
                (Avx512F.ConvertToVector128SByteWithSaturation(rounded).AsByte() ^ flip).CopyTo(bytes[first..]);
            }
        }
        else if (Avx2.IsSupported)
        {
            first = QuantizeByAvx2(x, bytes, inverse, (byte)shift);
        }
        for (int i = first; i < x.Length; i++)
            bytes[i] = (byte)((int)MathF.Round(x[i] * inverse, MidpointRounding.ToEven) + shift);
        bytes[x.Length..].Clear();
        return scale;
    }

    /// <summary>As many bytes as whole registers hold; returns how many.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int QuantizeByAvx2(ReadOnlySpan<float> x, Span<byte> y, float factor, byte flip)
    {
        Vector256<int> order = Vector256.Create(0, 4, 1, 5, 2, 6, 3, 7);        // packing works on halves of registers
        int first = 0;
        for (; first + Vector256<byte>.Count <= x.Length; first += Vector256<byte>.Count)
        {
            Vector256<short> low = Avx2.PackSignedSaturate(Rounded(x[first..]), Rounded(x[(first + 8)..]));
            Vector256<short> high = Avx2.PackSignedSaturate(Rounded(x[(first + 16)..]), Rounded(x[(first + 24)..]));
            Vector256<int> packed = Avx2.PackSignedSaturate(low, high).AsInt32();
            (Avx2.PermuteVar8x32(packed, order).AsByte() ^ Vector256.Create(flip)).CopyTo(y[first..]);
        }
        return first;

        Vector256<int> Rounded(ReadOnlySpan<float> values)
            => Avx.ConvertToVector256Int32(Vector256.Create(values) * factor);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float LargestMagnitude(ReadOnlySpan<float> x)
    {
        ReadOnlySpan<Vector<float>> xv = MemoryMarshal.Cast<float, Vector<float>>(x);
        Vector<float> largest = Vector<float>.Zero;
        foreach (Vector<float> v in xv) largest = Vector.Max(largest, Vector.Abs(v));
        float result = 0;
        for (int i = 0; i < Vector<float>.Count; i++) result = MathF.Max(result, largest[i]);
        for (int i = xv.Length * Vector<float>.Count; i < x.Length; i++) result = MathF.Max(result, MathF.Abs(x[i]));
        return result;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<uint> RoundedHigh(Vector<uint> bits)
    {
        Vector<uint> rounded = bits + new Vector<uint>(0x7FFF) + (bits >>> 16 & Vector<uint>.One) >>> 16;
        Vector<float> x = Vector.AsVectorSingle(bits);
        return Vector.ConditionalSelect(
            Vector.AsVectorUInt32(Vector.Equals(x, x)), rounded, bits >>> 16 | Vector<uint>.One);
    }
}
