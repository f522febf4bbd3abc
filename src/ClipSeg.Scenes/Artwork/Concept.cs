namespace ClipSeg.Scenes.Artwork;

/// <summary>A word or name that people use, and whether it takes "a" ("a dog", but "grapes", "bread").</summary>
internal sealed record Term(string Text, bool TakesArticle)
{
    private static readonly string[] _vowelSounds = ["hour", "SUV", "x-ray", "honest"];
    private static readonly string[] _consonantSounds = ["uni", "UFO", "euro", "one", "user", "utensil"];

    /// <summary>What one can do with it: "something to eat".</summary>
    public bool IsAffordance => Text.StartsWith("some", StringComparison.Ordinal);

    /// <summary>"a dog", "an owl", "grapes".</summary>
    public string WithArticle => TakesArticle && !IsAffordance ? (SoundsLikeVowel() ? "an " : "a ") + Text : Text;

    public override string ToString() => Text;

    /// <summary>Reads the table's notation: "~" in front says that there is no article.</summary>
    internal static Term Parse(string text)
        => text.StartsWith('~') ? new(text[1..], TakesArticle: false) : new(text, TakesArticle: true);

    private bool SoundsLikeVowel()
    {
        if (Array.Exists(_vowelSounds, v => Text.StartsWith(v, StringComparison.Ordinal))) return true;
        if (Array.Exists(_consonantSounds, c => Text.StartsWith(c, StringComparison.Ordinal))) return false;
        return "aeiouAEIOU".Contains(Text[0]);
    }
}

/// <summary>Whether a word holds for a concept; where people may disagree, no phrase may hang on it.</summary>
internal enum Truth : byte
{
    No,
    Doubtful,
    Yes,
}

/// <summary>Something that scenes show: its name, the other words for it, and its artwork.</summary>
internal sealed class Concept
{
    /// <summary>Its place in <see cref="EmojiCatalogue.Concepts"/>.</summary>
    public required int Id { get; init; }

    public required Term Name { get; init; }

    /// <summary>Words for this very thing: "kitten" for the cat's face.</summary>
    public required IReadOnlyList<Term> Synonyms { get; init; }

    /// <summary>Words for the kind of thing, and what one can do with it: "animal", "something to eat".</summary>
    public required IReadOnlyList<Term> Categories { get; init; }

    /// <summary>Loose associations, for captions only: "garden" for the ant.</summary>
    public required IReadOnlyList<string> Tags { get; init; }

    /// <summary>The table's section, such as "mammal".</summary>
    public required string Group { get; init; }

    /// <summary>Every drawing of it, all styles together.</summary>
    public required IReadOnlyList<Sprite> Sprites { get; init; }

    /// <summary>Kept from the decoder: never a mask or a phrase in its training.</summary>
    public required bool HeldOut { get; init; }

    public override string ToString() => Name.Text;
}
