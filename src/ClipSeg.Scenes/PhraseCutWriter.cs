using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using ClipSeg.Files;
using ClipSeg.Training.Data;

namespace ClipSeg.Scenes;

/// <summary>Writes scenes as PhraseCut does; spec training-and-evaluation.md §4.1. Pictures are PNG.</summary>
internal sealed class PhraseCutWriter(string folder, int size, int phrasesPerScene)
{
    private readonly List<ImageFile> _images = [];
    private readonly Dictionary<string, int> _names = [], _attributes = [], _predicates = [];

    public void WriteSplit(string split, IEnumerable<Scene> scenes)
        => Write($"refer_{split}.json", Tasks(split, scenes), PhraseCutJson.Default.IEnumerableTaskFile);

    /// <summary>The list of pictures and the counts of words, once all splits are written.</summary>
    public void WriteTables()
    {
        Write("image_data_split.json", _images, PhraseCutJson.Default.ListImageFile);
        Write("name_att_rel_count.json", new(Sorted(_names), Sorted(_attributes), Sorted(_predicates)),
            PhraseCutJson.Default.CountsFile);
    }

    private IEnumerable<TaskFile> Tasks(string split, IEnumerable<Scene> scenes)
    {
        foreach (Scene scene in scenes)
        {
            long id = _images.Count + 1;
            _images.Add(new(id, size, size, split));
            scene.Picture.Save(Path.Combine(folder, "images", $"{id}.png"));
            foreach (Phrase phrase in SceneFiles.PhrasesOf(scene, id, phrasesPerScene))
            {
                Count(_names, phrase.Name);
                if (phrase.Attribute is not null) Count(_attributes, phrase.Attribute);
                if (phrase.Predicate is not null) Count(_predicates, phrase.Predicate);
                yield return Task(scene, phrase, id);
            }
        }
    }

    private static TaskFile Task(Scene scene, Phrase phrase, long imageId)
    {
        int[] objects = [.. Enumerable.Range(0, scene.Objects.Count).Where(i => (phrase.Objects >> i & 1) == 1)];
        long[] annotations = [.. objects.Select(i => imageId * 32 + i)];
        return new($"{imageId}__{string.Join('_', annotations)}", imageId, annotations,
            [.. objects.Select(i => scene.Objects[i]).Select(item => (int[])
                [item.Left, item.Top, item.Right - item.Left + 1, item.Bottom - item.Top + 1])],
            [.. objects.Select(i => Polygon.Trace(scene.Mask(1u << i))
                .Select(polygon => polygon.Chunk(2).ToArray()).ToArray())],
            phrase.Key,
            new(phrase.Name, phrase.Attribute is null ? [] : [phrase.Attribute], [],
                phrase.Predicate is null ? [] : [[phrase.Predicate, phrase.RelatedName]],
                phrase.Predicate is not null ? "relation" : phrase.Attribute is not null ? "attribute" : "name"));
    }

    private void Write<T>(string name, T content, JsonTypeInfo<T> type)
        => OutputFile.Write(Path.Combine(folder, name), file => JsonSerializer.Serialize(file, content, type));

    /// <summary>[word, count], the most frequent first.</summary>
    private static object[][] Sorted(Dictionary<string, int> counts) =>
    [
        .. counts.OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal)
            .Select(c => (object[])[c.Key, c.Value]),
    ];

    private static void Count(Dictionary<string, int> counts, string word)
        => counts[word] = counts.GetValueOrDefault(word) + 1;
}

/// <summary>An entry of <c>image_data_split.json</c>.</summary>
internal sealed record ImageFile(
    long ImageId, int Width, int Height, string Split, string Url = "", long? CocoId = null, long? FlickrId = null);

/// <summary>An entry of a refer file. Polygons: by instance, polygon and point; x, y.</summary>
internal sealed record TaskFile(
    string TaskId, long ImageId, long[] AnnIds, int[][] InstanceBoxes,
    [property: JsonPropertyName("Polygons")] double[][][][] Polygons, string Phrase, StructureFile PhraseStructure);

/// <summary>The words of a phrase.</summary>
internal sealed record StructureFile(
    string Name, string[] Attributes, long[] RelationIds, string?[][] RelationDescriptions, string Type);

/// <summary><c>name_att_rel_count.json</c>: [word, count].</summary>
internal sealed record CountsFile(object[][] Cat, object[][] Att, object[][] Rel);

/// <summary>The JSON of a PhraseCut folder.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(IEnumerable<TaskFile>))]
[JsonSerializable(typeof(List<ImageFile>))]
[JsonSerializable(typeof(CountsFile))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(int))]
internal sealed partial class PhraseCutJson : JsonSerializerContext;
