using System.Text.Json;
using ClipSeg.Files;
using ClipSeg.Formats;

namespace ClipSeg.Checkpoints;

/// <summary>A model in the cache.</summary>
/// <param name="Name">NAME, or NAME@REVISION where it is not the newest.</param>
/// <param name="Folder">Its files.</param>
/// <param name="Bytes">That they take.</param>
internal sealed record CachedModel(string Name, string Folder, long Bytes);

/// <summary>The folder that Hugging Face's tools keep downloads in.</summary>
/// <remarks>
/// Spec: formats.md §10. models--{org}--{name} has refs/{revision} (a commit), blobs/{checksum} and
/// snapshots/{commit}/{file}, where each file is a relative link to its blob.
/// </remarks>
internal sealed class HubCache(HubSettings settings)
{
    public const string Config = "config.json";

    private const string Prefix = "models--";
    private const string IndexEnd = ".index.json";
    private const int MaxRefBytes = 100;

    // What .NET reports when somebody else has a file open, in Windows and in Unix.
    private const int SharingViolation = unchecked((int)0x80070020), WouldBlock = 11, WouldBlockOnMac = 35;

    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(200);

    /// <summary>The files that weights may be in, the best first. An index names others.</summary>
    public static IReadOnlyList<string> Weights { get; } =
        ["model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json"];

    /// <summary>The folder of a complete snapshot; null if there is none.</summary>
    public string? Find(HubName model)
    {
        string? commit = model.IsFixed ? model.Revision : ReadRef(model);
        if (commit is null) return null;
        string folder = Snapshot(model.Name, commit);
        return IsComplete(folder) ? folder : null;
    }

    /// <summary>The complete CLIPSeg models, by name.</summary>
    public IReadOnlyList<CachedModel> List()
    {
        List<CachedModel> models = [];
        if (!Directory.Exists(settings.CacheFolder)) return models;
        foreach (string repository in Directory.GetDirectories(settings.CacheFolder, Prefix + "*").Order())
        {
            string name = Path.GetFileName(repository)[Prefix.Length..].Replace("--", "/");
            foreach (string revision in Revisions(name))
            {
                if (HubName.TryParse(name, revision) is { } model && Find(model) is { } folder && IsClipSeg(folder))
                    models.Add(new($"{model}", folder, Bytes(folder)));
            }
        }
        return models;
    }

    /// <summary>The revisions of a model that were downloaded, whole or not.</summary>
    public IReadOnlyList<string> Revisions(string name)
    {
        string refs = Path.Combine(Repository(name), "refs");
        return Directory.Exists(refs)
            ? [.. Directory.EnumerateFiles(refs, "*", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(refs, path).Replace(Path.DirectorySeparatorChar, '/')).Order()]
            : [];
    }

    /// <summary>Deletes a revision, and the files that no other revision has.</summary>
    public string Remove(HubName model)
    {
        string folder = Find(model) is { } found && IsClipSeg(found) ? found
            : throw new CheckpointException($"There is no pulled model '{model}'.");
        if (!model.IsFixed) File.Delete(Ref(model));
        string commit = Path.GetFileName(folder);
        if (Revisions(model.Name).Any(revision => ReadRef(model with { Revision = revision }) == commit)) return folder;
        Directory.Delete(folder, recursive: true);

        string repository = Repository(model.Name);
        string[] snapshots = Directory.GetDirectories(Path.Combine(repository, "snapshots"));
        if (snapshots.Length == 0)
        {
            Directory.Delete(repository, recursive: true);
            return folder;
        }
        HashSet<string> used = [.. snapshots.SelectMany(Directory.GetFiles)
            .Select(path => Path.GetFileName(new FileInfo(path).LinkTarget ?? ""))];
        foreach (string blob in Directory.GetFiles(Path.Combine(repository, "blobs")))
        {
            if (!used.Contains(Path.GetFileName(blob))) File.Delete(blob);
        }
        return folder;
    }

