using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ClipSeg.Imaging;

/// <summary>
/// The taps of RGB rows, laid out for AVX2's multiply-and-add of pairs: exact, because a weight of 24 bits is a high
/// part and a low one of 12, whose sums are put together at the end.
/// </summary>
internal sealed class RgbTaps
{
    /// <summary>How many rows are resized at once, so that a weight is loaded once for all of them.</summary>
    public const int Rows = 4;

    private const int LowBits = 12, FractionBits = ResizeTaps.FractionBits, GroupTaps = 4, Channels = 3;
    private const int Spare = 4;            // bytes that are read beyond the last four pixels

    // From r0 g0 b0 r1 g1 b1 r2 ... to the 16-bit pairs r0 r1, g0 g1, b0 b1, and in the upper half pixels 2 and 3.
    private static readonly Vector256<byte> _pairs = Vector256.Create(
        0, 255, 3, 255, 1, 255, 4, 255, 2, 255, 5, 255, 255, 255, 255, 255,
        6, 255, 9, 255, 7, 255, 10, 255, 8, 255, 11, 255, 255, 255, 255, 255).AsByte();

    private readonly ResizeTaps _taps;
    private readonly int[] _firstGroup;             // of every output, and behind the last
    private readonly Vector256<short>[] _weights;   // low, high, low, high, ...

    public RgbTaps(ResizeTaps taps)
    {
        _taps = taps;
        _firstGroup = new int[taps.NewSize + 1];
        for (int x = 0; x < taps.NewSize; x++)
            _firstGroup[x + 1] = _firstGroup[x] + (taps.Weights(x).Length + GroupTaps - 1) / GroupTaps;
        _weights = new Vector256<short>[2 * _firstGroup[^1]];
        Span<int> group = stackalloc int[GroupTaps];
        for (int x = 0; x < taps.NewSize; x++)
        {
            ReadOnlySpan<int> weights = taps.Weights(x);
            for (int g = _firstGroup[x], i = 0; g < _firstGroup[x + 1]; g++, i += GroupTaps)
            {
                group.Clear();
                weights[i..Math.Min(i + GroupTaps, weights.Length)].CopyTo(group);
                _weights[2 * g] = Pairs(group, w => w & ((1 << LowBits) - 1));
                _weights[2 * g + 1] = Pairs(group, w => w >> LowBits);
            }
        }
    }

    public static bool AreSupported => Avx2.IsSupported;

    /// <summary>Whether so many bytes and rows, from a row's start on, are enough for <see cref="Apply"/>.</summary>
    public bool CanRead(int bytes, int rows)
        => rows >= Rows && bytes >= Rows * _taps.Size * Channels + GroupTaps * Channels + Spare;

    /// <summary>Resizes <see cref="Rows"/> rows.</summary>
    /// <param name="source">From the first row on; <see cref="CanRead"/> has been asked.</param>
    /// <param name="result">From the first row on, at least so many rows.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Apply(ReadOnlySpan<byte> source, Span<byte> result)
    {
        int stride = _taps.Size * Channels, newStride = _taps.NewSize * Channels;
        ref byte bytes = ref MemoryMarshal.GetReference(source);
        for (int x = 0; x < _taps.NewSize; x++)
        {
            Vector256<int> low0 = default, low1 = default, low2 = default, low3 = default;
            Vector256<int> high0 = default, high1 = default, high2 = default, high3 = default;
            int at = _taps.First(x) * Channels;
            for (int g = _firstGroup[x]; g < _firstGroup[x + 1]; g++, at += GroupTaps * Channels)
            {
                Vector256<short> low = _weights[2 * g], high = _weights[2 * g + 1];
                Vector256<short> pixels = Pixels(ref bytes, at);
                low0 += Avx2.MultiplyAddAdjacent(pixels, low);
                high0 += Avx2.MultiplyAddAdjacent(pixels, high);
                pixels = Pixels(ref bytes, at + stride);
                low1 += Avx2.MultiplyAddAdjacent(pixels, low);
                high1 += Avx2.MultiplyAddAdjacent(pixels, high);
                pixels = Pixels(ref bytes, at + 2 * stride);
                low2 += Avx2.MultiplyAddAdjacent(pixels, low);
                high2 += Avx2.MultiplyAddAdjacent(pixels, high);
                pixels = Pixels(ref bytes, at + 3 * stride);
                low3 += Avx2.MultiplyAddAdjacent(pixels, low);
                high3 += Avx2.MultiplyAddAdjacent(pixels, high);
            }
            Vector128<byte> four = Sse2.PackUnsignedSaturate(
                Sse2.PackSignedSaturate(Sum(low0, high0), Sum(low1, high1)),
                Sse2.PackSignedSaturate(Sum(low2, high2), Sum(low3, high3)));
            for (int row = 0; row < Rows; row++)
            {
                Span<byte> pixel = result.Slice(row * newStride + x * Channels, Channels);
                (pixel[0], pixel[1], pixel[2]) = (four[4 * row], four[4 * row + 1], four[4 * row + 2]);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Pixels(ref byte row, int at)
    {
        Vector128<byte> four = Vector128.LoadUnsafe(ref row, (nuint)at);
        return Avx2.Shuffle(Vector256.Create(four, four), _pairs).AsInt16();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Sum(Vector256<int> low, Vector256<int> high)
    {
        Vector256<int> sum = low + (high << LowBits);
        return (sum.GetLower() + sum.GetUpper() + Vector128.Create(1 << (FractionBits - 1))) >> FractionBits;
    }

    /// <summary>w0 w1 for each channel, and in the upper half w2 w3.</summary>
    private static Vector256<short> Pairs(ReadOnlySpan<int> group, Func<int, int> part)
    {
        Vector128<int> first = Vector128.Create(part(group[0]) & 0xFFFF | part(group[1]) << 16);
        Vector128<int> second = Vector128.Create(part(group[2]) & 0xFFFF | part(group[3]) << 16);
        return Vector256.Create(first, second).AsInt16();
    }
}
