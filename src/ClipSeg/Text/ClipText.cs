using System.Globalization;
using System.Text;

namespace ClipSeg.Text;

/// <summary>What happens to a text before the merges: cleaned, then cut into words.</summary>
/// <remarks>formats.md §7, OpenAI's path.</remarks>
internal static class ClipText
{
    public const string Start = "<|startoftext|>";
    public const string End = "<|endoftext|>";

    private enum Kind
    {
        Space,
        Letter,
        Number,
        Other,
    }

    /// <summary>Lower case, single spaces, none at the ends. What is not valid UTF-16 becomes U+FFFD.</summary>
    public static string Clean(string text)
    {
        StringBuilder clean = new(text.Length + 8);
        bool space = false;
        int index = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (Rune.IsWhiteSpace(rune))
            {
                space = clean.Length > 0;
            }
            else
            {
                if (space) clean.Append(' ');
                space = false;
                if (rune.IsAscii) clean.Append(char.ToLowerInvariant((char)rune.Value));
                else LowerCase.Append(clean, text, index, rune);
            }
            index += rune.Utf16SequenceLength;
        }
        return clean.ToString();
    }

    /// <summary>Cuts the next word off the front of a clean text; empty at its end.</summary>
    public static ReadOnlySpan<char> TakeWord(ref ReadOnlySpan<char> rest)
    {
        if (rest is [' ', ..]) rest = rest[1..];
        ReadOnlySpan<char> word = rest[..WordLength(rest)];
        rest = rest[word.Length..];
        return word;
    }

    private static int WordLength(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty) return 0;
        if (text[0] == '<')
        {
            if (text.StartsWith(Start, StringComparison.Ordinal)) return Start.Length;
            if (text.StartsWith(End, StringComparison.Ordinal)) return End.Length;
        }
        if (text[0] == '\'')
        {
            if (text is [_, 'r', 'e', ..] or [_, 'v', 'e', ..] or [_, 'l', 'l', ..]) return 3;
            if (text is [_, 's' or 't' or 'm' or 'd' or 'ſ', ..]) return 2;     // ſ: "ignore case" holds it for an s
        }

        Kind kind = KindAt(text, out int length);
        if (kind == Kind.Number) return length;         // one digit at a time
        while (length < text.Length && KindAt(text[length..], out int n) == kind) length += n;
        return length;
    }

    private static Kind KindAt(ReadOnlySpan<char> text, out int length)
    {
        char c = text[0];
        length = 1;
        if (char.IsAscii(c))
        {
            return char.IsAsciiLetter(c) ? Kind.Letter
                : char.IsAsciiDigit(c) ? Kind.Number
                : c == ' ' ? Kind.Space : Kind.Other;
        }

        Rune.DecodeFromUtf16(text, out Rune rune, out length);
        return Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
                or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => Kind.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber
                => Kind.Number,
            _ => Kind.Other,
        };
    }
}
