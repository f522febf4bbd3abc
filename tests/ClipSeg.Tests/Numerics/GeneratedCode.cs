using ClipSeg.Numerics;

namespace ClipSeg.Tests.Numerics;

/// <summary>Tests that switch generated code off run alone: the switch is the process's.</summary>
[CollectionDefinition(nameof(GeneratedCode), DisableParallelization = true)]
public sealed class GeneratedCode
{
    public static void Without(Action action)
    {
        bool before = GeneratedKernel.Enabled;
        GeneratedKernel.Enabled = false;
        try
        {
            action();
        }
        finally
        {
            GeneratedKernel.Enabled = before;
        }
    }
}
