using ClipSeg.Numerics;
using ClipSeg.Scenes.Artwork;
using ClipSeg.Training.Data;

namespace ClipSeg.Scenes.Evaluation;

/// <summary>One-shot segmentation on scenes: something in one, and another scene that shows it.</summary>
internal sealed class SceneEpisodes(SceneTestSet scenes) : EpisodeData
{
    public override int Folds => 1;

    public override int Count(int fold) => scenes.Count;

    public override Episode Get(int fold, int index, int seed)
    {
        Scene scene = scenes.Generator.Generate(SceneSplit.Test, scenes.Seed, index);
        RandomStream random = new(RandomUse.Episodes, seed, index);
        List<Phrase> names = [.. SceneTestSet.NamesIn(scene)];
        while (names.Count > 0)
        {
            Phrase phrase = names[random.Next(names.Count)];
            names.Remove(phrase);
            SegmentationSample? support = SceneData.FindSupport(
                scenes.Generator, SceneSplit.Test, scenes.Seed, phrase, ref random);
            if (support is null) continue;
            SegmentationSample query = new()
            {
                Picture = scene.Picture,
                Mask = scene.Mask(phrase.Objects),
                Phrase = phrase.Text,
                Kind = SceneData.KindOf(phrase),
                Group = index,
            };
            return new(query, support, scenes.Catalogue.FindWord(phrase.Name));
        }
        throw new DataFormatException($"Scene {index} shows nothing that another scene shows for certain.");
    }
}
