namespace ClipSeg.Prompts;

/// <summary>The sentences that CLIPSeg puts a phrase into, in place of <c>{}</c>.</summary>
/// <remarks>training-and-evaluation.md §2.1.</remarks>
public static class PromptTemplates
{
    /// <summary>The template of validation while training. No full stop, as there.</summary>
    public const string Validation = "a photo of a {}";

    /// <summary>The phrase itself.</summary>
    public static IReadOnlyList<string> Plain { get; } = ["{}"];

    /// <summary>One sentence.</summary>
    public static IReadOnlyList<string> Fixed { get; } = ["a photo of a {}."];

    /// <summary>Four to draw from.</summary>
    public static IReadOnlyList<string> Shuffle { get; }
        = ["a photo of a {}.", "a photograph of a {}.", "an image of a {}.", "{}."];

    /// <summary>Nine to draw from: what the paper trains with.</summary>
    public static IReadOnlyList<string> ShufflePlus { get; } =
    [
        .. Shuffle, "a cropped photo of a {}.", "a good photo of a {}.", "a photo of one {}.", "a bad photo of a {}.",
        "a photo of the {}.",
    ];

    /// <summary>What <see cref="Named"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } = ["plain", "fixed", "shuffle", "shuffle+"];

    /// <summary>The list that the recipes call <paramref name="name"/>: plain, fixed, shuffle or shuffle+.</summary>
    /// <exception cref="ArgumentException">There is no list of that name.</exception>
    public static IReadOnlyList<string> Named(string name) => name switch
    {
        "plain" => Plain,
        "fixed" => Fixed,
        "shuffle" => Shuffle,
        "shuffle+" => ShufflePlus,
        _ => throw new ArgumentException(
            $"There are no prompt templates '{name}'. Known are {string.Join(", ", Names)}.", nameof(name)),
    };

    /// <summary>The template with <paramref name="phrase"/> in place of every <c>{}</c>.</summary>
    /// <exception cref="ArgumentException">The template has no place for the phrase.</exception>
    public static string Apply(string template, string phrase)
        => template.Contains("{}", StringComparison.Ordinal)
            ? template.Replace("{}", phrase, StringComparison.Ordinal)
            : throw new ArgumentException($"The template '{template}' has no {{}} where the phrase goes.");
}
