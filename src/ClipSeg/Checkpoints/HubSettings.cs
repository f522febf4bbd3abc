using System.Globalization;
using System.Text.RegularExpressions;
using ClipSeg.Formats;

namespace ClipSeg.Checkpoints;

/// <summary>Where models are downloaded from and kept. The switches are those of Hugging Face's own tools.</summary>
/// <remarks>Spec: formats.md §10.</remarks>
public sealed partial record HubSettings
{
    public string Endpoint { get; init; } = "https://huggingface.co";

    /// <summary>The cache, shared with Python: a model that is there needs no download.</summary>
    public required string CacheFolder { get; init; }

    /// <summary>Sent to the endpoint's host and to no other; null for public models.</summary>
    public string? Token { get; init; }

    /// <summary>Certificates (PEM) to trust in place of the system's; null for the system's.</summary>
    public string? CertificateFile { get; init; }

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
    /// HF_HUB_ETAG_TIMEOUT and HF_HUB_DOWNLOAD_TIMEOUT (seconds), SSL_CERT_FILE, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE.
    /// In paths, ~ is the home folder, and $NAME and ${NAME} are variables.
    /// </summary>
    /// <param name="variable">Looks up a variable; null for the process's own environment.</param>
    /// <exception cref="CheckpointException">No variable says where the cache is, and there is no home.</exception>
    public static HubSettings FromEnvironment(Func<string, string?>? variable = null)
    {
        variable ??= Environment.GetEnvironmentVariable;
        string home = PathIn("HF_HOME")
            ?? Path.Combine(PathIn("XDG_CACHE_HOME") ?? Path.Combine(User(), ".cache"), "huggingface");
        return new()
        {
            Endpoint = (Text("HF_ENDPOINT") ?? "https://huggingface.co").TrimEnd('/'),
            CacheFolder = PathIn("HF_HUB_CACHE") ?? PathIn("HUGGINGFACE_HUB_CACHE") ?? Path.Combine(home, "hub"),
            Token = IsOn("HF_HUB_DISABLE_IMPLICIT_TOKEN")
                ? null
                : Text("HF_TOKEN") ?? ReadToken(PathIn("HF_TOKEN_PATH") ?? Path.Combine(home, "token")),
            Offline = IsOn("HF_HUB_OFFLINE") || IsOn("TRANSFORMERS_OFFLINE"),
            CertificateFile =
                PathIn("SSL_CERT_FILE") ?? PathIn("REQUESTS_CA_BUNDLE") ?? PathIn("CURL_CA_BUNDLE"),
            Symlinks = !IsOn("HF_HUB_DISABLE_SYMLINKS"),
            AskTimeout = Seconds("HF_HUB_ETAG_TIMEOUT"),
            ReadTimeout = Seconds("HF_HUB_DOWNLOAD_TIMEOUT"),
        };

        string? Text(string name) => variable(name)?.Trim() is { Length: > 0 } text ? text : null;

        // Not verified: where the home folder does not exist, the caller gets an error, and no cache somewhere else.
        string User()
        {
            string user = Text("HOME") ?? Environment.GetFolderPath(
                Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);
            return user.Length > 0 ? user
                : throw new CheckpointException("There is no home folder to keep models in; set HF_HOME.");
        }

        string? PathIn(string name)
        {
            if (Text(name) is not { } path) return null;
            path = Variable().Replace(path, match => Text(match.Groups["name"].Value) ?? match.Value);
            return path == "~" || path.StartsWith("~/", StringComparison.Ordinal) ? User() + path[1..] : path;
        }

        bool IsOn(string name) => Text(name)?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE";

        TimeSpan Seconds(string name) => double.TryParse(Text(name), CultureInfo.InvariantCulture, out double seconds)
            && seconds is > 0 and < 86400 ? TimeSpan.FromSeconds(seconds) : TimeSpan.FromSeconds(10);
    }

    /// <summary>Without the token, so that settings can be logged.</summary>
    public override string ToString() => $"{Endpoint}, cache '{CacheFolder}'{(Offline ? ", offline" : "")}";

    [GeneratedRegex(@"\$(?:(?<name>\w+)|\{(?<name>\w+)\})")]
    private static partial Regex Variable();

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
