#:property PublishAot=false
// Fetches the emoji artwork and names that scenes are made of into data/emoji (git-ignored):
//   dotnet run scripts/get-data.cs
// Needs npm (the packages come from its registry, about 140 MB); keeps about 20 MB. Runs in a minute; does nothing
// when the data is there.
using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.CompilerServices;

Package[] packages =
[
    new("emoji-datasource-google", "16.0.0", "Noto Emoji: Apache License 2.0, Google (package: MIT, Cal Henderson)",
        [new("img/google/64/", "google"), new("emoji.json", ""), new("LICENSE", "licenses")]),
    new("emoji-datasource-twitter", "16.0.0",
        "Twemoji: CC BY 4.0, Twitter and contributors (package: MIT, Cal Henderson)",
        [new("img/twitter/64/", "twitter"), new("LICENSE", "licenses")]),
    new("emojibase-data", "17.0.0", "emojibase: MIT, Miles Johnson; Unicode CLDR: Unicode License",
        [new("en/data.json", "", "emojibase.json"), new("LICENSE", "licenses")]),
];
string sources = string.Concat(packages.Select(p => $"{p.Name}@{p.Version}: {p.License}\n"));

string data = Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "data");
string target = Path.GetFullPath(Path.Combine(data, "emoji"));
string marker = Path.Combine(target, "SOURCES.txt");
if (File.Exists(marker) && File.ReadAllText(marker) == sources)
{
    Console.WriteLine($"{target} is complete.");
    return 0;
}

// Everything lands under a temporary name first, so that data/emoji is either absent or whole.
string partial = $"{target}.partial-{Environment.ProcessId}";
try
{
    Directory.CreateDirectory(partial);
    foreach (Package package in packages)
    {
        string archive = Pack(package, partial);
        long kept = Unpack(package, archive, partial);
        Console.WriteLine($"{package.Name}@{package.Version}: {new FileInfo(archive).Length / 1e6:F1} MB fetched, "
            + $"{kept / 1e6:F1} MB kept. {package.License}.");
        File.Delete(archive);
    }
    File.WriteAllText(Path.Combine(partial, "SOURCES.txt"), sources);
    if (Directory.Exists(target)) Directory.Delete(target, recursive: true);
    Directory.Move(partial, target);
    Console.WriteLine($"Data is in {target}.");
    return 0;
}
catch (Exception e) when (e is IOException or InvalidDataException or InvalidOperationException)
{
    Console.Error.WriteLine($"get-data: {e.Message}");
    return 1;
}
finally
{
    if (Directory.Exists(partial)) Directory.Delete(partial, recursive: true);
}

static string Pack(Package package, string folder)
{
    bool windows = OperatingSystem.IsWindows();
    ProcessStartInfo start = new(windows ? "cmd" : "npm") { WorkingDirectory = folder, RedirectStandardOutput = true };
    if (windows) { start.ArgumentList.Add("/c"); start.ArgumentList.Add("npm"); }
    foreach (string argument in (string[])["pack", $"{package.Name}@{package.Version}", "--silent"])
        start.ArgumentList.Add(argument);

    Process? npm;
    try
    {
        npm = Process.Start(start);
    }
    catch (System.ComponentModel.Win32Exception e)
    {
        throw new InvalidOperationException($"Cannot start npm ({e.Message}). Install Node.js, which brings it.");
    }
    npm!.StandardOutput.ReadToEnd();
    npm.WaitForExit();
    if (npm.ExitCode != 0)
        throw new InvalidOperationException($"'npm pack {package.Name}@{package.Version}' ended with {npm.ExitCode}.");
    return Path.Combine(folder, $"{package.Name}-{package.Version}.tgz");
}

static long Unpack(Package package, string archive, string folder)
{
    long kept = 0;
    int[] found = new int[package.Keep.Length];
    using FileStream file = File.OpenRead(archive);
    using GZipStream unzipped = new(file, CompressionMode.Decompress);
    using TarReader tar = new(unzipped);
    while (tar.GetNextEntry() is TarEntry entry)
    {
        if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile)) continue;
        int k = Array.FindIndex(package.Keep, kind => kind.Holds(entry.Name));
        if (k < 0) continue;

        Keep keep = package.Keep[k];
        string name = keep.Rename ?? Path.GetFileName(entry.Name);      // so that no entry can leave the folder
        if (name == "LICENSE") name = package.Name + ".txt";
        if (IsSkinTone(name)) continue;
        Directory.CreateDirectory(Path.Combine(folder, keep.Into));
        entry.ExtractToFile(Path.Combine(folder, keep.Into, name), overwrite: true);
        kept += entry.Length;
        found[k]++;
    }

    int missing = Array.IndexOf(found, 0);
    if (missing >= 0)
        throw new InvalidDataException($"{package.Name}@{package.Version} has no '{package.Keep[missing].From}'.");
    return kept;
}

// Skin-tone variants carry one of the five modifiers U+1F3FB to U+1F3FF.
static bool IsSkinTone(string name) => name.Split('-', '.').Any(part => part.Length == 5
    && part.StartsWith("1f3f", StringComparison.Ordinal) && part[4] is >= 'b' and <= 'f');

static string ThisFile([CallerFilePath] string path = "") => path;

internal sealed record Package(string Name, string Version, string License, Keep[] Keep);

/// <summary>What to keep: a file, or a folder's files when <c>From</c> ends in a slash.</summary>
internal sealed record Keep(string From, string Into, string? Rename = null)
{
    public bool Holds(string entry)
    {
        string path = "package/" + From;
        return From.EndsWith('/') ? entry.StartsWith(path, StringComparison.Ordinal) : entry == path;
    }
}
