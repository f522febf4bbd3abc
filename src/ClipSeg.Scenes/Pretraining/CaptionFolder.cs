using System.Text.Json;
using System.Text.Json.Serialization;
using ClipSeg.Imaging;
using ClipSeg.Training.Data;
using nietras.SeparatedValues;

namespace ClipSeg.Scenes.Pretraining;

/// <summary>Somebody's own pictures, and a list beside them of what each shows.</summary>
/// <remarks>
/// The list is <c>captions.csv</c>, in UTF-8, with the header <c>image,caption</c>, or <c>captions.jsonl</c>, an
/// object with these two texts on each line. Paths are relative to the folder and stay within it; a picture may stand
/// on several lines.
/// </remarks>
internal sealed class CaptionFolder : CaptionData
{
    private const string Csv = "captions.csv", JsonLines = "captions.jsonl";
    private const int ValidationShare = 10;         // every tenth line

    private readonly string _folder;
    private readonly CaptionLine[] _lines;

    private CaptionFolder(string folder, CaptionLine[] lines) => (_folder, _lines) = (folder, lines);

    public override long? Count => _lines.Length;

    /// <summary>Reads the list of a folder: every tenth line is kept for validation.</summary>
    /// <exception cref="DataFormatException">There is no list, or a line of it is out of order.</exception>
    public static (CaptionFolder Train, CaptionFolder Validation) Open(string folder)
    {
        string csv = Path.Combine(folder, Csv), json = Path.Combine(folder, JsonLines);
        if (File.Exists(csv) == File.Exists(json))
            throw new DataFormatException($"'{folder}' should have one list of captions, {Csv} or {JsonLines}.");
        CaptionLine[] lines = File.Exists(csv) ? ReadCsv(csv) : ReadJsonLines(json);
        string list = File.Exists(csv) ? csv : json;
        foreach (CaptionLine line in lines) Check(folder, list, line);
        return (new(folder, [.. lines.Where((_, i) => i % ValidationShare != ValidationShare - 1)]),
            new(folder, [.. lines.Where((_, i) => i % ValidationShare == ValidationShare - 1)]));
    }

    public override CaptionSample Get(long index)
    {
        CaptionLine line = _lines[index];
        string path = Path.Combine(_folder, line.Image);
        try
        {
            return new(Image.Load(path), line.Caption);
        }
        catch (ImageFormatException e)
        {
            throw new DataFormatException($"{path}: {e.Message} It is named by line {line.Number} of the list.", e);
        }
    }

    private static CaptionLine[] ReadCsv(string path)
    {
        try
        {
            using SepReader reader = Sep.New(',').Reader(o => o with { Unescape = true }).FromFile(path);
            if (!reader.Header.ColNames.SequenceEqual(["image", "caption"]))
                throw new DataFormatException($"{path}: the header is not 'image,caption'.");
            List<CaptionLine> lines = [];
            foreach (SepReader.Row row in reader)
            {
                lines.Add(new(row["image"].ToString(), row["caption"].ToString()) { Number = row.LineNumberFrom });
            }
            return [.. lines];
        }
        catch (Exception e) when (e is InvalidDataException or KeyNotFoundException or ArgumentException)
        {
            throw new DataFormatException($"{path}: {e.Message}", e);
        }
    }

    private static CaptionLine[] ReadJsonLines(string path)
    {
        List<CaptionLine> lines = [];
        int number = 0;
        foreach (string text in File.ReadLines(path))
        {
            number++;
            if (string.IsNullOrWhiteSpace(text)) continue;
            try
            {
                CaptionLine line = JsonSerializer.Deserialize(text, CaptionJson.Default.CaptionLine)
                    ?? throw new JsonException("Expected an object, got null.");
                lines.Add(line with { Number = number });
            }
            catch (JsonException e)
            {
                throw new DataFormatException($"{path}, line {number}: {e.Message}", e);
            }
        }
        return [.. lines];
    }

    private static void Check(string folder, string list, CaptionLine line)
    {
        string at = $"{list}, line {line.Number}";
        if (string.IsNullOrWhiteSpace(line.Caption)) throw new DataFormatException($"{at}: the caption is empty.");
        if (Path.IsPathRooted(line.Image) || line.Image.Split('/', '\\').Contains(".."))
            throw new DataFormatException($"{at}: the path '{line.Image}' leaves the list's folder.");
        if (!File.Exists(Path.Combine(folder, line.Image)))
            throw new DataFormatException($"{at}: there is no file '{line.Image}'.");
    }
}

/// <summary>One line of a list of captions.</summary>
internal sealed record CaptionLine(
    [property: JsonPropertyName("image"), JsonRequired] string Image,
    [property: JsonPropertyName("caption"), JsonRequired] string Caption)
{
    /// <summary>In the list, 1 the first.</summary>
    [JsonIgnore]
    public int Number { get; init; }
}

[JsonSourceGenerationOptions(UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(CaptionLine))]
internal sealed partial class CaptionJson : JsonSerializerContext;
