using ClipSeg.Prompts;
using ClipSeg.Scenes;
using ClipSeg.Scenes.Artwork;
using ClipSeg.Scenes.Evaluation;

namespace ClipSeg.Tests.Scenes.Evaluation;

public sealed class RetrievalTests
{
    [Fact]
    public void Retrieval_counts_the_pictures_whose_name_is_among_the_most_similar()
    {
        using Segmenter segmenter = Segmenter.Load(Fixtures.At("model", "mini"));
        EmojiCatalogue catalogue = TestArtwork.Catalogue;

        RetrievalScore score = Assert.Single(Retrieval.Measure(segmenter, catalogue, seed: 3));

        SceneGenerator generator = new(catalogue, SceneOptions.Single with { Size = 48, Pool = ConceptPool.All });
        Prompt[] names = [.. catalogue.Concepts.Select(c => segmenter.Prompt($"a photo of {c.Name.WithArticle}"))];
        int[] ranks = [.. catalogue.Concepts.Select(concept =>
        {
            Prompt shown = segmenter.Prompt(Retrieval.Draw(generator, concept, "test", seed: 3).Picture);
            return names.OrderByDescending(name => Prompt.Cosine(shown, name)).ToList()
                .IndexOf(names[concept.Id]);
        })];
        Assert.Equal("test", score.Style);
        Assert.Equal((ranks.Length, ranks.Length), (score.Pictures, score.Names));
        Assert.Equal(ranks.Count(r => r == 0), score.Top1 * score.Pictures, 1e-9);
        Assert.Equal(ranks.Count(r => r < 5), score.Top5 * score.Pictures, 1e-9);
        Assert.True(score.Top5 > 0);
    }

    [EmojiFact]
    public void Pictures_are_drawn_in_the_style_that_is_measured()
    {
        EmojiCatalogue catalogue = EmojiCatalogue.Load(EmojiFactAttribute.Folder);
        SceneGenerator generator = new(catalogue, SceneOptions.Single with { Size = 32, Pool = ConceptPool.All });
        foreach (string style in (string[])["noto", "twemoji"])
        {
            foreach (Concept concept in catalogue.Concepts.Take(20))
            {
                SceneObject item = Retrieval.Draw(generator, concept, style, seed: 1).Objects[0];
                Assert.Equal((style, concept), (item.Sprite.Style, item.Concept));
            }
        }
    }

    [EmojiFact]
    public void Concepts_are_drawn_once_each_style_in_its_turn()
    {
        EmojiCatalogue catalogue = EmojiCatalogue.Load(EmojiFactAttribute.Folder, ["noto", "twemoji"]);
        Assert.All(catalogue.Concepts, concept
            => Assert.Contains(Retrieval.StyleOf(concept), concept.Sprites.Select(sprite => sprite.Style)));
        Concept[] both = [.. catalogue.Concepts.Where(c => c.Sprites.Select(s => s.Style).Distinct().Count() == 2)];
        double share = (double)both.Count(concept => Retrieval.StyleOf(concept) == "noto") / both.Length;
        Assert.InRange(share, 0.45, 0.55);
    }
}
