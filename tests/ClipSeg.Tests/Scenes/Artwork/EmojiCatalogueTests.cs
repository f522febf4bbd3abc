using ClipSeg.Scenes.Artwork;
using ClipSeg.Tests.Checkpoints;
using ClipSeg.Training.Data;

namespace ClipSeg.Tests.Scenes.Artwork;

public sealed class EmojiCatalogueTests
{
    [Theory]
    [InlineData("dog", "dog", Truth.Yes)]
    [InlineData("hound", "dog", Truth.Yes)]
    [InlineData("dog", "dog face", Truth.Yes)]          // its category
    [InlineData("dog", "hot dog", Truth.Doubtful)]      // a part of its name
    [InlineData("dog", "cat", Truth.No)]
    [InlineData("pet", "fish", Truth.Doubtful)]         // the table says so
    [InlineData("sheep", "cow", Truth.Doubtful)]        // a tag
    [InlineData("something to eat", "honey pot", Truth.Doubtful)]
    [InlineData("something to eat", "cake", Truth.Yes)]
    internal void Word_holds_for_a_concept_as_the_table_says(string word, string concept, Truth expected)
    {
        EmojiCatalogue catalogue = TestArtwork.Catalogue;
        Assert.Equal(expected, catalogue.Holds(catalogue.FindWord(word), TestArtwork.Concept(concept)));
    }

    [Fact]
    public void Every_group_holds_back_a_concept()
    {
        Assert.All(["animal", "food"], group =>
            Assert.Contains(TestArtwork.Catalogue.Concepts, c => c.Group == group && c.HeldOut));
        foreach (Concept concept in TestArtwork.Catalogue.Concepts.Where(c => c.HeldOut))
            Assert.True(TestArtwork.Catalogue.IsHeldOut(TestArtwork.Catalogue.FindWord(concept.Name.Text)));
        Assert.False(TestArtwork.Concept("dog").HeldOut);       // it is the category of the dog's face
    }

    [Fact]
    public void Word_that_training_may_say_holds_for_something_it_may_see()
    {
        Sprite disc = new(TestArtwork.Disc(9, 9, 9), "test");
        EmojiCatalogue catalogue = new(ConceptTable.Load(), _ => [disc], _ => []);
        Assert.True(catalogue.IsHeldOut(catalogue.FindWord("lantern")));    // the category of one held-out concept
        for (int word = 0; word < catalogue.Vocabulary.Count; word++)
        {
            if (catalogue.IsHeldOut(word)) continue;
            Assert.Contains(catalogue.ConceptsOf(word).ToArray(), id => !catalogue.Concepts[id].HeldOut);
        }
    }

    [Fact]
    public void Load_says_what_is_missing()
    {
        using TemporaryFolder folder = new();
        DataFormatException e = Assert.Throws<DataFormatException>(() => EmojiCatalogue.Load(folder.Path));
        Assert.Contains("emojibase.json is missing. Run: dotnet run scripts/get-data.cs", e.Message);
    }

    [EmojiFact]
    public void Real_catalogue_draws_every_concept_in_several_styles_but_never_in_the_one_kept_for_tests()
    {
        EmojiCatalogue catalogue = EmojiCatalogue.Load(EmojiFactAttribute.Folder);
        Assert.InRange(catalogue.Concepts.Count, 1000, 1200);
        foreach (Concept concept in catalogue.Concepts)
        {
            string[] styles = [.. concept.Sprites.Select(s => s.Style).Distinct()];
            Assert.InRange(styles.Length, 3, 7);
            Assert.DoesNotContain(EmojiCatalogue.UnseenStyle, styles);
        }
        EmojiCatalogue unseen = EmojiCatalogue.Load(EmojiFactAttribute.Folder, [EmojiCatalogue.UnseenStyle]);
        Assert.InRange(unseen.Concepts.Count, 300, 1000);
        Assert.All(unseen.Concepts.SelectMany(c => c.Sprites), s => Assert.Equal(EmojiCatalogue.UnseenStyle, s.Style));
        Assert.Throws<DataFormatException>(() => EmojiCatalogue.Load(EmojiFactAttribute.Folder, ["no-such-style"]));

        Assert.Equal(Truth.Yes, Holds("something to eat", "pizza"));
        Assert.Equal(Truth.Yes, Holds("bird", "owl"));
        Assert.Equal(Truth.No, Holds("something that can fly", "penguin"));
        Assert.Equal(Truth.Doubtful, Holds("horse", "jockey"));

        Truth Holds(string word, string concept)
            => catalogue.Holds(catalogue.FindWord(word), catalogue.Concepts.Single(c => c.Name.Text == concept));
    }
}
