using ClipSeg.Scenes.Artwork;

namespace ClipSeg.Scenes;

/// <summary>What a phrase says about the objects that it means.</summary>
internal enum PhraseKind
{
    /// <summary>"octopus"</summary>
    Name,

    /// <summary>"kitten"</summary>
    Synonym,

    /// <summary>"an animal"</summary>
    Category,

    /// <summary>"something to eat"</summary>
    Affordance,

    /// <summary>"the red car", "the large star", "the cat on the left"</summary>
    Attribute,

    /// <summary>"the dog next to the pizza"</summary>
    Relation,

    /// <summary>"something red"</summary>
    Colour,
}

/// <summary>Whether decoder training can have met what a phrase means.</summary>
internal enum Exposure
{
    Seen,

    /// <summary>Some of it: a category with old and new members, or a new thing beside an old one.</summary>
    Mixed,

    HeldOut,
}

/// <summary>Words for some objects of a scene, built as PhraseCut's are: a name, attributes, a relation.</summary>
internal sealed record Phrase
{
    /// <summary>As people say it: "the red car".</summary>
    public required string Text { get; init; }

    public required PhraseKind Kind { get; init; }

    public required Exposure Exposure { get; init; }

    /// <summary>Bit i is set if object i is meant; none in a phrase about something absent.</summary>
    public required uint Objects { get; init; }

    /// <summary>The thing itself: "car"; "thing" where only a colour is said.</summary>
    public required Term Term { get; init; }

    public string Name => Term.Text;

    /// <summary>"red", "on the left"; or null.</summary>
    public string? Attribute { get; init; }

    /// <summary>"next to"; or null.</summary>
    public string? Predicate { get; init; }

    /// <summary>The other thing of a relation: "pizza"; or null.</summary>
    public string? RelatedName { get; init; }

    /// <summary>Without the article in front, the same for every sample that is about the same: "red car".</summary>
    public string Key
    {
        get
        {
            foreach (string article in (ReadOnlySpan<string>)["the ", "an ", "a "])
                if (Text.StartsWith(article, StringComparison.Ordinal)) return Text[article.Length..];
            return Text;
        }
    }

    public override string ToString() => Text;
}
