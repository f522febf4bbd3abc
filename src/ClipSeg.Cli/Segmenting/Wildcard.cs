namespace ClipSeg.Cli.Segmenting;

/// <summary>
/// Wildcards, for shells that hand them on: <c>*</c> and <c>?</c> in the names of files and folders, and <c>**</c> for
/// any depth of folders.
/// </summary>
/// <remarks>Microsoft.Extensions.FileSystemGlobbing knows no <c>?</c>, and .NET's own matching does.</remarks>
internal static class Wildcard
{
    private static readonly EnumerationOptions _options = new()
    {
        MatchType = MatchType.Simple,
        AttributesToSkip = FileAttributes.None,
        IgnoreInaccessible = true,
    };

    /// <summary>Files and folders that match, with paths that begin as the pattern does; no hidden ones.</summary>
    public static IEnumerable<string> Find(string pattern)
    {
        string root = Path.GetPathRoot(pattern) ?? "";
        string[] parts = pattern[root.Length..].Split(
            [Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries);
        IEnumerable<string> found = [root];
        foreach (string part in parts) found = found.SelectMany(folder => Step(folder, part));
        return found.Where(path => path.Length > 0).Distinct();
    }

    private static IEnumerable<string> Step(string folder, string part)
    {
        string place = folder.Length == 0 ? "." : folder;
        if (!Directory.Exists(place)) return [];
        if (part == "**") return Folders(folder);
        if (!part.AsSpan().ContainsAny('*', '?'))
            return Path.Exists(Path.Combine(place, part)) ? [Path.Combine(folder, part)] : [];
        return Directory.GetFileSystemEntries(place, part, _options)
            .Select(path => Path.GetFileName(path))
            .Where(name => part[0] == '.' || name[0] != '.')
            .Select(name => Path.Combine(folder, name));
    }

    /// <summary>The folder and all below it, without following links, which may lead in a circle.</summary>
    private static IEnumerable<string> Folders(string folder)
    {
        DirectoryInfo place = new(folder.Length == 0 ? "." : folder);
        return place.EnumerateDirectories("*", _options)
            .Where(inner => inner.Name[0] != '.' && inner.LinkTarget is null)
            .SelectMany(inner => Folders(Path.Combine(folder, inner.Name)))
            .Prepend(folder);
    }
}
