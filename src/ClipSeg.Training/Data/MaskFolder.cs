using System.Text;
using System.Text.Json;
using ClipSeg.Imaging;
using ClipSeg.Numerics;

namespace ClipSeg.Training.Data;

/// <summary>Your own pictures: a list that names a picture, a mask and a phrase on every line.</summary>
/// <remarks>
/// The list is a .csv or a .jsonl file, in UTF-8. CSV: the first line is "image,mask,phrase" or
/// "image,mask,phrase,kind"; values that hold commas or quotes stand in double quotes, with quotes doubled, on one
/// line. JSON lines: an object with the texts "image", "mask", "phrase" and perhaps "kind" on every line, nothing
/// else. Empty lines are skipped. Paths are relative to the list's folder and stay within it; the files exist. A mask
/// is a picture of the same size: black is outside, white inside, the limit half way. Everything else is refused,
/// with file and line.
/// </remarks>
public sealed class MaskFolder : SegmentationData
{
    private static readonly string[] _lists = ["phrases.csv", "phrases.jsonl"];

    private readonly string _list, _folder;
    private readonly List<Entry> _entries = [];
    private readonly Dictionary<string, int> _pictures = new(StringComparer.Ordinal);
    private readonly PhraseIndex _index = new();

    /// <param name="path">The list; or a folder with a phrases.csv or phrases.jsonl in it.</param>
    /// <exception cref="DataFormatException">A line is not as described, or names a file that is not there.</exception>
    public MaskFolder(string path)
    {
        _list = Directory.Exists(path) ? FindList(path) : path;
        if (!File.Exists(_list)) throw new DataFormatException($"There is no list '{_list}'.");
        _folder = Path.GetDirectoryName(Path.GetFullPath(_list))!;
        switch (Path.GetExtension(_list).ToLowerInvariant())
        {
            case ".csv": ReadCsv(); break;
            case ".jsonl": ReadJsonLines(); break;
            default: throw new DataFormatException($"{_list}: the list must be a .csv or a .jsonl file.");
        }
        if (_entries.Count == 0) throw new DataFormatException($"{_list} names no picture.");
    }

    public override int Count => _entries.Count;

    public override SegmentationSample Get(int index)
    {
        Entry entry = _entries[index];
        try
        {
            Image picture = Image.Load(PictureFile(index));
            Mask mask = Mask.Load(Path.Combine(_folder, entry.Mask)).Threshold(0.5f);
            if (mask.Width != picture.Width || mask.Height != picture.Height)
            {
                throw Error(entry.Line, $"the mask is {mask.Width}x{mask.Height}, the picture "
                    + $"{picture.Width}x{picture.Height}");
            }
            return new()
            {
                Picture = picture,
                Mask = mask,
                Phrase = _index.Phrases[entry.Phrase],
                Kind = entry.Kind,
                Group = _pictures[entry.Image],
            };
        }
        catch (Exception e) when (e is ImageFormatException or IOException)
        {
            throw new DataFormatException($"{_list}, line {entry.Line}: {e.Message}", e);
        }
    }

    public override long GroupOf(int index) => _pictures[_entries[index].Image];

    public override string PictureFile(int index) => Path.Combine(_folder, _entries[index].Image);

    /// <summary>Another line with the same phrase; null if there is none.</summary>
    public override SegmentationSample? Support(int index, int draw)
    {
        int[] others = [.. _index.SamplesOf(_entries[index].Phrase).Where(i => i != index)];
        RandomStream random = new(RandomUse.FolderSupports, draw, index);
        return others.Length == 0 ? null : Get(others[random.Next(others.Length)]);
    }

    public override NegativePhrase Negative(int index, int draw, bool withSupport)
    {
        RandomStream random = new(RandomUse.FolderNegatives, draw, index);
        int phrase = _index.Absent(_pictures[_entries[index].Image], ref random);
        IReadOnlyList<int> samples = _index.SamplesOf(phrase);
        bool shown = withSupport && samples.Count > 1;
        return new(_index.Phrases[phrase], shown ? Get(samples[random.Next(samples.Count)]) : null);
    }

    private static string FindList(string folder)
    {
        string[] found = [.. _lists.Select(name => Path.Combine(folder, name)).Where(File.Exists)];
        return found.Length == 1 ? found[0]
            : throw new DataFormatException(
                $"{folder} has {found.Length} of {string.Join(", ", _lists)}, expected one.");
    }

