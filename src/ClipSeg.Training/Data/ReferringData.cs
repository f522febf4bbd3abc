using System.Text.Json;
using System.Text.Json.Serialization;

namespace ClipSeg.Training.Data;

/// <summary>
/// RefCOCO, RefCOCO+, RefCOCOg and gRefCOCO: instances.json with COCO's shapes, and references to them, as JSON. A
/// sample is a sentence. Those of gRefCOCO may mean several things, or none.
/// </summary>
/// <remarks>
/// The published refs(unc).p is a pickle; the same as JSON, refs(unc).json, will do. Where there are several, it is
/// the split that papers report, "unc" or "umd".
/// </remarks>
internal sealed class ReferringData : PhraseData
{
    private readonly CocoPictures _pictures;
    private readonly List<IReadOnlyList<CocoSegmentation>> _shapes = [];

    /// <param name="folder">With instances.json and one of refs*.p, refs*.json and grefs*.json.</param>
    /// <param name="split">train, val, test, testA or testB, as the references say.</param>
    /// <exception cref="DataFormatException">A file is missing, or names what is not there.</exception>
    public ReferringData(string folder, string split)
    {
        string[] files = [.. References(folder)], usual = Array.FindAll(files, IsUsual);
        if (usual.Length == 1) files = usual;
        if (files.Length != 1)
        {
            throw new DataFormatException(
                $"'{folder}' has {files.Length} of refs*.p, refs*.json and grefs*.json, expected one, or one of unc "
                + "or umd.");
        }
        (string instances, string references) = (Path.Combine(folder, "instances.json"), files[0]);
        CocoFile file = CocoFile.Read(instances);
        _pictures = new(instances, file);
        Dictionary<long, CocoAnnotation> annotations =
            CocoPictures.ById(instances, file.Annotations, annotation => annotation.Id, "annotations");
        IReadOnlyList<CocoReference> all = Path.GetExtension(references) == ".p"
            ? CocoReferencePickle.ReadAll(references) : CocoReference.ReadAll(references);
        for (int i = 0; i < all.Count; i++)
        {
            CocoReference reference = all[i];
            if (reference.Split != split) continue;
            if (!_pictures.Has(reference.ImageId))
                throw new DataFormatException($"{references}, [{i}]: image {reference.ImageId} is not in {instances}.");
            List<CocoSegmentation> shapes = [];
            foreach (long id in reference.AnnId.Ids.Where(id => id >= 0))
            {
                shapes.Add(annotations.TryGetValue(id, out CocoAnnotation? annotation) ? annotation.Segmentation
                    : throw new DataFormatException($"{references}, [{i}]: annotation {id} is not in {instances}."));
            }
            foreach (CocoSentence sentence in reference.Sentences)
            {
                Add(sentence.Sent, reference.ImageId);
                _shapes.Add(shapes);
            }
        }
        if (Count > 0) return;
        string splits = string.Join(", ", all.Select(r => r.Split).Distinct().Order(StringComparer.Ordinal));
        throw new DataFormatException($"{references} has no reference of '{split}'; it has {splits}.");
    }

    public static bool IsAt(string folder)
        => File.Exists(Path.Combine(folder, "instances.json")) && References(folder).Any();

    public override string PictureFile(int index) => _pictures.FileOf(GroupOf(index));

    public override SegmentationSample Get(int index) => new()
    {
        Picture = _pictures.Load(GroupOf(index)),
        Mask = _pictures.MaskOf(GroupOf(index), _shapes[index]),
        Phrase = PhraseOf(index),
        Kind = _shapes[index].Count switch { 0 => "no target", 1 => "", _ => "several targets" },
        Group = GroupOf(index),
    };

    private static bool IsUsual(string file)
        => Path.GetFileName(file) is var name && (name.Contains("(unc)") || name.Contains("(umd)"));

    private static IEnumerable<string> References(string folder) => !Directory.Exists(folder) ? []
        : ((string[])["refs*.p", "refs*.json", "grefs*.json"]).SelectMany(files => Directory.GetFiles(folder, files));
}

/// <summary>What is referred to, and the sentences that do.</summary>
/// <param name="ImageId">In instances.json.</param>
/// <param name="AnnId">One annotation or, in gRefCOCO, a list; -1 stands for none.</param>
/// <param name="Split">Whose it is.</param>
/// <param name="Sentences">At least one.</param>
internal sealed record CocoReference(
    long ImageId, CocoIds AnnId, string Split, IReadOnlyList<CocoSentence> Sentences)
{
    /// <exception cref="DataFormatException">It is missing, or no list of references.</exception>
    public static IReadOnlyList<CocoReference> ReadAll(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            return JsonSerializer.Deserialize(file, CocoJson.Default.IReadOnlyListCocoReference) ?? [];
        }
        catch (JsonException e)
        {
            throw new DataFormatException($"{path}: {e.Message}", e);
        }
    }
}

/// <param name="Sent">In lower case, without punctuation, as the authors score it.</param>
internal sealed record CocoSentence(string Sent);

/// <summary>A number or a list of them.</summary>
[JsonConverter(typeof(CocoIdsConverter))]
internal sealed record CocoIds(IReadOnlyList<long> Ids);

/// <summary>Reads both.</summary>
internal sealed class CocoIdsConverter : JsonConverter<CocoIds>
{
    public override CocoIds Read(ref Utf8JsonReader json, Type type, JsonSerializerOptions options)
    {
        if (json.TokenType == JsonTokenType.Number) return new([json.GetInt64()]);
        if (json.TokenType != JsonTokenType.StartArray) throw new JsonException("Expected a number or a list of them.");
        List<long> ids = [];
        while (json.Read() && json.TokenType == JsonTokenType.Number) ids.Add(json.GetInt64());
        return json.TokenType == JsonTokenType.EndArray ? new(ids) : throw new JsonException("Expected a number.");
    }

    public override void Write(Utf8JsonWriter writer, CocoIds value, JsonSerializerOptions options)
        => throw new NotSupportedException("References are read only.");
}
