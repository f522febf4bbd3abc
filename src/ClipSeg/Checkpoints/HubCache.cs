using ClipSeg.Files;

namespace ClipSeg.Checkpoints;

/// <summary>The folder that Hugging Face's tools keep downloads in.</summary>
/// <remarks>
/// Spec: formats.md §10. models--{org}--{name} has refs/{revision} (a commit), blobs/{checksum} and
/// snapshots/{commit}/{file}, where each file is a relative link to its blob.
/// </remarks>
internal sealed class HubCache(HubSettings settings)
{
    public const string Config = "config.json";

    private const int MaxNameLength = 96;
    private const int CommitLength = 40;

    private static readonly string[] _weights = ["model.safetensors", "pytorch_model.bin"];

    /// <summary>Whether this is a model's name on the hub: "org/name" or "name".</summary>
    public static bool IsName(string name)
    {
        string[] parts = name.Split('/');
        return name.Length <= MaxNameLength && parts.Length <= 2 && parts.All(part => part.Length > 0
            && part[0] is not ('.' or '-')
            && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_')
            && !part.Contains("..") && !part.Contains("--"));
    }

    /// <summary>Whether this is a branch, tag or commit that can also be a path below refs.</summary>
    public static bool IsRevision(string revision) => revision.Length is > 0 and <= MaxNameLength
        && revision.Split('/').All(part => part.Length > 0 && part[0] != '.' && !part.Contains("..")
            && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '+'));

    public static bool IsCommit(string text)
        => text.Length == CommitLength && text.All(char.IsAsciiHexDigitLower);

    /// <summary>The folder of a complete snapshot; null if there is none.</summary>
    public string? Find(string name, string revision)
    {
        string? commit = IsCommit(revision) ? revision : ReadRef(name, revision);
        if (commit is null) return null;
        string folder = Snapshot(name, commit);
        return IsReadable(Path.Combine(folder, Config)) && _weights.Any(w => IsReadable(Path.Combine(folder, w)))
            ? folder
            : null;
    }

    public string Blob(string name, string checksum) => Path.Combine(Repository(name), "blobs", checksum);

    /// <summary>
    /// Shows downloaded blobs as a snapshot: its folder appears when it is complete. The weights are the last of
    /// <paramref name="files"/>.
    /// </summary>
    public string Publish(string name, string revision, string commit, IReadOnlyList<HubFile> files)
    {
        string folder = Snapshot(name, commit);
        if (Directory.Exists(folder))
        {
            // Another tool began it. The weights come last, and without them it is not a model.
            foreach (HubFile file in files) Link(name, file, folder, files);
        }
        else
        {
            OutputFolder.Write(folder, temporary =>
            {
                foreach (HubFile file in files) Link(name, file, temporary, files);
            });
        }
        if (!IsCommit(revision)) WriteRef(name, revision, commit);
        return folder;
    }

    private void Link(string name, HubFile file, string folder, IReadOnlyList<HubFile> files)
    {
        string path = Path.Combine(folder, file.Name);
        if (IsReadable(path)) return;
        File.Delete(path);      // a link whose blob is gone
        if (settings.Symlinks)
        {
            try
            {
                File.CreateSymbolicLink(path, Path.Combine("..", "..", "blobs", file.Checksum));
                return;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
            {
                // Windows without the right to make links, or a file system without them.
            }
        }
        string blob = Blob(name, file.Checksum);
        if (files.Any(other => other != file && other.Checksum == file.Checksum)) File.Copy(blob, path);
        else File.Move(blob, path);
    }

    private string? ReadRef(string name, string revision)
    {
        string path = Ref(name, revision);
        if (!File.Exists(path) || new FileInfo(path).Length > 2 * CommitLength) return null;
        string commit = File.ReadAllText(path).Trim();
        return IsCommit(commit) ? commit : null;
    }

    private void WriteRef(string name, string revision, string commit)
        => OutputFile.Write(Ref(name, revision), commit);

    private string Repository(string name) => Path.Combine(settings.CacheFolder, $"models--{name.Replace("/", "--")}");

    private string Snapshot(string name, string commit) => Path.Combine(Repository(name), "snapshots", commit);

    private string Ref(string name, string revision)
        => Path.Combine([Repository(name), "refs", .. revision.Split('/')]);

    /// <summary>Whether a file is there and, if it is a link, what it points to.</summary>
    private static bool IsReadable(string path)
    {
        FileInfo file = new(path);
        return file.Exists
            && (file.LinkTarget is null || file.ResolveLinkTarget(returnFinalTarget: true) is { Exists: true });
    }
}
