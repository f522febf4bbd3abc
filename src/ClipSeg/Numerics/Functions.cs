using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ClipSeg.Numerics;

/// <summary>
/// A function of single numbers, sixteen at a time. Loops take it as a type, and are compiled for it.
/// </summary>
internal interface IFunction
{
    /// <summary>The function of each of the sixteen.</summary>
    static abstract Vector512<float> Of(Vector512<float> x);
}

/// <summary>1 / (1 + exp(-x)).</summary>
internal readonly struct SigmoidFunction : IFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Of(Vector512<float> x)
        => Vector512<float>.One / (Vector512<float>.One + Kernels.Exp(-x));
}

/// <summary>x sigmoid(1.702 x): CLIP's approximation of GELU.</summary>
internal readonly struct QuickGeluFunction : IFunction
{
    public const float Slope = 1.702f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Of(Vector512<float> x) => x * SigmoidFunction.Of(x * Slope);
}

/// <summary>x Φ(x), to within 3e-7 max(1, |x|).</summary>
internal readonly struct GeluFunction : IFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Of(Vector512<float> x) => x * Kernels.Normal(x);
}

/// <summary>max(x, 0).</summary>
internal readonly struct ReluFunction : IFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Of(Vector512<float> x) => Vector512.Max(x, Vector512<float>.Zero);
}
