using System.Globalization;
using System.Numerics;
using System.Text;

namespace ClipSeg.Formats;

/// <summary>Values of pickles in Python 2's text form: a line each, in Python's syntax.</summary>
internal static class PickleText
{
    /// <summary>A long, a BigInteger, or a bool, which protocol 0 writes as 00 and 01.</summary>
    public static object Integer(string line, PickleInput input) => line switch
    {
        "00" => false,
        "01" => true,
        _ when long.TryParse(line, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long n) => n,
        _ when BigInteger.TryParse(line, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out BigInteger n)
            => n,
        _ => throw input.Error($"has a whole number {BinaryFile.Quote(line)}"),
    };

    public static double Float(string line, PickleInput input)
        => double.TryParse(line, NumberStyles.Float, CultureInfo.InvariantCulture, out double x) ? x
            : throw input.Error($"has a number {BinaryFile.Quote(line)}");

    /// <summary>A text in quotes.</summary>
    public static string Quoted(string line, PickleInput input)
        => line.Length > 1 && line[0] is '\'' or '"' && line[^1] == line[0] ? Unescape(line[1..^1], input)
            : throw input.Error($"has a text {BinaryFile.Quote(line)} without quotes");

    /// <summary>A text with Python's escapes for letters beyond ASCII, quotes and ends of lines.</summary>
    public static string Unescape(string line, PickleInput input)
    {
        if (!line.Contains('\\')) return line;
        StringBuilder text = new();
        for (int i = 0; i < line.Length; i++)
        {
            if (line[i] != '\\')
            {
                text.Append(line[i]);
                continue;
            }
            char kind = ++i < line.Length ? line[i] : '\0';
            int digits = kind switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
            if (digits > 0)
            {
                bool read = i + digits < line.Length && int.TryParse(line.AsSpan(i + 1, digits),
                    NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code)
                    && Append(code);
                if (!read) throw input.Error($"has a text {BinaryFile.Quote(line)} with a damaged escape");
                i += digits;
                continue;
            }
            text.Append(kind switch
            {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                '\\' or '\'' or '"' => kind,
                _ => throw input.Error($"has a text {BinaryFile.Quote(line)} with an escape that is none"),
            });
        }
        return text.ToString();

        bool Append(int code)
        {
            if (code <= char.MaxValue) text.Append((char)code);
            else if (code <= 0x10FFFF) text.Append(char.ConvertFromUtf32(code));
            return code is >= 0 and <= 0x10FFFF;
        }
    }
}