    private IEnumerable<(int Line, string Text)> Lines()
    {
        using StreamReader reader = new(_list, new UTF8Encoding(false, throwOnInvalidBytes: true));
        for (int line = 1; ; line++)
        {
            string? text;
            try
            {
                text = reader.ReadLine();
            }
            catch (DecoderFallbackException e)
            {
                throw new DataFormatException($"{_list}, near line {line}: not UTF-8.", e);
            }
            if (text is null) yield break;
            if (!string.IsNullOrWhiteSpace(text)) yield return (line, text);
        }
    }

    private void ReadCsv()
    {
        string[]? header = null;
        foreach ((int line, string text) in Lines())
        {
            string[] values = SplitCsv(line, text);
            if (header is null)
            {
                header = values;
                if (string.Join(',', values) is not ("image,mask,phrase" or "image,mask,phrase,kind"))
                    throw Error(line, $"the header is '{text}', expected image,mask,phrase or image,mask,phrase,kind");
                continue;
            }
            if (values.Length != header.Length)
                throw Error(line, $"{values.Length} values, the header has {header.Length}");
            Add(line, values[0], values[1], values[2], values.Length > 3 ? values[3] : "");
        }
    }

    private string[] SplitCsv(int line, string text)
    {
        List<string> values = [];
        StringBuilder value = new();
        for (int i = 0; ; i++)
        {
            value.Clear();
            if (i < text.Length && text[i] == '"')
            {
                for (i++; ; i++)
                {
                    if (i >= text.Length) throw Error(line, "a quote is not closed on the same line");
                    if (text[i] == '"' && (++i >= text.Length || text[i] != '"')) break;
                    value.Append(text[i]);
                }
                if (i < text.Length && text[i] != ',')
                    throw Error(line, $"expected a comma after a closing quote, got '{text[i]}'");
            }
            for (; i < text.Length && text[i] != ','; i++)
            {
                if (text[i] == '"') throw Error(line, "a quote within a value that does not start with one");
                value.Append(text[i]);
            }
            values.Add(value.ToString());
            if (i >= text.Length) return [.. values];
        }
    }

    private void ReadJsonLines()
    {
        foreach ((int line, string text) in Lines())
        {
            try
            {
                using JsonDocument document = JsonDocument.Parse(text);
                ReadJsonLine(line, document.RootElement);
            }
            catch (JsonException e)
            {
                throw new DataFormatException($"{_list}, line {line}: {e.Message}", e);
            }
        }
    }

    private void ReadJsonLine(int line, JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object) throw Error(line, "expected a JSON object");
        Dictionary<string, string> values = [];
        foreach (JsonProperty property in element.EnumerateObject())
        {
            string key = property.Name;
            if (key is not ("image" or "mask" or "phrase" or "kind")) throw Error(line, $"unknown key '{key}'");
            if (property.Value.ValueKind != JsonValueKind.String) throw Error(line, $"'{key}' is not a text");
            if (!values.TryAdd(key, property.Value.GetString()!)) throw Error(line, $"'{key}' stands twice");
        }
        foreach (string key in (string[])["image", "mask", "phrase"])
            if (!values.ContainsKey(key)) throw Error(line, $"'{key}' is missing");
        Add(line, values["image"], values["mask"], values["phrase"], values.GetValueOrDefault("kind", ""));
    }

    private void Add(int line, string image, string mask, string phrase, string kind)
    {
        if (string.IsNullOrWhiteSpace(phrase)) throw Error(line, "the phrase is empty");
        CheckPath(line, image);
        CheckPath(line, mask);
        if (!_pictures.TryGetValue(image, out int picture)) _pictures.Add(image, picture = _pictures.Count);
        _entries.Add(new(line, image, mask, _index.Add(_entries.Count, phrase, picture), kind));
    }

    private void CheckPath(int line, string path)
    {
        if (path.Length == 0) throw Error(line, "a path is empty");
        if (Path.IsPathRooted(path) || path.Split('/', '\\').Contains(".."))
            throw Error(line, $"the path '{path}' leaves the list's folder");
        if (!File.Exists(Path.Combine(_folder, path))) throw Error(line, $"there is no file '{path}'");
    }

    private DataFormatException Error(int line, string what) => new($"{_list}, line {line}: {what}.");

    private sealed record Entry(int Line, string Image, string Mask, int Phrase, string Kind);
}
