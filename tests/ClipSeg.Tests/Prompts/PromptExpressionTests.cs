using ClipSeg.Imaging;
using ClipSeg.Prompts;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace ClipSeg.Tests.Prompts;

public sealed class PromptExpressionTests
{
    [Theory]
    [InlineData("salt and pepper")]
    [InlineData("a cup, not a mug (blue) * or so")]
    [InlineData("the dog's ball")]
    [InlineData("ANDY, NOTHING, ORANGES")]
    [InlineData("we grow (old)")]
    [InlineData(")")]
    public void A_text_without_quotes_and_operators_is_one_phrase(string text)
    {
        PromptExpression expression = PromptExpression.Parse($"  {text}\n");
        Assert.True(expression.IsPhrase);
        Assert.Equal([text], expression.Phrases);
        Assert.Equal(text, expression.ToString());
        Mask mask = new(1, 1, [0.3f]);
        Assert.Same(mask, expression.Combine([mask]));
    }

    // Of a to f: 0.1, 0.3, 0.45, 0.6, 0.8, 1.
    [Theory]
    [InlineData("\"b\" AND \"d\"", 0.3)]
    [InlineData("\"b\" OR \"d\"", 0.6)]
    [InlineData("NOT \"b\"", 0.7)]
    [InlineData("b AND d OR e", 0.8)]
    [InlineData("e OR d AND b", 0.8)]
    [InlineData("b AND (d OR e)", 0.3)]
    [InlineData("NOT a AND b", 0.3)]
    [InlineData("NOT (a AND b)", 0.9)]
    [InlineData("e AND NOT (b OR c)", 0.55)]
    [InlineData("NOT NOT a AND e", 0.1)]
    [InlineData("a OR b OR c OR d", 0.6)]
    [InlineData("a AND b AND c AND d", 0.1)]
    [InlineData("\"b\" * 2", 0.6 / 1.3)]            // odds of 3 : 7 become 6 : 7
    [InlineData("NOT b * 2", 0.7 / 1.3)]
    [InlineData("(b OR a)*0.5", 0.15 / 0.85)]
    [InlineData("\"f\" * 0.001", 1)]
    [InlineData("grow(\"d\", 0) AND e", 0.8)]
    [InlineData("shrink(c OR b, 0.5) OR a", 0.1)]
    public void Operators_work_on_probabilities(string text, double expected)
        => Assert.Equal(expected, Value(text), 1e-6);

    [Fact]
    public void Each_phrase_is_asked_for_once_in_the_order_of_the_text()
        => Assert.Equal(["a red cup", "face", "it's"],
            PromptExpression.Parse("a red cup AND NOT (\"face\" OR it's AND \"face\") OR a red cup").Phrases);

    [Fact]
    public void Quotes_hold_anything_and_may_be_curly()
    {
        PromptExpression expression = PromptExpression.Parse("""
            "ROCK AND (ROLL)" OR "the sign \"STOP\"" OR "back\\slash\n" OR “curly”
            """);
        Assert.Equal(["ROCK AND (ROLL)", "the sign \"STOP\"", @"back\slash\n", "curly"], expression.Phrases);
    }

    [Fact]
    public void Growing_and_shrinking_are_in_pixels_and_may_be_inside_of_each_other()
    {
        Mask line = new(7, 1, [0, 0, 0.2f, 0.9f, 0.4f, 0, 0]), all = new(7, 1, [.. Enumerable.Repeat(0.75f, 7)]);
        Assert.Equal([0, 0.75f, 0.75f, 0.75f, 0.75f, 0.75f, 0],
            PromptExpression.Parse("all AND grow(line, 2)").Combine([all, line]).Values);
        Assert.Equal([0, 0, 1, 1, 1, 0, 0], PromptExpression.Parse("shrink(grow(line, 2), 1)").Combine([line]).Values);
        Assert.Equal([0.75f, 0.75f, 0, 1, 0, 0.75f, 0.75f],
            PromptExpression.Parse("all AND NOT grow(it, 1) OR shrink(grow(it, 1), 1)").Combine([all, line]).Values);
    }

    [Fact]
    public void Masks_stay_as_they_are()
    {
        Mask a = new(1, 1, [0.2f]), b = new(1, 1, [0.7f]);
        PromptExpression.Parse("NOT (a AND b) * 2 OR NOT a").Combine([a, b]);
        Assert.Equal((0.2f, 0.7f), (a[0, 0], b[0, 0]));
    }

