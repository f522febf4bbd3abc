using System.Text.Json;
using ClipSeg.Imaging;
using ClipSeg.Training.Data;

namespace ClipSeg.Scenes.Artwork;

/// <summary>
/// The files as scripts/get-data.cs leaves them: <c>emojibase.json</c>, a folder for each style with a picture for each
/// emoji that it draws (<c>noto/1F431.png</c>), and perhaps <c>photos</c> and <c>openclipart</c>, whose pictures are
/// named by what they show.
/// </summary>
internal sealed class EmojiFiles
{
    private const string PhotoFolderName = "photos", ClipArtStyle = "openclipart";

    private readonly string _folder;
    private readonly string[] _styles;
    private readonly ClipArt? _clipArt;
    private readonly ArtworkCache _cache;
    private readonly Dictionary<string, string> _codes = [];            // label → code points
    private readonly Dictionary<string, List<string>> _tags = [];       // label → tags

    /// <param name="folder">Usually data/emoji.</param>
    /// <param name="styles">None for all but the one that is kept from training.</param>
    /// <param name="entries">The concepts that clip art is looked through for.</param>
    /// <param name="cache">Keeps what has been drawn of late.</param>
    public EmojiFiles(string folder, IReadOnlyCollection<string> styles, IReadOnlyList<ConceptEntry> entries,
        ArtworkCache cache)
    {
        string names = Path.Combine(folder, "emojibase.json"), photos = Path.Combine(folder, PhotoFolderName);
        if (!File.Exists(names))
            throw new DataFormatException($"{names} is missing. Run: dotnet run scripts/get-data.cs");
        string[] there = [.. Directory.GetDirectories(folder).Select(path => Path.GetFileName(path)!)
            .Where(name => name != PhotoFolderName).Order(StringComparer.Ordinal)];
        string? unknown = styles.FirstOrDefault(style => !there.Contains(style));
        if (unknown is not null || there.Length == 0)
        {
            throw new DataFormatException($"{folder} has no artwork of style '{unknown}', only of "
                + $"{string.Join(", ", there)}. Name one of these, or run scripts/get-data.cs again.");
        }
        (_folder, _cache) = (folder, cache);
        _styles = styles.Count > 0 ? [.. styles] : [.. there.Where(style => style != EmojiCatalogue.UnseenStyle)];
        if (_styles.Contains(ClipArtStyle)) _clipArt = new(Path.Combine(folder, ClipArtStyle), entries);
        Photos = Directory.Exists(photos) ? new(photos) : null;
        ReadNames(names);
    }

    public PhotoFolder? Photos { get; }

    /// <summary>What the styles draw of a concept's emoji. Pictures are read when a scene shows them.</summary>
    public List<Sprite> Artwork(ConceptEntry entry)
    {
        List<Sprite> sprites = [];
        foreach (string label in entry.Labels)
        {
            if (!_codes.TryGetValue(label, out string? code))
            {
                throw new DataFormatException(
                    $"concepts.txt, line {entry.Line}: '{label}' is no emoji of {_folder}/emojibase.json.");
            }
            foreach (string style in _styles)
            {
                string path = Path.Combine(_folder, style, $"{code}.png");
                if (File.Exists(path)) sprites.Add(new(() => Picture(path), style, _cache));
            }
        }
        foreach (string path in _clipArt?.Of(entry) ?? [])
            sprites.Add(new(() => Picture(path), ClipArtStyle, _cache));
        return sprites;
    }

    public List<string> Tags(ConceptEntry entry) => [.. entry.Labels.SelectMany(label => _tags[label]).Distinct()];

    private void ReadNames(string path)
    {
        try
        {
            using JsonDocument names = JsonDocument.Parse(File.ReadAllBytes(path));
            foreach (JsonElement e in names.RootElement.EnumerateArray())
            {
                string label = e.GetProperty("label").GetString()!;
                _codes[label] = e.GetProperty("hexcode").GetString()!;
                _tags[label] = e.TryGetProperty("tags", out JsonElement tags)
                    ? [.. tags.EnumerateArray().Select(t => t.GetString()!)] : [];
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new DataFormatException(
                $"{path} is not as published ({e.Message}). Run scripts/get-data.cs again.", e);
        }
    }

    private static Image Picture(string path)
    {
        try
        {
            return Image.Load(path);
        }
        catch (Exception e) when (e is IOException or ImageFormatException)
        {
            throw new DataFormatException($"{path}: {e.Message} Run scripts/get-data.cs again.", e);
        }
    }
}
