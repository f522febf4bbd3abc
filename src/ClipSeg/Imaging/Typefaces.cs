using System.Collections.Concurrent;
using System.Text;
using SkiaSharp;

namespace ClipSeg.Imaging;

/// <summary>
/// The font that travels with the library (DejaVu Sans: Latin, Greek, Cyrillic), and for any other character the
/// machine's first font that has it; without any, a replacement character.
/// </summary>
internal static class Typefaces
{
    private const string Resource = "ClipSeg.Imaging.DejaVuSans.ttf";

    private static readonly Lazy<SKTypeface> _own = new(() =>
    {
        using Stream font = typeof(Typefaces).Assembly.GetManifestResourceStream(Resource)!;
        return SKTypeface.FromStream(font);
    });

    private static readonly Lazy<SKTypeface[]> _machine = new(() =>
        [.. SKFontManager.Default.FontFamilies.Select(SKFontManager.Default.MatchFamily).OfType<SKTypeface>()]);

    private static readonly ConcurrentDictionary<Rune, SKTypeface?> _of = [];

    public static SKTypeface Own => _own.Value;

    /// <summary>Pieces of a text, each with a typeface that has all of its characters, if any has.</summary>
    public static IEnumerable<(string Text, SKTypeface Typeface)> Runs(string text)
    {
        StringBuilder run = new();
        SKTypeface current = Own;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (Rune.IsControl(rune)) continue;
            SKTypeface? found = _of.GetOrAdd(rune, Find);
            SKTypeface typeface = found ?? Own;
            if (typeface != current && run.Length > 0)
            {
                yield return (run.ToString(), current);
                run.Clear();
            }
            current = typeface;
            run.Append((found is null ? Rune.ReplacementChar : rune).ToString());
        }
        if (run.Length > 0) yield return (run.ToString(), current);
    }

    // Skia's font manager on Linux without fontconfig matches no characters, so every family is asked.
    private static SKTypeface? Find(Rune rune)
    {
        if (Has(Own, rune)) return Own;
        return SKFontManager.Default.MatchCharacter(rune.Value)
            ?? _machine.Value.FirstOrDefault(t => Has(t, rune));
    }

    private static bool Has(SKTypeface typeface, Rune rune)
    {
        using SKFont font = new(typeface);
        return font.ContainsGlyph(rune.Value);
    }
}