    [Fact]
    public void Large_masks_are_combined_everywhere()
    {
        Mask a = new(301, 257), b = new(301, 257);
        for (int i = 0; i < a.Values.Length; i++) (a.Values[i], b.Values[i]) = (i * 7 % 100 / 100f, i * 3 % 100 / 100f);
        float[] found = PromptExpression.Parse("a AND NOT b").Combine([a, b]).Values;
        for (int i = 0; i < found.Length; i++) Assert.Equal(Math.Min(a.Values[i], 1 - b.Values[i]), found[i]);
    }

    [Fact]
    public void Wrong_masks_are_errors()
    {
        PromptExpression expression = PromptExpression.Parse("a OR b");
        Assert.Contains("Expected 2 masks", Assert.Throws<ArgumentException>(
            () => expression.Combine([new(1, 1)])).Message);
        Assert.Throws<ArgumentException>(() => expression.Combine([new(1, 2), new(2, 1)]));
    }

    [Theory]
    [InlineData("\"face\" AND ", 11, "Character 12: Expected a phrase, found the end.")]
    [InlineData("\"face\" AND ()", 12, "Expected a phrase, found ')'.")]
    [InlineData("\"face\" and \"hair\"", 7, "Expected AND, OR or the end, found 'and'. Operators are in capitals.")]
    [InlineData("\"a\" \"b\"", 4, "Expected AND, OR or the end, found '\"'.")]
    [InlineData("(a OR \"b\"", 9, "Expected AND, OR or ')', found the end.")]
    [InlineData("a AND OR b", 6, "Expected a phrase, found 'OR'.")]
    [InlineData("a AND \"b", 6, "The quotation is not closed.")]
    [InlineData("a AND \" \"", 6, "The phrase is empty.")]
    [InlineData("\"a\" * b", 6, "Expected a weight of 0.001 to 1000, found 'b'.")]
    [InlineData("\"a\" * 0", 6, "Expected a weight")]
    [InlineData("\"a\" * 2 * 2", 8, "Expected AND, OR or the end, found '*'.")]
    [InlineData("\"a\" * -2", 6, "Expected a weight")]
    [InlineData("\"a\" * Infinity", 6, "Expected a weight")]
    [InlineData("grow(a)", 6, "Expected AND, OR or ', RADIUS)', found ')'.")]
    [InlineData("grow(a, 10001)", 8, "Expected a radius of 0 to 10000 pixels, found '10001'.")]
    [InlineData("grow(a, 3", 9, "Expected ')', found the end.")]
    [InlineData("NOT", 3, "Expected a phrase")]
    [InlineData(" ", 1, "Expected a phrase, found nothing.")]
    public void An_error_points_at_its_place(string text, int position, string message)
    {
        PromptSyntaxException e = Assert.Throws<PromptSyntaxException>(() => PromptExpression.Parse(text));
        Assert.Equal(position, e.Position);
        Assert.Contains(message, e.Message);
        Assert.Equal($"{text}\n{new string(' ', position)}^", e.Pointer);
    }

    [Fact]
    public void Of_a_long_text_the_neighbourhood_of_the_error_is_shown()
    {
        string words = string.Join(" OR ", Enumerable.Range(0, 30).Select(i => $"word{i}"));
        PromptSyntaxException e = Assert.Throws<PromptSyntaxException>(
            () => PromptExpression.Parse($"{words} AND\t) OR {words}"));
        string[] lines = e.Pointer.Split('\n');
        Assert.Equal(')', lines[0][lines[1].IndexOf('^')]);
        Assert.StartsWith("...", lines[0]);
        Assert.EndsWith("...", lines[0]);
        Assert.InRange(lines[0].Length, 60, 100);
        Assert.DoesNotContain('\t', lines[0]);
    }

    [Theory]
    [InlineData("(", ")", 900, "nested more than 32 deep")]
    [InlineData("NOT ", "", 400, "nested more than 32 deep")]
    [InlineData("grow(", ", 1)", 40, "nested more than 32 deep")]
    [InlineData("grow(", ", 1)", 9, "More than 8 parts grow or shrink")]
    [InlineData("(", ")", 100_000, "at most 2000")]
    public void Depth_and_length_have_bounds(string open, string close, int times, string message)
    {
        string Repeat(string text) => string.Concat(Enumerable.Repeat(text, times));
        string text = $"{Repeat(open)}\"a\"{Repeat(close)}";
        Assert.Contains(message, Assert.Throws<PromptSyntaxException>(() => PromptExpression.Parse(text)).Message);
    }

