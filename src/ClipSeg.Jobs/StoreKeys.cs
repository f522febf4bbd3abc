using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace ClipSeg.Jobs;

/// <summary>The names of a job's files: fixed, so that who works twice writes the same twice.</summary>
internal static partial class StoreKeys
{
    /// <summary>Below it are the jobs, a folder each; pictures are not.</summary>
    public const string Jobs = "jobs/";

    private const int MaxBytes = 1024;      // S3's limit

    public static string Record(string job) => $"{Jobs}{job}/job.json";

    /// <summary>A line for each picture.</summary>
    public static string Manifest(string job) => $"{Jobs}{job}/manifest.jsonl";

    /// <summary>That all messages have been confirmed.</summary>
    public static string Published(string job) => $"{Jobs}{job}/published";

    /// <summary>That nobody wants it any more.</summary>
    public static string Cancelled(string job) => $"{Jobs}{job}/cancelled";

    /// <summary>Where receipts are.</summary>
    public static string Done(string job) => $"{Jobs}{job}/done/";

    public static string Receipt(string job, string unit) => $"{Done(job)}{unit}.json";

    /// <summary>How the names of a picture's results begin.</summary>
    public static string Output(string job, int picture)
        => string.Create(CultureInfo.InvariantCulture, $"{Jobs}{job}/out/{picture:D8}");

    /// <summary>A shard's name.</summary>
    public static string Shard(int shard) => string.Create(CultureInfo.InvariantCulture, $"{shard:D6}");

    /// <summary>The name of one picture of a shard, where it is tried alone.</summary>
    public static string Single(string shard, int picture)
        => string.Create(CultureInfo.InvariantCulture, $"{shard}-{picture:D8}");

    /// <summary>The shard that a unit is, or is a picture of.</summary>
    public static string ShardOf(string unit) => unit.Split('-')[0];

    public static bool IsJob(string text) => JobName().IsMatch(text);

    public static bool IsUnit(string text) => UnitName().IsMatch(text);

    /// <summary>Refuses a name that may lead elsewhere on some store.</summary>
    /// <exception cref="StoreException">It has an empty part, a dot or two for a part, a backslash, a control
    /// character, or more than 1,024 bytes.</exception>
    public static string Check(string key)
    {
        bool isPlain = key.Split('/').All(part => part is not ("" or "." or "..")) && !key.Contains('\\')
            && !key.Any(char.IsControl);
        if (isPlain && Encoding.UTF8.GetByteCount(key) <= MaxBytes) return key;
        throw new StoreException($"'{key}' cannot be the name of a file in a store: expected parts with slashes "
            + $"between them, none empty or with dots alone, no backslash, at most {MaxBytes:N0} bytes.");
    }

    [GeneratedRegex(@"\A[0-9a-f]{16}\z")]
    private static partial Regex JobName();

    [GeneratedRegex(@"\A[0-9]{6,9}(-[0-9]{8,10})?\z")]
    private static partial Regex UnitName();
}
