namespace ClipSeg.Tests;

/// <summary>A test of what Windows does not have: free links, pipes and devices that have names.</summary>
internal sealed class UnixFactAttribute : FactAttribute
{
    public UnixFactAttribute() => Skip = OperatingSystem.IsWindows() ? "Needs Unix." : null;
}
