using System.Security.Cryptography;
using System.Text;
using ClipSeg.Formats;

namespace ClipSeg.Checkpoints;

/// <summary>How much of a model has arrived, in bytes, while a file of it arrives.</summary>
public sealed record HubProgress(string File, long Received, long Size);

/// <summary>What a download would be.</summary>
/// <param name="Name">NAME, or NAME@REVISION.</param>
/// <param name="Bytes">That are still to come.</param>
/// <param name="Licence">As the model's card names it; null if it does not.</param>
internal sealed record HubOffer(string Name, long Bytes, string? Licence);

/// <summary>Downloads models from the Hugging Face hub, and finds those that are there.</summary>
/// <remarks>Spec: formats.md §10.</remarks>
public sealed class Hub
{
    private const long MaxTextBytes = 1 << 26;
    private const int MaxParts = 1000;

    private static readonly string[] _files =
    [
        "README.md", "LICENSE", "LICENSE.txt", "LICENSE.md", "preprocessor_config.json", "processor_config.json",
        "tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt", "tokenizer.json",
    ];

    private readonly HubSettings _settings;
    private readonly HubCache _cache;

    /// <param name="settings">Null: from the environment.</param>
    public Hub(HubSettings? settings = null)
    {
        _settings = settings ?? HubSettings.FromEnvironment();
        _cache = new(_settings);
    }

    /// <summary>The folder of a model: a folder itself, or a complete download of that name; or null.</summary>
    /// <param name="nameOrFolder">For example "CIDAS/clipseg-rd64-refined", or that with @REVISION.</param>
    /// <param name="revision">A branch, tag or commit; null for the one in the name, or "main".</param>
    public string? Find(string nameOrFolder, string? revision = null)
    {
        if (Directory.Exists(nameOrFolder)) return nameOrFolder;
        return HubName.TryParse(nameOrFolder, revision) is { } model ? _cache.Find(model) : null;
    }

    /// <summary>
    /// The folder of a model, downloaded unless it is there already. What arrives is verified against the hub's
    /// checksums; a broken download is resumed, also by the next call; a file that is not as long as the hub says is
    /// fetched again. Without a network, the cache is used. If somebody else downloads the same model, this waits.
    /// </summary>
    /// <param name="name">For example "CIDAS/clipseg-rd64-refined", or that with @REVISION.</param>
    /// <param name="revision">A branch, tag or commit; null for the one in the name, or "main".</param>
    /// <param name="progress">Told about every piece that arrives.</param>
    /// <param name="verify">Whether what is there already is compared with the hub's checksums, too.</param>
    /// <param name="cancel">Stops the download; what has arrived is kept for the next one.</param>
    /// <exception cref="CheckpointException">Says which address, what happened, and how to do it by hand.</exception>
    /// <exception cref="ArgumentException">This cannot be a model's name, or a revision.</exception>
    public async Task<string> Pull(string name, string? revision = null, IProgress<HubProgress>? progress = null,
        bool verify = false, CancellationToken cancel = default)
    {
        HubName model = HubName.Parse(name, revision);
        string? cached = _cache.Find(model);
        if (cached is not null && _settings.Offline) return cached;
        return await Ask(model, async client =>
        {
            List<HubFile> files;
            try
            {
                files = await Describe(client, model, cancel).ConfigureAwait(false);
            }
            catch (Exception e) when (cached is not null && HubClient.IsTransient(e))
            {
                return cached;
            }
            List<HubFile> missing = await Missing(model.Name, files, verify, cancel).ConfigureAwait(false);
            if (missing.Count > 0)
            {
                using IDisposable alone = await _cache.Lock(model.Name, cancel).ConfigureAwait(false);
                missing = await Missing(model.Name, files, verify, cancel).ConfigureAwait(false);
                Total total = new(progress, missing.Sum(file => file.Size));
                foreach (HubFile file in missing)
                {
                    await Fetch(client, model.Name, file, total, cancel).ConfigureAwait(false);
                    total.Done += file.Size;
                }
                return _cache.Publish(model, files, missing);
            }
            return _cache.Publish(model, files, missing);
        }).ConfigureAwait(false);
    }

    /// <summary>What <see cref="Pull"/> would download; fetches the model's card for it.</summary>
    internal async Task<HubOffer> Offer(string name, string? revision = null, CancellationToken cancel = default)
    {
        HubName model = HubName.Parse(name, revision);
        return await Ask(model, async client =>
        {
            List<HubFile> files = await Describe(client, model, cancel).ConfigureAwait(false);
            foreach (HubFile file in files.Where(file => Licence.IsFile(file.Name) && !_cache.Holds(model.Name, file)))
                await Fetch(client, model.Name, file, null, cancel).ConfigureAwait(false);
            List<HubFile> missing = await Missing(model.Name, files, false, cancel).ConfigureAwait(false);
            return new HubOffer($"{model}", missing.Sum(file => file.Size),
                Licence.NameOf(file => files.Find(f => f.Name == file) is { } found ? PathOf(found) : null));

            string PathOf(HubFile file) => _cache.Holds(model.Name, file)
                ? _cache.PathOf(model.Name, file) : _cache.Blob(model.Name, file.Checksum);
        }).ConfigureAwait(false);
    }

    /// <summary>The CLIPSeg models in the cache that are complete.</summary>
    internal IReadOnlyList<CachedModel> List() => _cache.List();

    /// <summary>Deletes a model from the cache: the revision of that name, and files that no other has.</summary>
    /// <returns>The folder that is gone, or would be if no other revision had the same.</returns>
    /// <exception cref="CheckpointException">There is none.</exception>
    internal string Remove(string name) => _cache.Remove(HubName.Parse(name));

