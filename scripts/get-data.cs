#:package SkiaSharp
#:package SkiaSharp.NativeAssets.Linux.NoDependencies
#:package Svg.Skia
#:property PublishAot=false
#:property WarningsNotAsErrors=NU1603

// Fetches the artwork and the names that scenes are made of and draws them into data/emoji (git-ignored):
//
//   dotnet run scripts/get-data.cs -- [--photos DIR] [--size 160]
//
// Needs npm (some 13 MB from its registry). --photos: a folder of photographs to put behind the objects of half of all
// scenes; they are copied, no larger than scenes need them. Runs in half a minute; does nothing when the data is there.
using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Text.Json;
using SkiaSharp;
using Svg.Skia;

const int PhotoSide = 512;      // the shorter one

Package names = new("emojibase-data", "17.0.0", "emojibase: MIT, Miles Johnson; Unicode CLDR: Unicode License");
Style[] styles =
[
    new("noto", new("@iconify-json/noto", "1.2.9", "Noto Emoji: Apache License 2.0, Google")),
    new("twemoji", new("@iconify-json/twemoji", "1.2.5", "Twemoji: CC BY 4.0, Twitter and contributors")),
    new("openmoji", new("@iconify-json/openmoji", "1.2.29", "OpenMoji: CC BY-SA 4.0, HfG Schwäbisch Gmünd")),
    new("noto-v1", new("@iconify-json/noto-v1", "1.2.5", "Noto Emoji before 2017: Apache License 2.0, Google")),
    new("emojione", new("@iconify-json/emojione", "1.2.3", "EmojiOne 2: CC BY 4.0, Emoji One")),
    new("emojione-v1", new("@iconify-json/emojione-v1", "1.2.3", "EmojiOne 1: CC BY-SA 4.0, Emoji One")),
    new("fxemoji", new("@iconify-json/fxemoji", "1.2.2", "FxEmojis: Apache License 2.0, Mozilla")),
];

string? photos = Value("--photos");
int side = int.Parse(Value("--size") ?? "160");
string data = Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "data");
string target = Path.GetFullPath(Path.Combine(data, "emoji"));
string sources = string.Concat(styles.Select(s => s.Package).Prepend(names)
    .Select(p => $"{p.Name}@{p.Version}: {p.License}\n")) + $"Drawn at {side} pixels.\n";
string behind = photos is null ? "" : $"Photographs from {photos}.\n";
string marker = Path.Combine(target, "SOURCES.txt");

// Without --photos, data with photographs is complete, too.
string known = File.Exists(marker) ? File.ReadAllText(marker) : "";
if (photos is null ? known.StartsWith(sources, StringComparison.Ordinal) : known == sources + behind)
{
    Console.WriteLine($"{target} is complete.");
    return 0;
}

// Everything lands under a temporary name first, so that data/emoji is either absent or whole.
string partial = $"{target}.partial-{Environment.ProcessId}";
try
{
    Directory.CreateDirectory(partial);
    Fetch(names, partial, new() { ["package/en/data.json"] = "emojibase.json" });
    List<Emoji> emoji = ReadEmoji(Path.Combine(partial, "emojibase.json"));
    foreach (Style style in styles)
    {
        Fetch(style.Package, partial, new()
        {
            ["package/icons.json"] = $"{style.Name}.icons.json",
            ["package/chars.json"] = $"{style.Name}.chars.json",
        });
    }
    Dictionary<string, string[]> iconNames = IconNames(emoji, partial);
    foreach (Style style in styles)
    {
        int drawn = Draw(style.Name, emoji, iconNames, partial);
        Console.WriteLine($"{style.Name}: {drawn} of {emoji.Count} emoji. {style.Package.License}.");
    }
    foreach (string json in Directory.GetFiles(partial, "*.icons.json").Concat(
        Directory.GetFiles(partial, "*.chars.json"))) File.Delete(json);
    if (photos is not null) Console.WriteLine($"{CopyPhotos(photos, Path.Combine(partial, "photos"))} photographs.");
    File.WriteAllText(Path.Combine(partial, "SOURCES.txt"), sources + behind);
    if (Directory.Exists(target)) Directory.Delete(target, recursive: true);
    Directory.Move(partial, target);
    Console.WriteLine($"Data is in {target}.");
    return 0;
}
catch (Exception e) when (e is IOException or InvalidDataException or InvalidOperationException or JsonException)
{
    Console.Error.WriteLine($"get-data: {e.Message}");
    return 1;
}
finally
{
    if (Directory.Exists(partial)) Directory.Delete(partial, recursive: true);
}

