using System.Text.Json;
using ClipSeg.Files;
using ClipSeg.Imaging;
using ClipSeg.Training.Data;

namespace ClipSeg.Scenes;

/// <summary>Writes scenes as PhraseCut does; spec training-and-evaluation.md §4.1. Pictures are PNG.</summary>
internal sealed class PhraseCutWriter(string folder, int size, int phrasesPerScene)
{
    private readonly List<(long Id, string Split)> _images = [];
    private readonly Dictionary<string, int> _names = [], _attributes = [], _predicates = [];

    public void WriteSplit(string split, IEnumerable<Scene> scenes)
        => WriteJson($"refer_{split}.json", json =>
    {
        json.WriteStartArray();
        foreach (Scene scene in scenes)
        {
            long id = _images.Count + 1;
            _images.Add((id, split));
            scene.Picture.Save(Path.Combine(folder, "images", $"{id}.png"));
            foreach (Phrase phrase in SceneFiles.PhrasesOf(scene, id, phrasesPerScene))
                WriteTask(json, scene, phrase, id);
            json.Flush();
        }
        json.WriteEndArray();
    });

    /// <summary>The list of pictures and the counts of words, once all splits are written.</summary>
    public void WriteTables()
    {
        WriteJson("image_data_split.json", json =>
        {
            json.WriteStartArray();
            foreach ((long id, string split) in _images)
            {
                json.WriteStartObject();
                json.WriteNumber("image_id", id);
                json.WriteNumber("width", size);
                json.WriteNumber("height", size);
                json.WriteString("split", split);
                json.WriteString("url", "");
                json.WriteNull("coco_id");
                json.WriteNull("flickr_id");
                json.WriteEndObject();
            }
            json.WriteEndArray();
        });
        WriteJson("name_att_rel_count.json", json =>
        {
            json.WriteStartObject();
            WriteCounts(json, "cat", _names);
            WriteCounts(json, "att", _attributes);
            WriteCounts(json, "rel", _predicates);
            json.WriteEndObject();
        });
    }

    private void WriteTask(Utf8JsonWriter json, Scene scene, Phrase phrase, long imageId)
    {
        int[] objects = [.. Enumerable.Range(0, scene.Objects.Count).Where(i => (phrase.Objects >> i & 1) == 1)];
        long[] annotations = [.. objects.Select(i => imageId * 32 + i)];
        json.WriteStartObject();
        json.WriteString("task_id", $"{imageId}__{string.Join('_', annotations)}");
        json.WriteNumber("image_id", imageId);
        WriteNumbers(json, "ann_ids", annotations);
        json.WriteStartArray("instance_boxes");
        foreach (SceneObject item in objects.Select(i => scene.Objects[i]))
            WriteNumbers(json, null, [item.Left, item.Top, item.Right - item.Left + 1, item.Bottom - item.Top + 1]);
        json.WriteEndArray();
        json.WriteStartArray("Polygons");
        foreach (int i in objects) WriteInstance(json, scene.Mask(1u << i));
        json.WriteEndArray();
        json.WriteString("phrase", phrase.Key);
        WriteStructure(json, phrase);
        json.WriteEndObject();
    }

    private static void WriteInstance(Utf8JsonWriter json, Mask mask)
    {
        json.WriteStartArray();
        foreach (double[] polygon in Polygon.Trace(mask))
        {
            json.WriteStartArray();
            for (int i = 0; i < polygon.Length; i += 2)
            {
                json.WriteStartArray();
                json.WriteNumberValue(polygon[i]);
                json.WriteNumberValue(polygon[i + 1]);
                json.WriteEndArray();
            }
            json.WriteEndArray();
        }
        json.WriteEndArray();
    }

    private void WriteStructure(Utf8JsonWriter json, Phrase phrase)
    {
        Count(_names, phrase.Name);
        json.WriteStartObject("phrase_structure");
        json.WriteString("name", phrase.Name);
        json.WriteStartArray("attributes");
        if (phrase.Attribute is not null)
        {
            json.WriteStringValue(phrase.Attribute);
            Count(_attributes, phrase.Attribute);
        }
        json.WriteEndArray();
        json.WriteStartArray("relation_ids");
        json.WriteEndArray();
        json.WriteStartArray("relation_descriptions");
        if (phrase.Predicate is not null)
        {
            json.WriteStartArray();
            json.WriteStringValue(phrase.Predicate);
            json.WriteStringValue(phrase.RelatedName);
            json.WriteEndArray();
            Count(_predicates, phrase.Predicate);
        }
        json.WriteEndArray();
        string type = phrase.Predicate is not null ? "relation" : phrase.Attribute is not null ? "attribute" : "name";
        json.WriteString("type", type);
        json.WriteEndObject();
    }

    private void WriteJson(string name, Action<Utf8JsonWriter> write)
        => OutputFile.Write(Path.Combine(folder, name), file =>
        {
            using Utf8JsonWriter json = new(file);
            write(json);
        });

    private static void WriteNumbers(Utf8JsonWriter json, string? name, ReadOnlySpan<long> numbers)
    {
        if (name is null) json.WriteStartArray();
        else json.WriteStartArray(name);
        foreach (long number in numbers) json.WriteNumberValue(number);
        json.WriteEndArray();
    }

    private static void WriteCounts(Utf8JsonWriter json, string name, Dictionary<string, int> counts)
    {
        json.WriteStartArray(name);
        foreach ((string word, int count) in counts
            .OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal))
        {
            json.WriteStartArray();
            json.WriteStringValue(word);
            json.WriteNumberValue(count);
            json.WriteEndArray();
        }
        json.WriteEndArray();
    }

    private static void Count(Dictionary<string, int> counts, string word)
        => counts[word] = counts.GetValueOrDefault(word) + 1;
}
