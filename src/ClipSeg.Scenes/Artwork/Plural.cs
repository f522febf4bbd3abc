namespace ClipSeg.Scenes.Artwork;

/// <summary>English plurals of names: "dogs", "slices of pizza", "faces with tears of joy".</summary>
internal static class Plural
{
    private static readonly string[] _joints =
        [" of ", " with ", " without ", " in ", " on ", " at ", " for ", " to ", " holding ", " making ", " by "];

    // One and many in turn.
    private static readonly (string One, string Many)[] _irregular = Pairs("""
        person people man men woman women child children foot feet tooth teeth goose geese mouse mice ox
        oxen leaf leaves knife knives wolf wolves loaf loaves scarf scarves calf calves elf elves thief
        thieves wife wives life lives shelf shelves fish fish sheep sheep deer deer bison bison moose moose
        shrimp shrimp squid squid aircraft aircraft spacecraft spacecraft tomato tomatoes potato potatoes
        mango mangoes tornado tornadoes volcano volcanoes hero heroes cactus cacti octopus octopuses
        """);

    /// <summary>The plural; null for what has none ("bread", "scissors", "something to eat").</summary>
    public static string? Of(Term term)
    {
        if (!term.TakesArticle || term.IsAffordance) return null;
        string text = term.Text;
        int end = text.Length;
        foreach (string joint in _joints)
        {
            int at = text.IndexOf(joint, StringComparison.Ordinal);
            if (at > 0) end = Math.Min(end, at);
        }
        int start = text.LastIndexOf(' ', end - 1) + 1;
        return text[..start] + OfWord(text[start..end]) + text[end..];
    }

    private static string OfWord(string word)
    {
        foreach ((string one, string many) in _irregular)
        {
            // "firewoman", "swordfish"; but not "human", and not "box".
            bool compound = one.Length > 3 && word.EndsWith(one, StringComparison.Ordinal);
            if (word == one || compound) return word[..^one.Length] + many;
        }
        if (word.EndsWith("man", StringComparison.Ordinal) && word != "human") return word[..^3] + "men";
        bool hisses = word[^1] is 's' or 'x' or 'z' || word.EndsWith("ch", StringComparison.Ordinal)
            || word.EndsWith("sh", StringComparison.Ordinal);
        if (hisses) return word + "es";
        return word[^1] == 'y' && word.Length > 1 && !"aeiou".Contains(word[^2]) ? word[..^1] + "ies" : word + "s";
    }

    private static (string One, string Many)[] Pairs(string words)
        => [.. words.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries)
            .Chunk(2).Select(pair => (pair[0], pair[1]))];
}
