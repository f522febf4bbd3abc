using ClipSeg.Scenes.Artwork;
using ClipSeg.Tests.Checkpoints;

namespace ClipSeg.Tests.Scenes.Artwork;

public sealed class ClipArtTests
{
    private static readonly List<ConceptEntry> _entries = ConceptTable.Parse("""
        [thing]
        dog < dog | guide dog : hound
        hot dog
        harp
        cup of coffee : mug
        """);

    [Theory]
    [InlineData("dog.0", "dog")]
    [InlineData("brown hound.3", "dog")]                // a synonym, behind another word
    [InlineData("guide dog.0", "dog")]                  // a label
    [InlineData("big hot dog.0", "hot dog")]            // the longest name wins
    [InlineData("celtic harps.1", "harp")]
    [InlineData("dog house.0", null)]                   // no dog
    [InlineData("hotdog.0", null)]
    public void Picture_belongs_to_what_its_name_ends_with(string file, string? concept)
    {
        using TemporaryFolder folder = new();
        File.WriteAllBytes(Path.Combine(folder.Path, $"{file}.png"), []);
        ClipArt art = new(folder.Path, _entries);
        Assert.Equal(concept, _entries.SingleOrDefault(e => art.Of(e).Any())?.Name.Text);
    }

    [Fact]
    public void No_concept_has_more_than_four_pictures_always_the_same()
    {
        using TemporaryFolder folder = new();
        for (int i = 0; i < 9; i++) File.WriteAllBytes(Path.Combine(folder.Path, $"harp.{i}.png"), []);
        Assert.Equal(["harp.0.png", "harp.1.png", "harp.2.png", "harp.3.png"],
            new ClipArt(folder.Path, _entries).Of(_entries[2]).Select(Path.GetFileName));
    }
}