    /// <summary>The revisions of a model that are in the cache.</summary>
    internal IReadOnlyList<string> Revisions(string name)
        => HubName.TryParse(name) is { } model ? _cache.Revisions(model.Name) : [];

    /// <summary>Asks the hub; what goes wrong says how to do it by hand.</summary>
    private async Task<T> Ask<T>(HubName model, Func<HubClient, Task<T>> ask)
    {
        try
        {
            if (_settings.Offline)
                throw new CheckpointException("It is not in the cache; HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set.");
            using HubClient client = new(_settings);
            return await ask(client).ConfigureAwait(false);
        }
        catch (Exception e) when (e is CheckpointException or UnauthorizedAccessException || HubClient.IsTransient(e))
        {
            throw new CheckpointException(
                $"Model '{model}' was not downloaded to '{_settings.CacheFolder}'. {e.Message.TrimEnd('.')}. "
                + "By hand: save config.json, preprocessor_config.json, tokenizer_config.json, vocab.json, merges.txt "
                + $"and {HubCache.Weights[0]} from {_settings.Endpoint}/{model.Name}/tree/{model.Revision} in one "
                + "folder, and open that folder.", e);
        }
    }

    /// <summary>All files of a model, the weights last; of one commit, even if the branch moves.</summary>
    private async Task<List<HubFile>> Describe(HubClient client, HubName model, CancellationToken cancel)
    {
        string name = model.Name;
        HubFile config = await Require(client, model, HubCache.Config, cancel).ConfigureAwait(false);
        List<HubFile> files = [config];
        foreach (string file in _files)
        {
            if (await client.Ask(name, config.Commit, file, cancel).ConfigureAwait(false) is { } found)
                files.Add(found);
        }
        bool Has(string file) => files.Exists(found => found.Name == file);
        if (!Has("tokenizer.json") && !(Has("vocab.json") && Has("merges.txt")))
            throw Missing(client.Address(name, config.Commit, "vocab.json"));

        foreach (string file in HubCache.Weights)
        {
            if (await client.Ask(name, config.Commit, file, cancel).ConfigureAwait(false) is not { } weights) continue;
            if (file.EndsWith(".json", StringComparison.Ordinal))
                files.AddRange(await Parts(client, name, weights, cancel).ConfigureAwait(false));
            files.Add(weights);
            return files;
        }
        throw Missing(client.Address(name, config.Commit, HubCache.Weights[0]));
    }

    /// <summary>The files that hold the weights together, as their index says.</summary>
    private async Task<List<HubFile>> Parts(HubClient client, string name, HubFile index, CancellationToken cancel)
    {
        if (!_cache.Holds(name, index)) await Fetch(client, name, index, null, cancel).ConfigureAwait(false);
        string path = _cache.Holds(name, index) ? _cache.PathOf(name, index) : _cache.Blob(name, index.Checksum);
        IReadOnlyList<string> names = HubCache.Parts(path);
        if (names.Count > MaxParts) throw new CheckpointException($"{index.Url} names more than {MaxParts} files.");
        List<HubFile> parts = [];
        foreach (string part in names)
            parts.Add(await Require(client, new(name, index.Commit), part, cancel).ConfigureAwait(false));
        return parts;
    }

    /// <summary>The files that are not there, or not as the hub has them.</summary>
    private async Task<List<HubFile>> Missing(
        string name, List<HubFile> files, bool verify, CancellationToken cancel)
    {
        List<HubFile> missing = [];
        foreach (HubFile file in files)
        {
            bool held = _cache.Holds(name, file);
            if (held && verify)
            {
                using FileStream content = File.OpenRead(_cache.PathOf(name, file));
                held = await Checksum(content, file, cancel).ConfigureAwait(false) == file.Checksum;
                if (!held) File.Delete(_cache.Blob(name, file.Checksum));
            }
            if (!held) missing.Add(file);
        }
        return missing;
    }

    private static async Task<HubFile> Require(
        HubClient client, HubName model, string file, CancellationToken cancel)
        => await client.Ask(model.Name, model.Revision, file, cancel).ConfigureAwait(false)
            ?? throw Missing(client.Address(model.Name, model.Revision, file));

    /// <summary>Downloads a file to its blob, under a name of our own until it is complete and verified.</summary>
    private async Task Fetch(
        HubClient client, string name, HubFile file, IProgress<HubProgress>? progress, CancellationToken cancel)
    {
        string blob = _cache.Blob(name, file.Checksum);
        if (File.Exists(blob) && new FileInfo(blob).Length == file.Size) return;
        if (file.Size > MaxTextBytes && !IsWeights(file.Name))
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
            target.Flush(flushToDisk: true);
        }
        if (!verified)
        {
            File.Delete(partial);
            throw new CheckpointException($"{file.Url} arrived damaged: its checksum is not {file.Checksum}.");
        }
        File.Move(partial, blob, overwrite: true);
    }

    private static bool IsWeights(string file) => file.EndsWith(".safetensors", StringComparison.Ordinal)
        || file.EndsWith(".bin", StringComparison.Ordinal);

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

    /// <summary>The progress of all files from that of one.</summary>
    private sealed class Total(IProgress<HubProgress>? progress, long size) : IProgress<HubProgress>
    {
        /// <summary>Bytes of the files before this one.</summary>
        public long Done { get; set; }

        public void Report(HubProgress value) => progress?.Report(new(value.File, Done + value.Received, size));
    }
}
