using System.Globalization;
using System.Text;

namespace ClipSeg.Text;

/// <summary>
/// Lower case with Unicode's context rules, as the tokenizer's definition has it (Python's <c>str.lower</c>). .NET maps
/// one code point to one and knows no context, which differs for two letters.
/// </summary>
internal static class LowerCase
{
    private const int CapitalDottedI = 0x130;
    private const int CapitalSigma = 0x3A3;

    /// <summary>Appends the lower case of <paramref name="rune"/>, found at <paramref name="index"/>.</summary>
    public static void Append(StringBuilder result, ReadOnlySpan<char> text, int index, Rune rune)
    {
        if (rune.Value == CapitalDottedI) result.Append("i\u0307");
        else if (rune.Value == CapitalSigma) result.Append(EndsWord(text, index) ? 'ς' : 'σ');
        else AppendRune(result, Rune.ToLowerInvariant(rune));
    }

    public static void AppendRune(StringBuilder result, Rune rune)
    {
        Span<char> units = stackalloc char[2];
        result.Append(units[..rune.EncodeToUtf16(units)]);
    }

    // Final_Sigma (The Unicode Standard, table 3-17): a cased letter before, none after, ignorable marks skipped.
    private static bool EndsWord(ReadOnlySpan<char> text, int index)
    {
        ReadOnlySpan<char> before = text[..index];
        while (Rune.DecodeLastFromUtf16(before, out Rune r, out int n) == 0 && IsIgnorable(r)) before = before[..^n];
        if (Rune.DecodeLastFromUtf16(before, out Rune left, out _) != 0 || !IsCased(left)) return false;

        ReadOnlySpan<char> after = text[(index + 1)..];
        while (Rune.DecodeFromUtf16(after, out Rune r, out int n) == 0 && IsIgnorable(r)) after = after[n..];
        return Rune.DecodeFromUtf16(after, out Rune right, out _) != 0 || !IsCased(right);
    }

    private static bool IsIgnorable(Rune r) => Rune.GetUnicodeCategory(r) switch
    {
        UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format
            or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol => true,
        _ => r.Value is '\'' or '.' or ':' or 0xB7 or 0x387 or 0x55F or 0x5F4 or 0x2018 or 0x2019 or 0x2024 or 0x2027
            or 0xFE13 or 0xFE52 or 0xFE55 or 0xFF07 or 0xFF0E or 0xFF1A,
    };

    private static bool IsCased(Rune r) => Rune.GetUnicodeCategory(r) switch
    {
        UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter => true,
        _ => r.Value is 0xAA or 0xBA or (>= 0x2160 and <= 0x217F) or (>= 0x24B6 and <= 0x24E9)
            or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189),
    };
}
