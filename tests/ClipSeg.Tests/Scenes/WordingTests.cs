using ClipSeg.Numerics;
using ClipSeg.Scenes;
using ClipSeg.Scenes.Artwork;

namespace ClipSeg.Tests.Scenes;

public sealed class WordingTests
{
    [Theory]
    [InlineData("dog", "dogs")]
    [InlineData("strawberry", "strawberries")]
    [InlineData("monkey", "monkeys")]
    [InlineData("bus", "buses")]
    [InlineData("watch", "watches")]
    [InlineData("slice of pizza", "slices of pizza")]
    [InlineData("face with tears of joy", "faces with tears of joy")]
    [InlineData("policewoman", "policewomen")]
    [InlineData("snowman", "snowmen")]
    [InlineData("human", "humans")]
    [InlineData("mouse", "mice")]
    [InlineData("box", "boxes")]
    [InlineData("four leaf clover", "four leaf clovers")]
    [InlineData("tropical fish", "tropical fish")]
    public void Plurals_are_those_of_English(string one, string many)
        => Assert.Equal(many, Plural.Of(new(one, TakesArticle: true)));

    [Fact]
    public void What_has_no_article_has_no_plural()
    {
        Assert.Null(Plural.Of(new("bread", TakesArticle: false)));
        Assert.Null(Plural.Of(new("something to eat", TakesArticle: true)));
    }

    [Fact]
    public void A_name_is_said_in_every_way_and_a_comparison_only_in_the_singular()
    {
        Scene scene = TestArtwork.Rectangles(100,
            new("dog", 8, 40, 20, 20, 0xC81414), new("dog", 70, 40, 10, 10, 0x1E3CDC), new("pizza", 31, 40, 12, 20));
        Dictionary<string, Phrase> phrases = new ScenePhrases(scene).All().ToDictionary(p => p.Text);

        Assert.Superset(new HashSet<string> { "dog", "a dog", "the dog", "dogs", "the dogs", "some dogs", "dog." },
            Said(phrases["dog"]));
        Assert.Superset(new HashSet<string> { "red dogs", "the red dog", "a red dog", "red dog." },
            Said(phrases["the red dog"]));
        Assert.Superset(new HashSet<string> { "red", "something red", "the red thing", "red things" },
            Said(phrases["something red"]));
        Assert.DoesNotContain(Said(phrases["the large dog"]), text => text.Contains("dogs"));
        Assert.All(Said(phrases["the dog next to the pizza"]), text => Assert.Contains("dog next to ", text));
    }

    private static HashSet<string> Said(Phrase phrase)
    {
        RandomStream random = new(RandomUse.Tests, seed: 0, index: 5);
        HashSet<string> said = [];
        for (int i = 0; i < 600; i++) said.Add(Wording.Vary(phrase, ref random));
        return said;
    }
}
