using ClipSeg.Scenes.Artwork;
using ClipSeg.Training.Data;

namespace ClipSeg.Tests.Scenes.Artwork;

public sealed class ConceptTableTests
{
    [Fact]
    public void Line_gives_name_labels_synonyms_and_words()
    {
        ConceptEntry entry = Assert.Single(ConceptTable.Parse(
            "[fruit] ~fruit, ?sweet, sour\n~cherries < a | kiss: b, c : cherry, ~drupes / red thing, -sour, ?berry"));
        Assert.Equal(new Term("cherries", TakesArticle: false), entry.Name);
        Assert.Equal(["a", "kiss: b, c"], entry.Labels);
        Assert.Equal([new Term("cherry", true), new Term("drupes", false)], entry.Synonyms);
        Assert.Equal([new Term("fruit", false), new Term("red thing", true)], entry.Categories);
        Assert.Equal(["sweet", "berry"], entry.Doubtful);
        Assert.Equal(("fruit", 2), (entry.Group, entry.Line));
    }

    [Theory]
    [InlineData("dog", "line 1: a concept stands before the first group")]
    [InlineData("[a", "line 1: a group has no ']'")]
    [InlineData("[a]\ndog\ndog", "line 3: the concept 'dog' exists already")]
    [InlineData("[a] b\ndog / -c", "line 2: '-c': the group has no such word")]
    public void Bad_line_is_named(string text, string message)
        => Assert.Contains(message, Assert.Throws<DataFormatException>(() => ConceptTable.Parse(text)).Message);

    [Theory]
    [InlineData("dog", "a dog")]
    [InlineData("owl", "an owl")]
    [InlineData("unicorn", "a unicorn")]
    [InlineData("hourglass", "an hourglass")]
    [InlineData("~grapes", "grapes")]
    [InlineData("something to eat", "something to eat")]
    public void Term_takes_its_article(string text, string expected)
        => Assert.Equal(expected, Term.Parse(text).WithArticle);

    [Fact]
    public void Own_table_holds_a_thousand_concepts_and_keeps_back_15_percent_of_nearly_all_groups()
    {
        List<ConceptEntry> entries = ConceptTable.Load();
        Assert.InRange(entries.Count, 1000, 1200);
        Assert.Equal(entries.Count, entries.Select(e => e.Name.Text).Distinct().Count());

        bool[] heldOut = HeldOutConcepts.Choose(entries);
        Assert.InRange(heldOut.Count(h => h) / (float)entries.Count, 0.14f, 0.16f);
        string[] without = [.. Enumerable.Range(0, entries.Count).GroupBy(i => entries[i].Group)
            .Where(g => g.All(i => !heldOut[i])).Select(g => g.Key)];
        Assert.True(without.Length <= 2, string.Join(", ", without));
    }

    [Fact]
    public void Held_out_names_stand_in_no_seen_concept()
    {
        List<ConceptEntry> entries = ConceptTable.Load();
        bool[] heldOut = HeldOutConcepts.Choose(entries);
        HashSet<string> names = [.. Enumerable.Range(0, entries.Count).Where(i => heldOut[i])
            .SelectMany(i => entries[i].Synonyms.Prepend(entries[i].Name)).Select(t => t.Text)];
        foreach (ConceptEntry entry in entries.Where((_, i) => !heldOut[i]))
        {
            IEnumerable<Term> terms = entry.Synonyms.Concat(entry.Categories).Prepend(entry.Name);
            Assert.Empty(terms.Select(t => t.Text).Intersect(names));
        }
    }
}
