using System.Globalization;
using System.Runtime.CompilerServices;
using ClipSeg.Files;

namespace ClipSeg.Jobs;

/// <summary>A folder that all machines share, such as one over NFS.</summary>
/// <remarks>
/// A file appears under its name when it is whole. A store whose disk is not mounted looks like an empty folder: what
/// tells them apart is <see cref="StoreKeys.Jobs"/>, which <see cref="Make"/> makes. Links and hidden files are not
/// listed.
/// </remarks>
internal sealed class FolderStore(string root) : IStore
{
    private readonly string _root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
    private readonly string _jobs = Path.Combine(Path.GetFullPath(root), StoreKeys.Jobs);

    /// <summary>Makes a store of a folder that exists.</summary>
    /// <exception cref="IOException">It does not, or cannot be written to.</exception>
    public static FolderStore Make(string root)
    {
        if (!Directory.Exists(root)) throw new StoreException($"There is no folder '{root}' to be a store: make it.");
        FolderStore store = new(root);
        Directory.CreateDirectory(store._jobs);
        return store;
    }

    public override string ToString() => _root;

    public Task<byte[]?> Read(string key, int limit, CancellationToken cancel) => Try(key, path =>
    {
        if (!IsFile(path)) return null;
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1);
        if (file.Length > limit)
            throw new InvalidDataException($"'{key}' has {file.Length:N0} bytes, more than the {limit:N0} allowed.");
        byte[] content = new byte[file.Length];
        file.ReadExactly(content);
        return content;
    });

    public Task<bool> Exists(string key, CancellationToken cancel) => Try(key, IsFile);

    public Task Write(string key, ReadOnlyMemory<byte> content, CancellationToken cancel) => Try(key, path =>
    {
        CheckThere();       // or else the folder would be made on whatever disk is below
        OutputFile.Write(path, content);
        return true;
    });

    public Task Delete(string key, CancellationToken cancel) => Try(key, path =>
    {
        if (IsFile(path)) File.Delete(path);
        return true;
    });

    public async IAsyncEnumerable<StoredFile> List(string prefix, [EnumeratorCancellation] CancellationToken cancel)
    {
        FileSystemInfo[] entries = await Entries(prefix).ConfigureAwait(false);
        foreach (FileSystemInfo entry in entries)
        {
            cancel.ThrowIfCancellationRequested();
            string key = prefix + entry.Name;
            if (entry is FileInfo file)
            {
                string version = file.LastWriteTimeUtc.Ticks.ToString(CultureInfo.InvariantCulture);
                yield return new(key, file.Length, version);
                continue;
            }
            await foreach (StoredFile inner in List($"{key}/", cancel).ConfigureAwait(false)) yield return inner;
        }
    }

    public async IAsyncEnumerable<string> Folders(string prefix, [EnumeratorCancellation] CancellationToken cancel)
    {
        foreach (FileSystemInfo entry in await Entries(prefix).ConfigureAwait(false))
        {
            cancel.ThrowIfCancellationRequested();
            if (entry is DirectoryInfo) yield return entry.Name;
        }
    }

    private Task<FileSystemInfo[]> Entries(string prefix)
        => Try(prefix.Length == 0 ? "." : prefix.TrimEnd('/'), path =>
        {
            CheckThere();
            DirectoryInfo folder = new(path);
            if (!folder.Exists) return [];
            return folder.EnumerateFileSystemInfos()
                .Where(entry => entry.Name[0] != '.' && entry.LinkTarget is null)
                .OrderBy(entry => entry.Name, StringComparer.Ordinal)
                .ToArray();
        });

    private bool IsFile(string path)
    {
        if (File.Exists(path)) return true;
        CheckThere();
        return false;
    }

    private void CheckThere()
    {
        if (!Directory.Exists(_jobs))
            throw new StoreAwayException($"The store '{_root}' is not there: it holds no folder '{StoreKeys.Jobs}'.");
    }

    private Task<T> Try<T>(string key, Func<string, T> work)
    {
        string path = key == "." ? _root : Path.Combine(_root, StoreKeys.Check(key));
        try
        {
            return Task.FromResult(work(path));
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StoreException($"'{path}' may not be used: it or its folder is somebody else's.", e);
        }
        catch (IOException e) when (e is not (StoreException or StoreAwayException))
        {
            CheckThere();
            throw new StoreAwayException($"The store '{_root}' does not answer: {e.Message}", e);
        }
    }
}
