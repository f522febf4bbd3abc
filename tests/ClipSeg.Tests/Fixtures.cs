using System.Runtime.CompilerServices;

namespace ClipSeg.Tests;

/// <summary>Where the reference files are.</summary>
internal static class Fixtures
{
    /// <summary>The repository's root folder.</summary>
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", ".."));

    /// <summary>A file or folder below tests/fixtures.</summary>
    public static string At(params ReadOnlySpan<string> parts)
        => Path.Combine([Root, "tests", "fixtures", .. parts]);

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
