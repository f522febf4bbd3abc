using System.Text;

namespace ClipSeg.Files;

/// <summary>
/// The one way to write a file: it appears, or replaces an older one, when it is whole and on the disk. If anything
/// goes wrong before that, what was there is still there.
/// </summary>
/// <remarks>
/// Missing folders are made. A symbolic link stays one, and what it leads to is replaced. A device, a pipe or a
/// terminal cannot be replaced: it is written into. Errors are <see cref="IOException"/>s with the caller's name for
/// the file. A process that is killed leaves a hidden file behind, <c>.clipseg-*.tmp</c>.
/// </remarks>
internal static class OutputFile
{
    private const int BufferBytes = 1 << 16;
    private const int MaxLinks = 40;        // one leading to the next, as Linux counts

    // What is below these is a file that some process has open, whatever the link there says.
    private static readonly string[] _open = ["/proc/", "/dev/fd/", @"\\.\"];

    /// <summary>Writes a file.</summary>
    /// <param name="path">Its name, as long as the file system allows.</param>
    /// <param name="write">Writes from the beginning to the end, and may throw.</param>
    public static void Write(string path, Action<Stream> write)
    {
        string target = Target(path);
        using (FileStream? special = Named(path, target, () => OpenSpecial(target)))
        {
            if (special is not null)
            {
                Fill(path, special, target, write);
                return;
            }
        }

        string temporary = TemporaryName(Path.GetDirectoryName(target)!);
        try
        {
            using (FileStream stream = Named(path, temporary, () => Create(temporary)))
                Fill(path, stream, temporary, write);
            Named(path, temporary, () => Move(temporary, target));
        }
        finally
        {
            File.Delete(temporary);     // does nothing once the file has moved
        }
    }

    /// <summary>Writes a file of these bytes.</summary>
    public static void Write(string path, ReadOnlyMemory<byte> content)
        => Write(path, stream => stream.Write(content.Span));

    /// <summary>Writes a file of this text, in UTF-8.</summary>
    public static void Write(string path, string content) => Write(path, Encoding.UTF8.GetBytes(content));

    /// <summary>Throws unless such a file can be written, as far as that shows beforehand; makes its folder.</summary>
    public static void Check(string path)
    {
        string target = Target(path);
        if (File.Exists(target)) return;
        string temporary = TemporaryName(Path.GetDirectoryName(target)!);
        Named(path, temporary, () => Create(temporary)).Dispose();
        File.Delete(temporary);
    }

    /// <summary>Moves a whole file to its place, or to where a link there leads.</summary>
    internal static void Publish(string whole, string path)
    {
        string target = Target(path);
        Named(path, whole, () => Move(whole, target));
    }

    /// <summary>A name that nobody else has, and that fits where others do.</summary>
    internal static string TemporaryName(string folder) => Path.Combine(folder, $".clipseg-{Guid.NewGuid():N}.tmp");

    /// <summary>Does something to a file or folder; its errors have the caller's name for it.</summary>
    /// <param name="path">The caller's name.</param>
    /// <param name="actual">The name that is in .NET's messages.</param>
    /// <param name="action">What is done.</param>
    internal static T Named<T>(string path, string actual, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"'{path}' cannot be written: it or its folder is read-only, or somebody else's.", e);
        }
        catch (IOException e)
        {
            throw new IOException($"'{path}' cannot be written: {Reason(e, path, actual)}", e);
        }
    }

    /// <summary>Where to write: a full path, of no link and no folder, in a folder that exists.</summary>
    private static string Target(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        string target = Path.GetFullPath(path);
        return Named(path, target, () =>
        {
            for (int links = 0; !IsOpenFile(target) && new FileInfo(target).LinkTarget is { } next; links++)
            {
                if (links == MaxLinks) throw new IOException("its symbolic link leads in a circle.");
                target = Path.GetFullPath(next, Path.GetDirectoryName(target)!);
            }
            if (Directory.Exists(target) || Path.EndsInDirectorySeparator(target))
                throw new IOException("it is a folder, expected the name of a file.");
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            return target;
        });
    }

    /// <summary>Opens a file that is none of a disk's, and may be written but not replaced; null for others.</summary>
    private static FileStream? OpenSpecial(string target)
    {
        if (!File.Exists(target) || (OperatingSystem.IsWindows() && !IsOpenFile(target))) return null;

        // Opened once: whoever reads a pipe takes it for ended when a writer closes it.
        FileStream stream = new(target, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, BufferBytes);
        if (IsOpenFile(target) || !IsOnDisk(stream)) return stream;
        stream.Dispose();
        return null;
    }

    /// <summary>Devices have no length, and cannot be given one, either.</summary>
    private static bool IsOnDisk(FileStream stream)
    {
        if (!stream.CanSeek) return false;
        if (stream.Length > 0) return true;
        try
        {
            stream.SetLength(0);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static bool IsOpenFile(string target)
        => Array.Exists(_open, start => target.StartsWith(start, StringComparison.Ordinal));

    private static FileStream Create(string temporary)
        => new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, BufferBytes);

    private static void Fill(string path, FileStream stream, string actual, Action<Stream> write)
    {
        try
        {
            write(stream);
            stream.Flush(flushToDisk: true);
        }
        catch (IOException e)
        {
            throw new IOException($"'{path}' was not written: {Reason(e, path, actual)}", e);
        }
    }

    /// <summary>The new file has the rights of the one that it replaces.</summary>
    private static bool Move(string temporary, string target)
    {
        if (!OperatingSystem.IsWindows() && File.Exists(target))
            File.SetUnixFileMode(temporary, File.GetUnixFileMode(target));
        File.Move(temporary, target, overwrite: true);
        return true;
    }

    private static string Reason(IOException e, string path, string actual)
        => e.Message.Replace($" : '{actual}'", "").Replace(actual, path);
}
