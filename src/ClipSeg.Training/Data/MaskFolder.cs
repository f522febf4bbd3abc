using System.Text;
using System.Text.Json;
using ClipSeg.Imaging;
using ClipSeg.Text;
using nietras.SeparatedValues;

namespace ClipSeg.Training.Data;

/// <summary>Your own pictures: a list that names a picture, a mask and a phrase on every line.</summary>
/// <remarks>
/// The list is a .csv or a .jsonl file, in UTF-8. CSV: the first line is "image,mask,phrase" or
/// "image,mask,phrase,kind"; values that hold commas or quotes stand in double quotes, with quotes doubled, on one
/// line. JSON lines: an object with the texts "image", "mask", "phrase" and perhaps "kind" on every line, nothing
/// else. Empty lines are skipped. Paths are relative to the list's folder and stay within it; the files exist. A mask
/// is a picture of the same size, read as <see cref="Mask.Foreground"/> says; it may be black, but not all of them.
/// Everything else is refused, with file and line.
/// </remarks>
public sealed class MaskFolder : PhraseData
{
    private static readonly string[] _lists = ["phrases.csv", "phrases.jsonl"];
    private static readonly string[] _header = ["image", "mask", "phrase", "kind"];

    private readonly string _list, _folder;
    private readonly List<Entry> _entries = [];
    private readonly Dictionary<string, int> _pictures = new(StringComparer.Ordinal);

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
        RequireForeground();
    }

    /// <summary>Whether a path is such a list or a folder with one.</summary>
    internal static bool IsAt(string path) => File.Exists(path)
        ? Path.GetExtension(path).ToLowerInvariant() is ".csv" or ".jsonl"
        : Array.Exists(_lists, name => File.Exists(Path.Combine(path, name)));

    public override SegmentationSample Get(int index)
    {
        Entry entry = _entries[index];
        try
        {
            Image picture = Image.Load(PictureFile(index));
            Mask mask = Mask.Load(Path.Combine(_folder, entry.Mask)).Foreground();
            if (mask.Width != picture.Width || mask.Height != picture.Height)
            {
                throw Error(entry.Line, $"the mask is {mask.Width}x{mask.Height}, the picture "
                    + $"{picture.Width}x{picture.Height}");
            }
            return new()
            {
                Picture = picture,
                Mask = mask,
                Phrase = PhraseOf(index),
                Kind = entry.Kind,
                Group = GroupOf(index),
            };
        }
        catch (Exception e) when (e is ImageFormatException or IOException)
        {
            throw new DataFormatException($"{_list}, line {entry.Line}: {e.Message}", e);
        }
    }

    public override string PictureFile(int index) => Path.Combine(_folder, _entries[index].Image);

    private static string FindList(string folder)
    {
        string[] found = [.. _lists.Select(name => Path.Combine(folder, name)).Where(File.Exists)];
        return found.Length == 1 ? found[0]
            : throw new DataFormatException(
                $"{folder} has {found.Length} of {string.Join(", ", _lists)}, expected one.");
    }

    /// <summary>All of the list, which is UTF-8.</summary>
    private string Text()
    {
        byte[] bytes = File.ReadAllBytes(_list);
        if (StrictUtf8.TryDecode(bytes, out string text, out int offset)) return text;
        throw Error(1 + bytes.AsSpan(0, offset).Count((byte)'\n'), "not UTF-8");
    }

    private void ReadCsv()
    {
        using SepReader reader = Sep.New(',').Reader(o => o with { HasHeader = false, DisableColCountCheck = true })
            .FromText(Text());
        (int columns, int next) = (0, 1);       // Sep counts where rows end, but not where the first one starts
        foreach (SepReader.Row row in reader)
        {
            (int line, next) = (next, row.LineNumberToExcl);
            if (row.ColCount == 1 && row[0].Span.IsWhiteSpace()) continue;
            string[] values = new string[row.ColCount];
            for (int i = 0; i < values.Length; i++) values[i] = Unquote(line, row[i].Span);
            if (columns == 0)
            {
                columns = values.Length;
                if (columns < 3 || !_header.AsSpan().StartsWith(values))
                {
                    throw Error(line,
                        $"the header is '{row.Span}', expected image,mask,phrase or image,mask,phrase,kind");
                }
                continue;
            }
            if (values.Length != columns) throw Error(line, $"{values.Length} values, the header has {columns}");
            Add(line, values[0], values[1], values[2], values.Length > 3 ? values[3] : "");
        }
    }

    /// <summary>A value without the quotes around it; those within it are doubled.</summary>
    private string Unquote(int line, ReadOnlySpan<char> value)
    {
        if (value.ContainsAny('\r', '\n')) throw Error(line, "a quote is not closed on the same line");
        if (!value.Contains('"')) return value.ToString();
        if (value[0] != '"') throw Error(line, "a quote within a value that does not start with one");
        StringBuilder text = new();
        for (int i = 1; i < value.Length; i++)
        {
            if (value[i] == '"' && (++i == value.Length || value[i] != '"'))
            {
                if (i == value.Length) return text.ToString();
                throw Error(line, $"expected a comma after a closing quote, got '{value[i]}'");
            }
            text.Append(value[i]);
        }
        throw Error(line, "a quote is not closed on the same line");
    }

    private void ReadJsonLines()
    {
        string[] texts = Text().Split('\n');
        for (int line = 1; line <= texts.Length; line++)
        {
            if (string.IsNullOrWhiteSpace(texts[line - 1])) continue;
            try
            {
                using JsonDocument document = JsonDocument.Parse(texts[line - 1]);
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
        Add(phrase, picture);
        _entries.Add(new(line, image, mask, kind));
    }

    /// <summary>Reads masks until one has a pixel: nothing can be learned from a list without any.</summary>
    private void RequireForeground()
    {
        foreach (string mask in _entries.Select(e => e.Mask).Distinct())
        {
            try
            {
                if (Mask.Load(Path.Combine(_folder, mask)).Foreground().Values.AsSpan().Contains(1)) return;
            }
            catch (Exception e) when (e is ImageFormatException or IOException)
            {
                return;     // reported when it is its turn
            }
        }
        throw Error(_entries[0].Line, $"the mask '{_entries[0].Mask}' is black everywhere, and so is every other of "
            + "the list; a mask is white, or any colour, on the thing and black elsewhere");
    }

    private void CheckPath(int line, string path)
    {
        if (path.Length == 0) throw Error(line, "a path is empty");
        if (Path.IsPathRooted(path) || path.Split('/', '\\').Contains(".."))
            throw Error(line, $"the path '{path}' leaves the list's folder");
        if (!File.Exists(Path.Combine(_folder, path))) throw Error(line, $"there is no file '{path}'");
    }

    private DataFormatException Error(int line, string what) => new($"{_list}, line {line}: {what}.");

    private sealed record Entry(int Line, string Image, string Mask, string Kind);
}
