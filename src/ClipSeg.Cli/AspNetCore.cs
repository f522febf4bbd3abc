using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace ClipSeg.Cli;

/// <summary>Where .NET keeps ASP.NET Core, which one command needs.</summary>
/// <remarks>
/// A program that names it as its framework needs it for every command, and starts some 35 ms later. So it is looked
/// for beside the .NET that runs: in the folder of its own version, or else of the nearest.
/// </remarks>
internal static class AspNetCore
{
    private const string Framework = "Microsoft.AspNetCore.App";

    /// <summary>Has assemblies of ASP.NET Core found from now on.</summary>
    /// <exception cref="UsageException">It is not installed.</exception>
    public static void Find()
    {
        if (IsThere()) return;
        string folder = Folder(RuntimeEnvironment.GetRuntimeDirectory(), Environment.Version)
            ?? throw new UsageException($"serve needs ASP.NET Core {Environment.Version.Major}, which is not beside "
                + ".NET here: install the package aspnetcore-runtime, or use .NET's SDK.");
        AssemblyLoadContext.Default.Resolving += (context, name) =>
        {
            string path = Path.Combine(folder, $"{name.Name}.dll");
            return File.Exists(path) ? context.LoadFromAssemblyPath(path) : null;
        };
    }

    /// <summary>The framework's folder beside a runtime's; null if there is none that fits.</summary>
    internal static string? Folder(string runtime, Version version)
    {
        string all = Path.Combine(Path.TrimEndingDirectorySeparator(runtime), "..", "..", Framework);
        if (!Directory.Exists(all)) return null;
        return Directory.GetDirectories(all)
            .Where(folder => Version.TryParse(Path.GetFileName(folder), out Version? found)
                && (found.Major, found.Minor) == (version.Major, version.Minor))
            .OrderBy(folder => Math.Abs(new Version(Path.GetFileName(folder)).Build - version.Build))
            .Select(Path.GetFullPath).FirstOrDefault();
    }

    /// <summary>Whether somebody else has seen to it, such as a test.</summary>
    private static bool IsThere()
    {
        try
        {
            Assembly.Load("Microsoft.AspNetCore");
            return true;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
    }
}
