using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ClipSeg.Imaging;

/// <summary>Between Skia's four bytes a pixel and our three with alpha apart.</summary>
internal static class RgbaPixels
{
    private static readonly Vector128<byte> _close = Vector128.Create((byte)0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14,
        255, 255, 255, 255);

    private static readonly Vector128<byte> _spread = Vector128.Create((byte)0, 1, 2, 255, 3, 4, 5, 255, 6, 7, 8, 255,
        9, 10, 11, 255);

    /// <summary>The channels of the first four pixels as numbers; of fewer, with black behind them.</summary>
    /// <param name="rgb">Three bytes a pixel.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Channels(
        ReadOnlySpan<byte> rgb, out Vector128<float> red, out Vector128<float> green, out Vector128<float> blue)
    {
        Vector128<byte> bytes = rgb.Length >= Vector128<byte>.Count ? Vector128.Create(rgb) : FilledUp(rgb);
        Vector128<int> pixels = Vector128.Shuffle(bytes, _spread).AsInt32(), low = Vector128.Create(255);
        red = Vector128.ConvertToSingle(pixels & low);
        green = Vector128.ConvertToSingle((pixels >> 8) & low);
        blue = Vector128.ConvertToSingle(pixels >> 16);
    }

    private static Vector128<byte> FilledUp(ReadOnlySpan<byte> rgb)
    {
        Span<byte> bytes = stackalloc byte[Vector128<byte>.Count];
        bytes.Clear();
        rgb.CopyTo(bytes);
        return Vector128.Create((ReadOnlySpan<byte>)bytes);
    }

    /// <summary>Four bytes a pixel into three, and one if there is room for alpha.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Split(ReadOnlySpan<byte> rgba, Span<byte> rgb, Span<byte> alpha)
    {
        int count = rgba.Length / 4, i = 0;
        ref byte from = ref MemoryMarshal.GetReference(rgba);
        ref byte to = ref MemoryMarshal.GetReference(rgb);

        // 16 bytes are written for 12, so the last pixels, which have no room for that, go one by one.
        for (; i + 4 <= count && 3 * i + 16 <= 3 * count; i += 4)
        {
            Vector128<byte> pixels = Vector128.LoadUnsafe(ref from, (nuint)(4 * i));
            Vector128.Shuffle(pixels, _close).StoreUnsafe(ref to, (nuint)(3 * i));
        }
        for (; i < count; i++) rgba.Slice(4 * i, 3).CopyTo(rgb[(3 * i)..]);
        for (i = 0; i < alpha.Length && i < count; i++) alpha[i] = rgba[4 * i + 3];
    }

    /// <summary>Three bytes a pixel into four; opaque where there is no alpha.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Join(ReadOnlySpan<byte> rgb, ReadOnlySpan<byte> alpha, Span<byte> rgba)
    {
        int count = rgba.Length / 4, i = 0;
        ref byte from = ref MemoryMarshal.GetReference(rgb);
        ref byte to = ref MemoryMarshal.GetReference(rgba);
        Vector128<byte> opaque = Vector128.Create(0xFF000000).AsByte();
        for (; 3 * i + 16 <= rgb.Length; i += 4)
        {
            Vector128<byte> pixels = Vector128.LoadUnsafe(ref from, (nuint)(3 * i));
            (Vector128.Shuffle(pixels, _spread) | opaque).StoreUnsafe(ref to, (nuint)(4 * i));
        }
        for (; i < count; i++)
        {
            rgb.Slice(3 * i, 3).CopyTo(rgba[(4 * i)..]);
            rgba[4 * i + 3] = 255;
        }
        for (i = 0; i < alpha.Length; i++) rgba[4 * i + 3] = alpha[i];
    }
}