    /// <summary>Keeps others from downloading the same model until it is disposed; waits while others do.</summary>
    /// <exception cref="IOException">The cache cannot be written.</exception>
    public async Task<IDisposable> Lock(string name, CancellationToken cancel)
    {
        string path = Path.Combine(settings.CacheFolder, ".locks", FolderName(name), "clipseg.lock");
        OutputFile.Check(path);
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException e) when (e.HResult is SharingViolation or WouldBlock or WouldBlockOnMac)
            {
                await Task.Delay(_pause, cancel).ConfigureAwait(false);
            }
        }
    }

    /// <summary>A file of a snapshot, whether it is there or not.</summary>
    public string PathOf(string name, HubFile file) => Path.Combine(Snapshot(name, file.Commit), file.Name);

    /// <summary>Whether a file of a snapshot is there with all its bytes.</summary>
    public bool Holds(string name, HubFile file)
    {
        string path = PathOf(name, file);
        return IsReadable(path) && LengthOf(path) == file.Size;
    }

    public string Blob(string name, string checksum) => Path.Combine(Repository(name), "blobs", checksum);

    /// <summary>
    /// Shows downloaded blobs as a snapshot: its folder appears when it is complete. The weights are the last of
    /// <paramref name="files"/>. Where everything is there already, nothing is written.
    /// </summary>
    /// <param name="fetched">Those of the files that are new, or replace damaged ones.</param>
    public string Publish(HubName model, IReadOnlyList<HubFile> files, IReadOnlyCollection<HubFile> fetched)
    {
        string commit = files[0].Commit, folder = Snapshot(model.Name, commit);
        if (Directory.Exists(folder))
        {
            // Another tool began it. The weights come last, and without them it is not a model.
            foreach (HubFile file in files.Where(fetched.Contains)) Link(model.Name, file, folder, files);
        }
        else
        {
            OutputFolder.Write(folder, temporary =>
            {
                foreach (HubFile file in files) Link(model.Name, file, temporary, files);
            });
        }
        if (!model.IsFixed && ReadRef(model) != commit) OutputFile.Write(Ref(model), commit);
        return folder;
    }

    private void Link(string name, HubFile file, string folder, IReadOnlyList<HubFile> files)
    {
        string path = Path.Combine(folder, file.Name), blob = Blob(name, file.Checksum);
        File.Delete(path);      // a link whose blob is gone, or a file that was damaged
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
        if (files.Any(other => other != file && other.Checksum == file.Checksum)) File.Copy(blob, path);
        else File.Move(blob, path);
    }

    private string? ReadRef(HubName model)
    {
        string path = Ref(model);
        if (!File.Exists(path) || new FileInfo(path).Length > MaxRefBytes) return null;
        string commit = File.ReadAllText(path).Trim();
        return HubName.IsCommit(commit) ? commit : null;
    }

    private static bool IsComplete(string folder) => IsReadable(Path.Combine(folder, Config))
        && Weights.Any(name => IsReadable(Path.Combine(folder, name)) && HasParts(folder, name));

    private static bool HasParts(string folder, string name) => !name.EndsWith(IndexEnd, StringComparison.Ordinal)
        || Parts(Path.Combine(folder, name)).All(part => IsReadable(Path.Combine(folder, part)));

    /// <summary>The files that an index names.</summary>
    /// <exception cref="CheckpointException">It is no index.</exception>
    public static IReadOnlyList<string> Parts(string index)
    {
        return JsonText.ReadObject(index).TryGetProperty("weight_map", out JsonElement map)
            && map.ValueKind == JsonValueKind.Object
            ? [.. map.EnumerateObject().Select(entry => entry.Value.ToString()).Distinct().Select(Plain)]
            : throw new CheckpointException($"File '{index}' has no 'weight_map'.");

        string Plain(string name) => TensorFile.IsPlainName(name) ? name : throw new CheckpointException(
            $"File '{index}' names {BinaryFile.Quote(name)}, expected a file beside it.");
    }

    private static bool IsClipSeg(string folder)
    {
        try
        {
            return JsonText.ReadObject(Path.Combine(folder, Config)).TryGetProperty("model_type", out JsonElement type)
                && type.ToString() == "clipseg";
        }
        catch (CheckpointException)
        {
            return false;       // some other tool's, which is none of ours
        }
    }

    private static long Bytes(string folder) => Directory.GetFiles(folder).Sum(LengthOf);

    private static string FolderName(string name) => Prefix + name.Replace("/", "--");

    private string Repository(string name) => Path.Combine(settings.CacheFolder, FolderName(name));

    private string Snapshot(string name, string commit) => Path.Combine(Repository(name), "snapshots", commit);

    private string Ref(HubName model)
        => Path.Combine([Repository(model.Name), "refs", .. model.Revision.Split('/')]);

    private static long LengthOf(string path)
        => new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true) is FileInfo target
            ? target.Length : new FileInfo(path).Length;

    /// <summary>Whether a file is there and, if it is a link, what it points to.</summary>
    private static bool IsReadable(string path)
    {
        FileInfo file = new(path);
        return file.Exists
            && (file.LinkTarget is null || file.ResolveLinkTarget(returnFinalTarget: true) is { Exists: true });
    }
}
