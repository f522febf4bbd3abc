using ClipSeg.Numerics;
using ClipSeg.Scenes;
using ClipSeg.Scenes.Artwork;
using ClipSeg.Training.Data;

namespace ClipSeg.Tests.Scenes;

public sealed class ScenePhrasesTests
{
    private static readonly Scene _three = TestArtwork.Rectangles(100,
        new("dog", 8, 40, 20, 20, 0xC81414),            // 0: red, at the left
        new("dog", 70, 40, 10, 10, 0x1E3CDC),           // 1: small, blue, further right
        new("pizza", 31, 40, 12, 20, 0xFAD21E));       // 2: yellow, beside the first dog

    [Theory]
    [InlineData("dog", 0b011)]
    [InlineData("hound", 0b011)]
    [InlineData("an animal", 0b011)]
    [InlineData("something to eat", 0b100)]
    [InlineData("food", 0b100)]
    [InlineData("the red dog", 0b001)]
    [InlineData("the blue animal", 0b010)]
    [InlineData("the large dog", 0b001)]
    [InlineData("the small dog", 0b010)]
    [InlineData("the dog on the left", 0b001)]
    [InlineData("the dog on the right", 0b010)]
    [InlineData("the pizza on the left", 0)]            // the only one, and too near the middle
    [InlineData("the dog next to the pizza", 0b001)]
    [InlineData("the dog to the left of the pizza", 0b001)]
    [InlineData("the dog to the right of the pizza", 0b010)]
    [InlineData("the dog above the pizza", 0)]
    [InlineData("the pizza next to the dog", 0)]        // which dog?
    [InlineData("something red", 0b001)]
    [InlineData("something yellow", 0b100)]
    [InlineData("something green", 0)]
    [InlineData("cat", 0)]
    public void Phrase_means_these_objects_or_is_not_said(string text, int objects)
    {
        Phrase? phrase = new ScenePhrases(_three).All().SingleOrDefault(p => p.Text == text);
        Assert.Equal((uint)objects, phrase?.Objects ?? 0);
    }

    [Fact]
    public void Doubtful_word_is_neither_said_nor_denied()
    {
        Scene scene = TestArtwork.Rectangles(100, new("dog", 5, 5, 20, 20), new("hot dog", 60, 60, 20, 20));
        ScenePhrases phrases = new(scene);
        Assert.DoesNotContain(phrases.All(), p => p.Name == "dog");
        Assert.Contains(phrases.All(), p => p.Name == "hound");
        RandomStream random = new(RandomUse.Tests, 0, 0);
        for (int i = 0; i < 500; i++) Assert.NotEqual("dog", phrases.Negative(ref random).Name);
    }

    [Fact]
    public void Colour_is_said_only_where_all_agree()
    {
        Scene scene = TestArtwork.Rectangles(
            100, new("circle", 5, 5, 20, 20, 0x1414E6), new("star", 60, 60, 20, 20, 0xC8C828));
        Assert.Contains(new ScenePhrases(scene).All(), p => p.Text == "the blue circle");
        Assert.DoesNotContain(new ScenePhrases(scene).All(), p => p.Text == "the blue star");

        // Of the second circle one half is blue: nobody can say which are "the blue circles".
        scene = TestArtwork.Rectangles(
            100, new("circle", 5, 5, 20, 20, 0x1414E6), new("circle", 60, 60, 20, 20, 0xC8C828, 0x1414E6));
        Assert.DoesNotContain(new ScenePhrases(scene).All(), p => p.Text == "the blue circle");
    }

    [Theory]
    [InlineData(221, 46, 68, ColourName.Red)]
    [InlineData(255, 204, 77, ColourName.Yellow)]
    [InlineData(244, 144, 12, ColourName.Orange)]
    [InlineData(120, 177, 89, ColourName.Green)]
    [InlineData(59, 136, 195, ColourName.Blue)]
    [InlineData(170, 142, 214, ColourName.Purple)]
    [InlineData(234, 89, 110, ColourName.Red)]
    [InlineData(244, 171, 186, ColourName.Pink)]
    [InlineData(141, 85, 36, ColourName.Brown)]
    [InlineData(41, 47, 51, ColourName.Black)]
    [InlineData(245, 248, 250, ColourName.White)]
    [InlineData(153, 170, 181, ColourName.Gray)]
    [InlineData(0, 160, 160, ColourName.None)]
    internal void Colours_have_their_names(byte r, byte g, byte b, ColourName expected)
        => Assert.Equal(expected, ColourShares.NameOf(r, g, b));

    [Fact]
    public void Plain_phrases_are_true_of_all_their_objects_and_of_no_other()
    {
        SceneGenerator generator = new(TestArtwork.Catalogue, new() { Size = 64, Pool = ConceptPool.All });
        int said = 0;
        for (int i = 0; i < 300; i++)
        {
            Scene scene = generator.Generate(SceneSplit.Train, 4, i);
            foreach (Phrase phrase in new ScenePhrases(scene).All().Where(p => p.Kind <= PhraseKind.Affordance))
            {
                uint expected = 0;
                for (int k = 0; k < scene.Objects.Count; k++)
                {
                    Concept c = scene.Objects[k].Concept;
                    IEnumerable<Term> terms = c.Synonyms.Concat(c.Categories).Prepend(c.Name);
                    if (terms.Any(t => t.Text == phrase.Name)) expected |= 1u << k;
                }
                Assert.Equal(expected, phrase.Objects);
                said++;
            }
        }
        Assert.True(said > 1000);
    }

