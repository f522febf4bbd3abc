using ClipSeg.Numerics;

namespace ClipSeg.Tests.Numerics;

/// <summary>The portable kernels, on a processor that would run generated code.</summary>
internal static class GeneratedCode
{
    public static void Without(Action action)
    {
        using Compute portable = new(generatedKernels: false);
        using Compute.Entry entry = portable.Enter();
        action();
    }
}
