using ClipSeg.Training.Data;

namespace ClipSeg.Tests.Training.Data;

public sealed class WordNetTests : IDisposable
{
    // A dictionary of the form of WordNet's: a seat is a chair or an armchair; chair also means somebody who presides.
    private const string Data = """
          1 This is a dictionary for tests.
        00000010 06 n 02 chair 0 Seat_of_One 0 002 @ 00000040 n 0000 ~ 00000020 n 0000 | to sit on
        00000020 06 n 01 armchair 0 002 @ 00000010 n 0000 ~ 00000050 n 0000 | with arms
        00000030 18 n 01 chair 0 001 ~i 00000060 n 0000 | who presides
        00000040 06 n 01 seat 0 001 ~ 00000010 n 0000 | to sit on
        00000050 06 n 02 fauteuil 0 easy_chair 1 002 @ 00000020 n 0000 ~ 00000010 n 0000 | a circle, which ends
        00000060 18 n 01 somebody 0 000 | an instance, and no kind
        00000070 05 n 01 goose 0 000 | a bird
        00000080 05 n 01 glass 0 000 | to drink from
        """;

    private const string Index = """
          1 This is a dictionary for tests.
        armchair n 1 2 @ ~ 1 0 00000020
        chair n 2 2 @ ~ 2 1 00000010 00000030
        easy_chair n 1 1 @ 1 0 00000050
        fauteuil n 1 1 @ 1 0 00000050
        glass n 1 0 1 0 00000080
        goose n 1 0 1 0 00000070
        seat n 1 1 ~ 1 0 00000040
        """;

    private readonly TemporaryFolder _folder = new();

    public WordNetTests()
    {
        File.WriteAllText(_folder.At("data.noun"), Data);
        File.WriteAllText(_folder.At("index.noun"), Index);
        File.WriteAllText(_folder.At("noun.exc"), "geese goose\n");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Words_are_those_of_a_thing_and_of_all_kinds_of_it()
    {
        WordNet words = new(_folder.Path);
        Assert.Equal(
            ["armchair", "chair", "easy chair", "fauteuil", "seat of one"], words.WordsFor("chair.n.01").Order());
        Assert.Equal(["chair"], words.WordsFor("chair.n.02"));
        foreach (string none in (string[])["chair.n.03", "chair.n.00", "chair.v.01", "chair", "table.n.01"])
            Assert.Throws<ArgumentException>(() => words.WordsFor(none));
    }

    [Theory]
    [InlineData("chairs", "chair")]
    [InlineData("geese", "goose")]
    [InlineData("glasses", "glass")]
    [InlineData("glass", "glass")]
    [InlineData("seatss", "seat")]          // the rules once more
    [InlineData("Chairs", "Chairs")]        // words are compared as they are
    [InlineData("tables", "tables")]
    [InlineData("s", "s")]
    public void A_plural_has_the_singular_that_is_known(string word, string expected)
        => Assert.Equal(expected, new WordNet(_folder.Path).Singular(word));

    [Fact]
    public void Damaged_and_missing_files_are_named()
    {
        File.AppendAllText(_folder.At("data.noun"), "\n00000090 05 n zz x");
        Assert.Contains("data.noun, line 10: not as WordNet's files are.",
            Assert.Throws<DataFormatException>(() => new WordNet(_folder.Path)).Message);
        File.Delete(_folder.At("noun.exc"));
        File.WriteAllText(_folder.At("data.noun"), Data);
        Assert.Contains("noun.exc'; WordNet's files are",
            Assert.Throws<DataFormatException>(() => new WordNet(_folder.Path)).Message);
    }

    [Fact]
    public void What_things_are_for_needs_no_dictionary()
    {
        RemovedWords words = RemovedClasses.Named("aff", "nowhere");
        Assert.True(words.AreIn("the dog sits there"));
        Assert.False(words.AreIn("a dogsitter"));
        foreach (string none in (string[])["pas5i:4", "zs:0", "zs", "pas5i:-1", "pas5i:x"])
            Assert.Throws<ArgumentException>(() => RemovedClasses.Named(none, _folder.Path));
    }

    // training-and-evaluation.md §4.3, of Debian's wordnet-base 3.0.
    [WordNetTheory]
    [InlineData("pas5i:0", 783, 1340)]
    [InlineData("pas5i:1", 144, 135)]
    [InlineData("pas5i:2", 229, 275)]
    [InlineData("pas5i:3", 38, 29)]
    [InlineData("zs:1", 42, 17)]
    [InlineData("zs:2", 86, 49)]
    [InlineData("zs:3", 125, 105)]
    [InlineData("zs:4", 162, 139)]
    [InlineData("zs:5", 177, 173)]
    public void Sets_have_as_many_words_as_with_the_papers_code(string set, int words, int phrases)
    {
        RemovedWords removed = RemovedClasses.Named(set, WordNet.DebianFolder);
        Assert.Equal((words, phrases), removed.Counts);
    }

    [WordNetFact]
    public void Phrases_are_left_out_as_with_the_papers_code()
    {
        RemovedWords birds = RemovedClasses.Named("pas5i:0", WordNet.DebianFolder);
        Assert.True(birds.AreIn("red kites") && birds.AreIn("two geese") && birds.AreIn("the bald eagle"));
        Assert.False(birds.AreIn("Geese") || birds.AreIn("a dog"));
        RemovedWords things = RemovedClasses.Named("pas5i:3", WordNet.DebianFolder);
        Assert.True(things.AreIn("televisions") && things.AreIn("a pot plant"));
        Assert.False(things.AreIn("potted plant"));
    }
}

/// <summary>A test that needs WordNet's files: it is skipped where they are not installed.</summary>
internal sealed class WordNetFactAttribute : FactAttribute
{
    public WordNetFactAttribute() => Skip = WordNetTheoryAttribute.Missing;
}

/// <summary>As <see cref="WordNetFactAttribute"/>, with cases.</summary>
internal sealed class WordNetTheoryAttribute : TheoryAttribute
{
    public WordNetTheoryAttribute() => Skip = Missing;

    public static string? Missing => File.Exists(Path.Combine(WordNet.DebianFolder, "data.noun"))
        ? null : $"There is no {WordNet.DebianFolder}: apt install wordnet-base";
}