    [Fact]
    public void Training_never_says_a_held_out_word()
    {
        SceneGenerator generator = new(TestArtwork.Catalogue, new() { Size = 32, Pool = ConceptPool.Seen });
        SceneData data = new(generator, SceneSplit.Train, 1, 500);
        string[] words = [.. TestArtwork.Catalogue.Concepts.Where(c => c.HeldOut)
            .SelectMany(c => c.Synonyms.Prepend(c.Name)).Select(t => t.Text)];
        Assert.NotEmpty(words);
        for (int i = 0; i < data.Count; i++)
        {
            (Scene scene, Phrase phrase) = data.Draw(i);
            Assert.Equal(Exposure.Seen, phrase.Exposure);
            Assert.DoesNotContain(phrase.Name, words);
            Assert.DoesNotContain(phrase.RelatedName, words);
            RandomStream random = new(RandomUse.Tests, 0, i);
            Assert.DoesNotContain(new ScenePhrases(scene).Negative(ref random).Name, words);
        }
    }

    [Fact]
    public void Exposure_says_what_training_can_have_met()
    {
        Concept unseen = TestArtwork.Catalogue.Concepts.First(c => c.HeldOut && c.Group == "animal");
        Scene scene = TestArtwork.Rectangles(100, new(unseen.Name.Text, 5, 40, 20, 20), new("dog", 70, 40, 10, 10));
        Dictionary<string, Phrase> phrases = new ScenePhrases(scene).All().ToDictionary(p => p.Text);
        Assert.Equal(Exposure.HeldOut, phrases[unseen.Name.Text].Exposure);
        Assert.Equal(Exposure.Seen, phrases["dog"].Exposure);
        Assert.Equal(Exposure.Mixed, phrases["an animal"].Exposure);
        Assert.Equal(Exposure.Mixed, phrases[$"the dog to the right of the {unseen}"].Exposure);
    }

    [Fact]
    public void Sampling_keeps_the_kinds_in_balance_and_negatives_absent()
    {
        SceneGenerator generator = new(TestArtwork.Catalogue, new() { Size = 64, Pool = ConceptPool.All });
        Dictionary<PhraseKind, int> kinds = [];
        for (int i = 0; i < 1000; i++)
        {
            Scene scene = generator.Generate(SceneSplit.Train, 6, i);
            ScenePhrases phrases = new(scene);
            RandomStream random = new(RandomUse.Tests, 6, i);
            if (phrases.Sample(ref random) is not Phrase phrase) continue;
            Assert.NotEqual(0u, phrase.Objects);
            kinds[phrase.Kind] = kinds.GetValueOrDefault(phrase.Kind) + 1;

            Phrase negative = phrases.Negative(ref random);
            Assert.Equal(0u, negative.Objects);
            Assert.DoesNotContain(phrases.All(), p => p.Text == negative.Text);
        }
        Assert.Equal(7, kinds.Count);
        Assert.All(kinds.Values, count => Assert.InRange(count, 40, 450));
    }

    [Fact]
    public void Data_finds_company_for_a_phrase()
    {
        SceneGenerator generator = new(TestArtwork.Catalogue, new() { Size = 64 });
        SceneData data = new(generator, SceneSplit.Train, 1, 60, phrasesPerScene: 3);
        int found = 0;
        for (int i = 0; i < data.Count; i++)
        {
            SegmentationSample sample = data.Get(i);
            Assert.Equal(i / 3, sample.Group);
            Assert.Equal(sample.Picture.Pixels, data.Get(i).Picture.Pixels);
            Assert.Contains(1, sample.Mask.Values);
            if (data.Support(i, draw: 5) is not SegmentationSample support) continue;
            Assert.Equal(data.Draw(i).Phrase.Text, support.Phrase);
            Assert.NotEqual(sample.Picture.Pixels, support.Picture.Pixels);
            Assert.Contains(1, support.Mask.Values);
            found++;
        }
        Assert.True(found > 35, $"{found} of 60");
        for (int i = 0; i < data.Count; i++)
        {
            NegativePhrase negative = data.Negative(i, draw: 1, withSupport: true);
            Assert.NotEqual(data.Get(i).Phrase, negative.Phrase);
            Assert.True(negative.Support is null || negative.Support.Mask.Values.Contains(1));
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => data.Get(60));
    }

    [Fact]
    public void Captions_are_the_same_again_and_name_what_is_there()
    {
        CaptionGenerator captions = new(TestArtwork.Catalogue, 48);
        string[] words = [.. TestArtwork.Catalogue.Vocabulary.Select(t => t.Text),
            .. Enum.GetNames<ColourName>().Select(name => name.ToLowerInvariant())];
        HashSet<string> all = [];
        for (int i = 0; i < 200; i++)
        {
            CaptionSample sample = captions.Generate(SceneSplit.Train, 1, i);
            Assert.Equal((48, 48), (sample.Picture.Width, sample.Picture.Height));
            Assert.Equal(sample.Caption, captions.Generate(SceneSplit.Train, 1, i).Caption);
            Assert.Contains(words, w => sample.Caption.Contains(w)
                || Plural.Of(new(w, TakesArticle: true)) is { } plural && sample.Caption.Contains(plural));
            all.Add(sample.Caption);
        }
        Assert.True(all.Count > 100);
    }
}