    [Fact]
    public void Phrases_have_a_bound_and_operators_of_one_level_none_but_the_length()
    {
        string Chain(int phrases) => string.Join(" OR ", Enumerable.Range(0, 150).Select(i => $"p{i % phrases}"));
        Assert.Equal(32, PromptExpression.Parse(Chain(32)).Phrases.Count);
        Assert.Contains("more than 32 phrases",
            Assert.Throws<PromptSyntaxException>(() => PromptExpression.Parse(Chain(33))).Message);
    }

    [Fact]
    public void Without_others_is_and_not_any_of_them()
    {
        PromptExpression face = PromptExpression.Phrase("the \"face\" AND \\");
        PromptExpression hair = PromptExpression.Parse("hair"), hat = PromptExpression.Parse("NOT hat AND hair");
        Assert.Same(face, face.Without([]));
        Assert.Equal("""
            "the \"face\" AND \\" AND NOT "hair"
            """, face.Without([hair]).ToString());
        PromptExpression both = face.Without([hair, hat]);
        Assert.Equal(["the \"face\" AND \\", "hair", "hat"], both.Phrases);
        Assert.Equal(0.75f, both.Combine([new(1, 1, [0.8f]), new(1, 1, [0.25f]), new(1, 1, [0.1f])])[0, 0]);
        Assert.Equal(both.ToString(), PromptExpression.Parse(both.ToString()).ToString());
    }

    [Property]
    public void What_is_written_without_brackets_is_read_by_precedence() => Prop.ForAll(
        Trees().ToArbitrary(), tree => Assert.Equal(tree.Value, Value(tree.Text), 1e-5));

    [Property]
    public void No_text_is_more_than_a_phrase_an_expression_or_an_error(NonNull<string> text, string[] pieces)
    {
        string[] marks = ["AND", " OR ", "NOT", "(", ")", "\"", "grow(", ",", "3", "*", "\\", "a"];
        string mixed = text.Get + string.Concat(pieces.Select((p, i) => marks[((p?.Length ?? 0) + i) % marks.Length]));
        try
        {
            PromptExpression expression = PromptExpression.Parse(mixed);
            PromptExpression again = PromptExpression.Parse(expression.ToString());
            if (!expression.IsPhrase) Assert.Equal(expression.Phrases, again.Phrases);
            expression.Combine([.. expression.Phrases.Select(_ => new Mask(2, 2))]);
        }
        catch (PromptSyntaxException e)
        {
            Assert.InRange(e.Position, 0, mixed.Length);
        }
    }

    private sealed record Tree(string Text, double Value, int Binding);

    /// <summary>Expressions with as few brackets as precedence allows, and what they are worth.</summary>
    private static Gen<Tree> Trees(int depth = 4)
    {
        Gen<Tree> leaf = Gen.Choose(0, 5).Select(i => new Tree($"{(char)('a' + i)}", _values[i], 4));
        if (depth == 0) return leaf;
        Gen<Tree> inner = Trees(depth - 1);
        return Gen.OneOf(leaf, inner.Select(t => new Tree($"NOT {Within(t, 3)}", 1 - t.Value, 3)),
            inner.Two().Select(p => Joined(p.Item1, p.Item2, "AND", 2, Math.Min(p.Item1.Value, p.Item2.Value))),
            inner.Two().Select(p => Joined(p.Item1, p.Item2, "OR", 1, Math.Max(p.Item1.Value, p.Item2.Value))));

        static Tree Joined(Tree a, Tree b, string word, int binding, double value)
            => new($"{Within(a, binding)} {word} {Within(b, binding)}", value, binding);

        static string Within(Tree tree, int binding) => tree.Binding < binding ? $"({tree.Text})" : tree.Text;
    }

    private static readonly double[] _values = [0.1, 0.3, 0.45, 0.6, 0.8, 1];

    private static double Value(string text)
    {
        PromptExpression expression = PromptExpression.Parse(text);
        return expression.Combine(
            [.. expression.Phrases.Select(p => new Mask(1, 1, [(float)_values[p[0] - 'a']]))])[0, 0];
    }
}
