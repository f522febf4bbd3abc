using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace ClipSeg.Formats;

/// <summary>Conversions between the element types of files and float32. Bytes are in this machine's order.</summary>
internal static class Elements
{
    private const uint Exponent = 0x7F800000;       // all of it set: infinity or NaN
    private const float TwoTo112 = 5.192296858534828e33f;

    /// <summary>Whether there is neither NaN nor infinity among the values.</summary>
    public static bool AreFinite(ReadOnlySpan<float> values)
    {
        Vector<uint> found = Vector<uint>.Zero, exponent = new(Exponent);
        ReadOnlySpan<Vector<uint>> vectors = MemoryMarshal.Cast<float, Vector<uint>>(values);
        foreach (Vector<uint> v in vectors) found |= Vector.Equals(v & exponent, exponent);
        if (found != Vector<uint>.Zero) return false;
        foreach (float value in values[(vectors.Length * Vector<uint>.Count)..])
        {
            if (!float.IsFinite(value)) return false;
        }
        return true;
    }

    /// <summary>Bytes per element.</summary>
    public static int Size(StoredType type) => type switch
    {
        StoredType.Float64 or StoredType.Int64 => 8,
        StoredType.Float32 or StoredType.Int32 => 4,
        StoredType.Float16 or StoredType.BFloat16 or StoredType.Int16 => 2,
        StoredType.Int8 or StoredType.UInt8 or StoredType.Bool => 1,
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    /// <summary>Elements as float32: exact but for wide integers and float64, which are rounded to nearest.</summary>
    public static void ToFloat(StoredType type, ReadOnlySpan<byte> x, Span<float> y)
    {
        switch (type)
        {
            case StoredType.Float64:
                ReadOnlySpan<double> doubles = MemoryMarshal.Cast<byte, double>(x);
                for (int i = 0; i < y.Length; i++) y[i] = (float)doubles[i];
                break;
            case StoredType.Float32:
                MemoryMarshal.Cast<byte, float>(x).CopyTo(y);
                break;
            case StoredType.Float16:
                HalfToFloat(MemoryMarshal.Cast<byte, ushort>(x), y);
                break;
            case StoredType.BFloat16:
                ReadOnlySpan<ushort> halves = MemoryMarshal.Cast<byte, ushort>(x);
                for (int i = 0; i < y.Length; i++) y[i] = BitConverter.UInt32BitsToSingle((uint)halves[i] << 16);
                break;
            case StoredType.Int64:
                ReadOnlySpan<long> longs = MemoryMarshal.Cast<byte, long>(x);
                for (int i = 0; i < y.Length; i++) y[i] = longs[i];
                break;
            case StoredType.Int32:
                ReadOnlySpan<int> ints = MemoryMarshal.Cast<byte, int>(x);
                for (int i = 0; i < y.Length; i++) y[i] = ints[i];
                break;
            case StoredType.Int16:
                ReadOnlySpan<short> shorts = MemoryMarshal.Cast<byte, short>(x);
                for (int i = 0; i < y.Length; i++) y[i] = shorts[i];
                break;
            case StoredType.Int8:
                for (int i = 0; i < y.Length; i++) y[i] = (sbyte)x[i];
                break;
            case StoredType.UInt8:
                for (int i = 0; i < y.Length; i++) y[i] = x[i];
                break;
            case StoredType.Bool:
                for (int i = 0; i < y.Length; i++) y[i] = x[i] == 0 ? 0 : 1;
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type));
        }
    }

    /// <summary>Float32 to the bytes of float32, float16 or bfloat16, rounded to nearest even.</summary>
    public static void FromFloat(StoredType type, ReadOnlySpan<float> x, Span<byte> y)
    {
        switch (type)
        {
            case StoredType.Float32:
                MemoryMarshal.AsBytes(x).CopyTo(y);
                break;
            case StoredType.Float16:
                Span<Half> halves = MemoryMarshal.Cast<byte, Half>(y);
                for (int i = 0; i < x.Length; i++) halves[i] = (Half)x[i];
                break;
            case StoredType.BFloat16:
                Span<ushort> shorts = MemoryMarshal.Cast<byte, ushort>(y);
                for (int i = 0; i < x.Length; i++) shorts[i] = ToBFloat16(x[i]);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "Only floating point types are written.");
        }
    }

    /// <summary>Reverses the bytes of each element.</summary>
    public static void Swap(Span<byte> bytes, int size)
    {
        switch (size)
        {
            case 2:
                Span<short> shorts = MemoryMarshal.Cast<byte, short>(bytes);
                BinaryPrimitives.ReverseEndianness(shorts, shorts);
                break;
            case 4:
                Span<int> ints = MemoryMarshal.Cast<byte, int>(bytes);
                BinaryPrimitives.ReverseEndianness(ints, ints);
                break;
            case 8:
                Span<long> longs = MemoryMarshal.Cast<byte, long>(bytes);
                BinaryPrimitives.ReverseEndianness(longs, longs);
                break;
        }
    }

    private static void HalfToFloat(ReadOnlySpan<ushort> x, Span<float> y)
    {
        ReadOnlySpan<Vector<ushort>> xv = MemoryMarshal.Cast<ushort, Vector<ushort>>(x);
        Span<Vector<float>> yv = MemoryMarshal.Cast<float, Vector<float>>(y);
        for (int i = 0; i < xv.Length; i++)
        {
            Vector.Widen(xv[i], out Vector<uint> low, out Vector<uint> high);
            yv[2 * i] = HalfToFloat(low);
            yv[2 * i + 1] = HalfToFloat(high);
        }
        for (int i = xv.Length * Vector<ushort>.Count; i < x.Length; i++)
            y[i] = (float)BitConverter.UInt16BitsToHalf(x[i]);
    }

    /// <summary>
    /// Exponent and mantissa are moved to a float's place and scaled by 2^112, the difference of the biases. The
    /// product is exact, for subnormals too; infinities and NaN then get their exponent.
    /// </summary>
    private static Vector<float> HalfToFloat(Vector<uint> h)
    {
        Vector<uint> magnitude = h & new Vector<uint>(0x7fff);
        Vector<float> scaled = Vector.AsVectorSingle(magnitude << 13) * new Vector<float>(TwoTo112);
        Vector<uint> special = Vector.GreaterThanOrEqual(magnitude, new Vector<uint>(0x7c00));
        Vector<uint> bits = Vector.AsVectorUInt32(scaled) | (special & new Vector<uint>(0x7f800000));
        return Vector.AsVectorSingle(bits | ((h & new Vector<uint>(0x8000)) << 16));
    }

    private static ushort ToBFloat16(float x)
    {
        uint bits = BitConverter.SingleToUInt32Bits(x);
        if (float.IsNaN(x)) return (ushort)((bits >> 16) | 0x40);
        return (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }
}