string? Value(string option)
{
    int at = Array.IndexOf(args, option);
    if (at < 0) return null;
    return at + 1 < args.Length ? args[at + 1] : throw new ArgumentException($"{option} needs a value.");
}

// Unpacks the named files of a package; chars.json, which not every set has, may be absent.
static void Fetch(Package package, string folder, Dictionary<string, string> files)
{
    string archive = Path.Combine(folder, Npm(folder, "pack", $"{package.Name}@{package.Version}", "--silent"));
    HashSet<string> missing = [.. files.Keys.Where(name => !name.EndsWith("chars.json", StringComparison.Ordinal))];
    using (FileStream file = File.OpenRead(archive))
    using (GZipStream unzipped = new(file, CompressionMode.Decompress))
    using (TarReader tar = new(unzipped))
    {
        while (tar.GetNextEntry() is TarEntry entry)
        {
            if (!files.TryGetValue(entry.Name, out string? name)) continue;
            entry.ExtractToFile(Path.Combine(folder, name), overwrite: true);
            missing.Remove(entry.Name);
        }
    }
    File.Delete(archive);
    if (missing.Count > 0)
        throw new InvalidDataException($"{package.Name}@{package.Version} has no '{missing.First()}'.");
}

// Runs npm in a folder and returns the last line that it wrote.
static string Npm(string folder, params string[] arguments)
{
    bool windows = OperatingSystem.IsWindows();
    ProcessStartInfo start = new(windows ? "cmd" : "npm") { WorkingDirectory = folder, RedirectStandardOutput = true };
    if (windows) { start.ArgumentList.Add("/c"); start.ArgumentList.Add("npm"); }
    foreach (string argument in arguments) start.ArgumentList.Add(argument);
    Process? npm;
    try
    {
        npm = Process.Start(start);
    }
    catch (System.ComponentModel.Win32Exception e)
    {
        throw new InvalidOperationException($"Cannot start npm ({e.Message}). Install Node.js, which brings it.");
    }
    string output = npm!.StandardOutput.ReadToEnd().Trim();
    npm.WaitForExit();
    if (npm.ExitCode != 0)
        throw new InvalidOperationException($"'npm {string.Join(' ', arguments)}' ended with {npm.ExitCode}.");
    return output.Split('\n')[^1].Trim();
}

static List<Emoji> ReadEmoji(string path)
{
    using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(path));
    return [.. json.RootElement.EnumerateArray()
        .Where(e => e.TryGetProperty("group", out JsonElement group) && group.GetInt32() != 9)        // 9: flags
        .Select(e => new Emoji(e.GetProperty("hexcode").GetString()!, e.GetProperty("label").GetString()!))];
}

// What an emoji may be called in the sets: as those that say its code points call it, or by its label.
static Dictionary<string, string[]> IconNames(List<Emoji> emoji, string folder)
{
    Dictionary<string, List<string>> byCode = [];
    foreach (string file in Directory.GetFiles(folder, "*.chars.json").Order(StringComparer.Ordinal))
    {
        using JsonDocument chars = JsonDocument.Parse(File.ReadAllBytes(file));
        foreach (JsonProperty c in chars.RootElement.EnumerateObject())
        {
            string code = Plain(c.Name);
            if (!byCode.TryGetValue(code, out List<string>? known)) byCode.Add(code, known = []);
            known.Add(c.Value.GetString()!);
        }
    }
    return emoji.ToDictionary(e => e.Code, e =>
    {
        string[] hyphened = [.. byCode.GetValueOrDefault(Plain(e.Code), []).Append(Hyphened(e.Label)).Distinct()];
        return (string[])[.. hyphened, .. hyphened.Select(name => name.Replace("-", "", StringComparison.Ordinal))];
    });
}

