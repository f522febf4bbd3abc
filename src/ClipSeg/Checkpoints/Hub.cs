using System.Security.Cryptography;
using System.Text;
using ClipSeg.Formats;

namespace ClipSeg.Checkpoints;

/// <summary>How much of a file has arrived, in bytes.</summary>
public sealed record HubProgress(string File, long Received, long Size);

/// <summary>Downloads models from the Hugging Face hub, and finds those that are there.</summary>
/// <remarks>Spec: formats.md §10.</remarks>
public sealed class Hub
{
    private const long MaxTextBytes = 1 << 26;
    private const string SafeTensors = "model.safetensors";
    private const string PyTorch = "pytorch_model.bin";

    private static readonly string[] _files =
        ["preprocessor_config.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt"];

    private static readonly string[] _optional = ["special_tokens_map.json"];

    private readonly HubSettings _settings;
    private readonly HubCache _cache;

    /// <param name="settings">Null: from the environment.</param>
    public Hub(HubSettings? settings = null)
    {
        _settings = settings ?? HubSettings.FromEnvironment();
        _cache = new(_settings);
    }

    /// <summary>The folder of a model: a folder itself, or a complete download of that name; or null.</summary>
    public string? Find(string nameOrFolder, string revision = "main")
    {
        if (Directory.Exists(nameOrFolder)) return nameOrFolder;
        if (!HubCache.IsName(nameOrFolder) || !HubCache.IsRevision(revision)) return null;
        return _cache.Find(nameOrFolder, revision);
    }

    /// <summary>
    /// The folder of a model, downloaded unless it is there already. What arrives is verified against the hub's
    /// checksums; a broken download is resumed, also by the next call. Without a network, the cache is used.
    /// </summary>
    /// <param name="name">For example "CIDAS/clipseg-rd64-refined".</param>
    /// <param name="revision">A branch, tag or commit.</param>
    /// <param name="progress">Told about every piece of every file that arrives.</param>
    /// <param name="cancel">Stops the download; what has arrived is kept for the next one.</param>
    /// <exception cref="CheckpointException">Says which address, what happened, and how to do it by hand.</exception>
    /// <exception cref="ArgumentException">This cannot be a model's name, or a revision.</exception>
    public async Task<string> Pull(string name, string revision = "main", IProgress<HubProgress>? progress = null,
        CancellationToken cancel = default)
    {
        if (!HubCache.IsName(name))
            throw new ArgumentException($"'{name}' is not a model's name; expected ORGANISATION/NAME.", nameof(name));
        if (!HubCache.IsRevision(revision))
            throw new ArgumentException($"'{revision}' is not a branch, tag or commit.", nameof(revision));
        string? cached = _cache.Find(name, revision);
        if (cached is not null && (_settings.Offline || HubCache.IsCommit(revision))) return cached;
        try
        {
            if (_settings.Offline)
                throw new CheckpointException("It is not in the cache; HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set.");
            using HubClient client = new(_settings);
            return await Pull(client, name, revision, cached, progress, cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is CheckpointException or UnauthorizedAccessException || HubClient.IsTransient(e))
        {
            string files = string.Join(", ", [HubCache.Config, .. _files, SafeTensors]);
            throw new CheckpointException(
                $"Model '{name}' was not downloaded to '{_settings.CacheFolder}'. {e.Message.TrimEnd('.')}. "
                + $"By hand: save {files} from {_settings.Endpoint}/{name}/tree/{revision} in one folder "
                + "and open that folder.", e);
        }
    }

    private async Task<string> Pull(HubClient client, string name, string revision, string? cached,
        IProgress<HubProgress>? progress, CancellationToken cancel)
    {
        HubFile config;
        try
        {
            config = await Require(client, name, revision, HubCache.Config, cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (cached is not null && HubClient.IsTransient(e))
        {
            return cached;
        }

        // From here on the commit, so that all files belong together even if the branch moves.
        string commit = config.Commit;
        if (_cache.Find(name, commit) is not null) return _cache.Publish(name, revision, commit, []);
        List<HubFile> files = [config];
        foreach (string file in _files)
        {
            HubFile? found = await client.Ask(name, commit, file, cancel).ConfigureAwait(false);
            if (found is not null) files.Add(found);
            else if (!_optional.Contains(file)) throw Missing(client.Address(name, commit, file));
        }
        files.Add(await client.Ask(name, commit, SafeTensors, cancel).ConfigureAwait(false)
            ?? await Require(client, name, commit, PyTorch, cancel).ConfigureAwait(false));

        foreach (HubFile file in files) await Fetch(client, name, file, progress, cancel).ConfigureAwait(false);
        return _cache.Publish(name, revision, commit, files);
    }

    private static async Task<HubFile> Require(
        HubClient client, string name, string revision, string file, CancellationToken cancel)
        => await client.Ask(name, revision, file, cancel).ConfigureAwait(false)
            ?? throw Missing(client.Address(name, revision, file));

    /// <summary>Downloads a file to its blob, under a name of our own until it is complete and verified.</summary>
    private async Task Fetch(
        HubClient client, string name, HubFile file, IProgress<HubProgress>? progress, CancellationToken cancel)
    {
        string blob = _cache.Blob(name, file.Checksum);
        if (File.Exists(blob) && new FileInfo(blob).Length == file.Size) return;
        if (file.Size > MaxTextBytes && file.Name is not (SafeTensors or PyTorch))
            throw new CheckpointException($"{file.Url} has {file.Size} bytes, at most {MaxTextBytes} were expected.");

        Directory.CreateDirectory(Path.GetDirectoryName(blob)!);
        string partial = $"{blob}.clipseg-partial";
        bool verified;
        using (FileStream target = OpenAlone(partial, file))
        {
            await client.Download(file, target, progress, cancel).ConfigureAwait(false);
            target.Position = 0;
            verified = await Checksum(target, file, cancel).ConfigureAwait(false) == file.Checksum;
            if (!verified) target.SetLength(0);
        }
        if (!verified)
        {
            File.Delete(partial);
            throw new CheckpointException($"{file.Url} arrived damaged: its checksum is not {file.Checksum}.");
        }
        File.Move(partial, blob, overwrite: true);
    }

    private static FileStream OpenAlone(string path, HubFile file)
    {
        try
        {
            return new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new CheckpointException($"{file.Url} cannot be stored: {e.Message}", e);
        }
    }

    private static async Task<string> Checksum(FileStream stream, HubFile file, CancellationToken cancel)
    {
        if (file.Checksum.Length == 64)
            return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancel).ConfigureAwait(false));

        // Small files are named by git: sha1 of a header and the content. An identity, not a protection.
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        hash.AppendData(Encoding.ASCII.GetBytes($"blob {file.Size}\0"));
        byte[] buffer = new byte[1 << 16];
        int got;
        while ((got = await stream.ReadAsync(buffer, cancel).ConfigureAwait(false)) > 0)
            hash.AppendData(buffer.AsSpan(0, got));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static CheckpointException Missing(Uri url) => new($"{url} is not there; this is no CLIPSeg model.");
}
