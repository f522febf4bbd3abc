using ClipSeg.Numerics;
using ClipSeg.Scenes.Artwork;

namespace ClipSeg.Scenes;

/// <summary>The same said in the ways in which people say it: "a dog", "dogs", "the dog.", "Dog".</summary>
/// <remarks>Capitals need no practice: the tokenizer makes them small.</remarks>
internal static class Wording
{
    private const float PluralShare = 0.22f, PunctuatedShare = 0.12f;

    /// <summary>One of the ways to say a phrase; what it means stays.</summary>
    public static string Vary(Phrase phrase, ref RandomStream random) => Punctuate(phrase.Kind switch
    {
        PhraseKind.Affordance => phrase.Text,
        PhraseKind.Colour => Colour(phrase.Attribute!, ref random),
        PhraseKind.Relation => random.Chance(0.2f) ? WithoutArticles(phrase.Text) : phrase.Text,
        _ => Vary(new(phrase.Key, phrase.Term.TakesArticle), PluralOf(phrase), ref random),
    }, ref random);

    /// <summary>"a dog", "dog", "the dog", "dogs", "some dogs".</summary>
    public static string Vary(Term term, ref RandomStream random) => Vary(term, Plural.Of(term), ref random);

    /// <summary>Perhaps a mark at the end.</summary>
    public static string Punctuate(string text, ref RandomStream random)
        => !random.Chance(PunctuatedShare) ? text : text + (random.NextFloat() switch
        {
            < 0.7f => ".",
            < 0.85f => "!",
            _ => "?",
        });

    /// <summary>
    /// The phrase in the plural, "the red cars"; null where that would be no word, or mean others: "the large star".
    /// </summary>
    public static string? PluralOf(Phrase phrase)
    {
        bool oneOfMany = phrase.Kind is PhraseKind.Relation or PhraseKind.Affordance
            || phrase.Kind == PhraseKind.Attribute && !Enum.TryParse<ColourName>(phrase.Attribute, true, out _);
        if (oneOfMany || Plural.Of(phrase.Term) is not { } plural) return null;
        return phrase.Key.Replace(phrase.Name, plural, StringComparison.Ordinal);
    }

    private static string Vary(Term term, string? plural, ref RandomStream random)
    {
        float u = random.NextFloat();
        if (plural is not null && random.Chance(PluralShare))
            return u < 0.6f ? plural : u < 0.85f ? $"the {plural}" : $"some {plural}";
        return u < 0.4f ? term.Text : u < 0.75f ? term.WithArticle : $"the {term.Text}";
    }

    private static string Colour(string colour, ref RandomStream random) => random.Next(4) switch
    {
        0 => colour,
        1 => $"something {colour}",
        2 => $"the {colour} thing",
        _ => $"{colour} things",
    };

    private static string WithoutArticles(string text)
        => text.Replace("the ", "", StringComparison.Ordinal);
}
