using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using ClipSeg.Files;
using ClipSeg.Numerics;
using ClipSeg.Training.Data;

namespace ClipSeg.Scenes;

/// <summary>Scenes as files, for tools that read folders.</summary>
internal static class SceneFiles
{
    private const int Tries = 12;       // for distinct phrases of one scene

    /// <summary>Different phrases for one scene, at most so many, always the same ones.</summary>
    public static List<Phrase> PhrasesOf(Scene scene, long index, int count)
    {
        RandomStream random = new(RandomUse.ScenePhrases, seed: 0, index);
        ScenePhrases phrases = new(scene);
        List<Phrase> chosen = [];
        for (int i = 0; i < Tries * count && chosen.Count < count; i++)
        {
            if (phrases.Sample(ref random) is Phrase phrase && chosen.TrueForAll(other => other.Text != phrase.Text))
                chosen.Add(phrase);
        }
        return chosen;
    }

    /// <summary>
    /// Writes pictures, masks and phrases.jsonl as <see cref="MaskFolder"/> reads them. The list comes last.
    /// </summary>
    /// <param name="folder">Made if it does not exist.</param>
    /// <param name="generator">Draws the scenes.</param>
    /// <param name="split">Which scenes.</param>
    /// <param name="seed">Which of the many sets.</param>
    /// <param name="count">Scenes; each may have several lines.</param>
    /// <param name="phrasesPerScene">At most.</param>
    /// <param name="onScene">Called for every scene; what it throws ends the work.</param>
    public static void WriteFolder(
        string folder, SceneGenerator generator, SceneSplit split, int seed, int count, int phrasesPerScene = 4,
        Action? onScene = null)
    {
        Directory.CreateDirectory(Path.Combine(folder, "images"));
        Directory.CreateDirectory(Path.Combine(folder, "masks"));
        StringBuilder list = new();
        for (int i = 0; i < count; i++)
        {
            onScene?.Invoke();
            Scene scene = generator.Generate(split, seed, i);
            string image = $"images/{i:D6}.png";
            scene.Picture.Save(Path.Combine(folder, image));
            List<Phrase> phrases = PhrasesOf(scene, i, phrasesPerScene);
            for (int k = 0; k < phrases.Count; k++)
            {
                string mask = $"masks/{i:D6}-{k}.png";
                scene.Mask(phrases[k].Objects).Save(Path.Combine(folder, mask));
                PhraseLine line = new(image, mask, phrases[k].Text, SceneData.KindOf(phrases[k]));
                list.Append(JsonSerializer.Serialize(line, PhraseLineJson.Plain.PhraseLine)).Append('\n');
            }
        }
        OutputFile.Write(Path.Combine(folder, "phrases.jsonl"), list.ToString());
    }

    /// <summary>
    /// Writes a PhraseCut folder: images, image_data_split.json, name_att_rel_count.json and a refer file per split.
    /// </summary>
    /// <param name="folder">Made if it does not exist.</param>
    /// <param name="generator">Draws the scenes.</param>
    /// <param name="seed">Which of the many sets.</param>
    /// <param name="counts">Scenes of every split: train, val and test, in this order.</param>
    /// <param name="phrasesPerScene">At most.</param>
    /// <param name="onScene">Called for every scene; what it throws ends the work.</param>
    public static void WritePhraseCut(
        string folder, SceneGenerator generator, int seed, (int Train, int Val, int Test) counts,
        int phrasesPerScene = 4, Action? onScene = null)
    {
        Directory.CreateDirectory(Path.Combine(folder, "images"));
        PhraseCutWriter writer = new(folder, generator.Options.Size, phrasesPerScene);
        writer.WriteSplit("train", Scenes(SceneSplit.Train, counts.Train));
        writer.WriteSplit("val", Scenes(SceneSplit.Validation, counts.Val));
        writer.WriteSplit("test", Scenes(SceneSplit.Test, counts.Test));
        writer.WriteTables();

        IEnumerable<Scene> Scenes(SceneSplit split, int count)
        {
            for (int i = 0; i < count; i++)
            {
                onScene?.Invoke();
                yield return generator.Generate(split, seed, i);
            }
        }
    }
}

/// <summary>A line of phrases.jsonl.</summary>
internal sealed record PhraseLine(string Image, string Mask, string Phrase, string Kind);

/// <summary>The JSON of phrases.jsonl. Text of any script stays readable.</summary>
[JsonSerializable(typeof(PhraseLine))]
internal sealed partial class PhraseLineJson : JsonSerializerContext
{
    public static PhraseLineJson Plain { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
