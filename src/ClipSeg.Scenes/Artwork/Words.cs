namespace ClipSeg.Scenes.Artwork;

/// <summary>Words within names.</summary>
internal static class Words
{
    /// <summary>
    /// Every run of whole words shorter than the text: of "red fire truck", "red", "fire truck" and so on.
    /// </summary>
    public static IEnumerable<string> Parts(string text)
    {
        string[] words = text.Split([' ', '-'], StringSplitOptions.RemoveEmptyEntries);
        for (int length = 1; length < words.Length; length++)
            for (int start = 0; start + length <= words.Length; start++)
                yield return string.Join(' ', words, start, length);
    }

    /// <summary>The form under which singular and plural meet; not for show.</summary>
    public static string Stem(string text)
    {
        string lower = text.ToLowerInvariant();
        return lower.Length > 3 && lower[^1] == 's' && lower[^2] is not ('s' or 'u') ? lower[..^1] : lower;
    }
}
