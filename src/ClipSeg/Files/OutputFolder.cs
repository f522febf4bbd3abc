namespace ClipSeg.Files;

/// <summary>
/// The one way to write a folder: a new one appears when all its files are whole. In one that exists, each file
/// is put in its place, or replaces an older one, once all of them are whole.
/// </summary>
internal static class OutputFolder
{
    /// <summary>Writes a folder.</summary>
    /// <param name="folder">Its name; the folders above it are made.</param>
    /// <param name="write">Writes files and folders into the folder that it is given, and may throw.</param>
    /// <param name="last">The file without which nobody takes the folder for complete: it is replaced last.</param>
    public static void Write(string folder, Action<string> write, string? last = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        bool exists = Directory.Exists(target);
        if (!exists && Path.Exists(target)) throw new IOException($"'{folder}' is a file, expected a folder.");

        // Inside a folder that exists: it may be another disk, or the only place that may be written to.
        string temporary = OutputFile.TemporaryName(exists ? target : Path.GetDirectoryName(target)!);
        try
        {
            OutputFile.Named(folder, temporary, () => Directory.CreateDirectory(temporary));
            try
            {
                write(temporary);
            }
            catch (IOException e) when (e.Message.Contains(temporary))
            {
                throw new IOException(e.Message.Replace(temporary, folder), e);
            }
            Publish(temporary, target, folder, last);
        }
        finally
        {
            if (Directory.Exists(temporary)) Directory.Delete(temporary, recursive: true);
        }
    }

    private static void Publish(string temporary, string target, string name, string? last)
    {
        if (!Directory.Exists(target))
        {
            OutputFile.Named(name, temporary, () =>
            {
                Directory.Move(temporary, target);
                return target;
            });
            return;
        }
        foreach (string folder in Directory.GetDirectories(temporary))
            Publish(folder, Path.Combine(target, Path.GetFileName(folder)), name, last: null);
        foreach (string file in Directory.GetFiles(temporary).OrderBy(path => Path.GetFileName(path) == last))
            OutputFile.Publish(file, Path.Combine(target, Path.GetFileName(file)));
    }
}
