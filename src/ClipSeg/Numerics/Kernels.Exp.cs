using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ClipSeg.Numerics;

internal static partial class Kernels
{
    /// <summary>
    /// exp(x) to within 2 units in the last place; below -87.33 it is exactly 0 and above 88.37 it stays at e^88.37.
    /// </summary>
    /// <remarks>
    /// x = n ln 2 + r with |r| at most ln(2) / 2, so exp(x) = 2^n exp(r); ln 2 is split in two so that r is exact, and
    /// exp(r) is its Taylor polynomial to the seventh power (truncation error below 1e-9 on that interval).
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Exp(Vector512<float> x)
    {
        const float Lowest = -87.33f, Highest = 88.37f;
        const float Ln2High = 0.693359375f, Ln2Low = -2.12194440e-4f;

        Vector512<float> tooLow = Vector512.LessThan(x, Vector512.Create(Lowest));
        // x comes second: where it is NaN, x86 gives the second operand, and so NaN stays.
        x = Vector512.MinNative(Vector512.Create(Highest), Vector512.MaxNative(Vector512.Create(Lowest), x));
        Vector512<float> n = Vector512.Round(x * Vector512.Create(1.44269504f));
        Vector512<float> r = Vector512.MultiplyAddEstimate(n, Vector512.Create(-Ln2High), x);
        r = Vector512.MultiplyAddEstimate(n, Vector512.Create(-Ln2Low), r);

        Vector512<float> y = Vector512.Create(1f / 5040);
        y = Vector512.MultiplyAddEstimate(y, r, Vector512.Create(1f / 720));
        y = Vector512.MultiplyAddEstimate(y, r, Vector512.Create(1f / 120));
        y = Vector512.MultiplyAddEstimate(y, r, Vector512.Create(1f / 24));
        y = Vector512.MultiplyAddEstimate(y, r, Vector512.Create(1f / 6));
        y = Vector512.MultiplyAddEstimate(y, r, Vector512.Create(0.5f));
        y = Vector512.MultiplyAddEstimate(y, r, Vector512<float>.One);
        y = Vector512.MultiplyAddEstimate(y, r, Vector512<float>.One);

        return Vector512.ConditionalSelect(tooLow, Vector512<float>.Zero, TimesPowerOfTwo(y, n));
    }

    /// <summary>y 2^n, exactly, for whole n from -126 to 127.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> TimesPowerOfTwo(Vector512<float> y, Vector512<float> n)
        => Avx512F.IsSupported ? Avx512F.Scale(y, n)
            : y * ((Vector512.ConvertToInt32Native(n) + Vector512.Create(127)) << 23).AsSingle();
}
