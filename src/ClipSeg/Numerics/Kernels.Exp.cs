using System.Numerics;
using System.Runtime.CompilerServices;

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
    internal static Vector<float> Exp(Vector<float> x)
    {
        const float Lowest = -87.33f, Highest = 88.37f;
        const float Ln2High = 0.693359375f, Ln2Low = -2.12194440e-4f;

        Vector<int> tooLow = Vector.LessThan(x, new Vector<float>(Lowest));
        x = Vector.Min(Vector.Max(x, new Vector<float>(Lowest)), new Vector<float>(Highest));
        Vector<float> n = Vector.Round(x * new Vector<float>(1.44269504f));
        Vector<float> r = x - n * new Vector<float>(Ln2High) - n * new Vector<float>(Ln2Low);

        Vector<float> y = new(1f / 5040);
        y = Vector.MultiplyAddEstimate(y, r, new Vector<float>(1f / 720));
        y = Vector.MultiplyAddEstimate(y, r, new Vector<float>(1f / 120));
        y = Vector.MultiplyAddEstimate(y, r, new Vector<float>(1f / 24));
        y = Vector.MultiplyAddEstimate(y, r, new Vector<float>(1f / 6));
        y = Vector.MultiplyAddEstimate(y, r, new Vector<float>(0.5f));
        y = Vector.MultiplyAddEstimate(y, r, Vector<float>.One);
        y = Vector.MultiplyAddEstimate(y, r, Vector<float>.One);

        Vector<int> exponent = (Vector.ConvertToInt32Native(n) + new Vector<int>(127)) << 23;
        return Vector.ConditionalSelect(tooLow, Vector<float>.Zero, y * Vector.AsVectorSingle(exponent));
    }

    /// <summary>1 / (1 + exp(-x)).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector<float> Sigmoid(Vector<float> x) => Vector<float>.One / (Vector<float>.One + Exp(-x));
}