static string Plain(string code) => code.ToLowerInvariant().Replace("-fe0f", "", StringComparison.Ordinal);

static string Hyphened(string label) => string.Join('-', new string([.. label.ToLowerInvariant()
    .Where(c => c is not ('\'' or '’')).Select(c => char.IsAsciiLetterOrDigit(c) ? c : ' ')])
    .Split(' ', StringSplitOptions.RemoveEmptyEntries));

int Draw(string style, List<Emoji> emoji, Dictionary<string, string[]> iconNames, string folder)
{
    using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, $"{style}.icons.json")));
    JsonElement set = json.RootElement, icons = set.GetProperty("icons");
    string into = Path.Combine(folder, style);
    Directory.CreateDirectory(into);
    int drawn = 0;
    Parallel.ForEach(emoji, e =>
    {
        foreach (string name in iconNames[e.Code])
        {
            string icon = set.TryGetProperty("aliases", out JsonElement aliases)
                && aliases.TryGetProperty(name, out JsonElement alias)
                ? alias.GetProperty("parent").GetString()! : name;
            if (!icons.TryGetProperty(icon, out JsonElement found)) continue;
            string body = found.GetProperty("body").GetString()!, path = Path.Combine(into, $"{e.Code}.png");
            if (Render(body, Extent("width"), Extent("height"), path)) Interlocked.Increment(ref drawn);
            return;

            float Extent(string axis) => found.TryGetProperty(axis, out JsonElement own) ? own.GetSingle()
                : set.TryGetProperty(axis, out JsonElement all) ? all.GetSingle() : 16;
        }
    });
    return drawn;
}

bool Render(string body, float width, float height, string path)
{
    using SKSvg svg = new();
    svg.FromSvg(FormattableString.Invariant($"""
        <svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
          viewBox="0 0 {width} {height}" width="{width}" height="{height}">{body}</svg>
        """));
    if (svg.Picture is null) return false;
    using SKBitmap bitmap = new(side, side, SKColorType.Rgba8888, SKAlphaType.Premul);
    using (SKCanvas canvas = new(bitmap))
    {
        float scale = side / Math.Max(width, height);
        canvas.Translate((side - width * scale) / 2, (side - height * scale) / 2);
        canvas.Scale(scale);
        canvas.DrawPicture(svg.Picture);
    }
    if (!bitmap.Bytes.Chunk(4).Any(p => p[3] >= 128)) return false;      // nothing that could be seen
    using FileStream file = File.Create(path);
    return bitmap.Encode(file, SKEncodedImageFormat.Png, 100);
}

static int CopyPhotos(string from, string into)
{
    Directory.CreateDirectory(into);
    int count = 0;
    foreach (string path in Directory.GetFiles(from).Order(StringComparer.Ordinal))
    {
        using SKBitmap? photo = Path.GetExtension(path).ToLowerInvariant() is ".png" or ".jpg" or ".jpeg" or ".webp"
            ? SKBitmap.Decode(path) : null;
        if (photo is null) continue;
        float scale = Math.Min(1, PhotoSide / (float)Math.Min(photo.Width, photo.Height));
        SKSizeI size = new((int)(photo.Width * scale), (int)(photo.Height * scale));
        using SKBitmap small = photo.Resize(size, new SKSamplingOptions(SKCubicResampler.Mitchell));
        using FileStream file = File.Create(Path.Combine(into, Path.GetFileNameWithoutExtension(path) + ".png"));
        small.Encode(file, SKEncodedImageFormat.Png, 100);
        count++;
    }
    return count;
}

static string ThisFile([CallerFilePath] string path = "") => path;

internal sealed record Package(string Name, string Version, string License);

internal sealed record Style(string Name, Package Package);

internal sealed record Emoji(string Code, string Label);
