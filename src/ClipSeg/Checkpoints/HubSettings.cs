using System.Globalization;

namespace ClipSeg.Checkpoints;

/// <summary>Where models are downloaded from and kept. The switches are those of Hugging Face's own tools.</summary>
/// <remarks>Spec: formats.md §10.</remarks>
public sealed record HubSettings
{
    public string Endpoint { get; init; } = "https://huggingface.co";

    /// <summary>The cache, shared with Python: a model that is there needs no download.</summary>
    public required string CacheFolder { get; init; }

    /// <summary>Sent to the endpoint's host and to no other; null for public models.</summary>
    public string? Token { get; init; }

    /// <summary>Use the cache only.</summary>
    public bool Offline { get; init; }

    /// <summary>Whether a snapshot's files are links to blobs; otherwise they are the files themselves.</summary>
    public bool Symlinks { get; init; } = true;

    /// <summary>For the answer to a question about a file.</summary>
    public TimeSpan AskTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>For the next piece of a download.</summary>
    public TimeSpan ReadTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often in a row a request may fail before the download does.</summary>
    public int Retries { get; init; } = 5;

    /// <summary>Before the first retry; doubled with each further one.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// From HF_ENDPOINT, HF_HOME, HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, XDG_CACHE_HOME, HF_TOKEN, HF_TOKEN_PATH,
    /// HF_HUB_DISABLE_IMPLICIT_TOKEN, HF_HUB_OFFLINE, TRANSFORMERS_OFFLINE, HF_HUB_DISABLE_SYMLINKS,
    /// HF_HUB_ETAG_TIMEOUT and HF_HUB_DOWNLOAD_TIMEOUT (seconds).
    /// </summary>
    /// <param name="variable">Looks up a variable; null for the process's own environment.</param>
    public static HubSettings FromEnvironment(Func<string, string?>? variable = null)
    {
        variable ??= Environment.GetEnvironmentVariable;
        string user = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string home = Text("HF_HOME")
            ?? Path.Combine(Text("XDG_CACHE_HOME") ?? Path.Combine(user, ".cache"), "huggingface");
        return new()
        {
            Endpoint = (Text("HF_ENDPOINT") ?? "https://huggingface.co").TrimEnd('/'),
            CacheFolder = Text("HF_HUB_CACHE") ?? Text("HUGGINGFACE_HUB_CACHE") ?? Path.Combine(home, "hub"),
            Token = IsOn("HF_HUB_DISABLE_IMPLICIT_TOKEN")
                ? null
                : Text("HF_TOKEN") ?? ReadToken(Text("HF_TOKEN_PATH") ?? Path.Combine(home, "token")),
            Offline = IsOn("HF_HUB_OFFLINE") || IsOn("TRANSFORMERS_OFFLINE"),
            Symlinks = !IsOn("HF_HUB_DISABLE_SYMLINKS"),
            AskTimeout = Seconds("HF_HUB_ETAG_TIMEOUT"),
            ReadTimeout = Seconds("HF_HUB_DOWNLOAD_TIMEOUT"),
        };

        string? Text(string name) => variable(name)?.Trim() is { Length: > 0 } text ? text : null;

        bool IsOn(string name) => Text(name)?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE";

        TimeSpan Seconds(string name) => double.TryParse(Text(name), CultureInfo.InvariantCulture, out double seconds)
            && seconds is > 0 and < 86400 ? TimeSpan.FromSeconds(seconds) : TimeSpan.FromSeconds(10);
    }

    /// <summary>Without the token, so that settings can be logged.</summary>
    public override string ToString() => $"{Endpoint}, cache '{CacheFolder}'{(Offline ? ", offline" : "")}";

    private static string? ReadToken(string path)
    {
        try
        {
            return File.Exists(path) && File.ReadAllText(path).Trim() is { Length: > 0 } token ? token : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;        // public models need none, and others will say that it is missing
        }
    }
}
