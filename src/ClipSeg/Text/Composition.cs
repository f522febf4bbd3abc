using System.Globalization;
using System.Text;

namespace ClipSeg.Text;

/// <summary>
/// Unicode's normalisation form C (UAX 15): letters and their accents become one character wherever there is one.
/// Python's tokenizers begin with it. <see cref="string.Normalize()"/> does nothing where .NET runs without ICU, as
/// the command does, so the tables are here (nfc.txt).
/// </summary>
internal static class Composition
{
    private const char FirstAccent = '\u0300';      // nothing below it changes or composes
    private const int HangulL = 0x1100, HangulV = 0x1161, HangulT = 0x11A7, HangulS = 0xAC00;
    private const int CountV = 21, CountT = 28, CountL = 19, CountS = CountL * CountV * CountT;

    private static readonly Lazy<Tables> _tables = new(Tables.Read);

    /// <summary>The text composed. What is not valid UTF-16 becomes U+FFFD.</summary>
    public static string Compose(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange(FirstAccent, char.MaxValue)) return text;
        Tables tables = _tables.Value;
        List<int> points = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes()) Decompose(rune.Value, points, tables);
        Order(points, tables);
        Compose(points, tables);

        StringBuilder composed = new(points.Count);
        foreach (int point in points) LowerCase.AppendRune(composed, new(point));
        return composed.ToString();
    }

    private static void Decompose(int point, List<int> points, Tables tables)
    {
        int s = point - HangulS;
        if (s is >= 0 and < CountS)
        {
            points.Add(HangulL + s / (CountV * CountT));
            points.Add(HangulV + s / CountT % CountV);
            if (s % CountT != 0) points.Add(HangulT + s % CountT);
        }
        else if (tables.Parts.TryGetValue(point, out int[]? parts))
        {
            foreach (int part in parts) Decompose(part, points, tables);
        }
        else
        {
            points.Add(point);
        }
    }

    /// <summary>Accents on one letter, of different classes, come in the order of their classes.</summary>
    private static void Order(List<int> points, Tables tables)
    {
        for (int start = 0; start < points.Count; start++)
        {
            int end = start;
            while (end < points.Count && tables.ClassOf(points[end]) > 0) end++;
            if (end - start < 2) continue;
            int[] ordered = [.. points[start..end].OrderBy(tables.ClassOf)];        // stable
            for (int i = start; i < end; i++) points[i] = ordered[i - start];
            start = end;
        }
    }

    private static void Compose(List<int> points, Tables tables)
    {
        int count = 0, letter = -1, last = -1;      // the class of what stands between the letter and this; -1: nothing
        for (int i = 0; i < points.Count; i++)
        {
            int point = points[i], kind = tables.ClassOf(point);
            if (letter >= 0 && last < kind && Pair(points[letter], point, tables) is { } whole)
            {
                points[letter] = whole;
                continue;
            }
            if (kind == 0) (letter, last) = (count, -1);
            else last = kind;
            points[count++] = point;
        }
        points.RemoveRange(count, points.Count - count);
    }

    private static int? Pair(int first, int second, Tables tables)
    {
        if (first is >= HangulL and < HangulL + CountL && second is >= HangulV and < HangulV + CountV)
            return HangulS + ((first - HangulL) * CountV + second - HangulV) * CountT;
        if (first is >= HangulS and < HangulS + CountS && (first - HangulS) % CountT == 0
            && second is > HangulT and < HangulT + CountT)
            return first + second - HangulT;
        return tables.Wholes.TryGetValue((first, second), out int whole) ? whole : null;
    }

    /// <summary>What of Unicode's table of characters this needs.</summary>
    private sealed class Tables
    {
        private readonly Dictionary<int, int> _classes = [];

        /// <summary>What a character is made of.</summary>
        public Dictionary<int, int[]> Parts { get; } = [];

        /// <summary>The character that two become.</summary>
        public Dictionary<(int, int), int> Wholes { get; } = [];

        public int ClassOf(int point) => _classes.GetValueOrDefault(point);

        public static Tables Read()
        {
            Tables tables = new();
            using Stream file = typeof(Composition).Assembly.GetManifestResourceStream("ClipSeg.Text.nfc.txt")!;
            using StreamReader lines = new(file);
            while (lines.ReadLine() is { } line)
            {
                if (line[0] != '#') tables.Add(line);
            }
            return tables;
        }

        private void Add(string line)
        {
            if (line.Split('-', ':') is [string first, string last, string kind])
            {
                for (int point = Hex(first); point <= Hex(last); point++)
                    _classes[point] = int.Parse(kind, CultureInfo.InvariantCulture);
                return;
            }
            string[] words = line.Split(' ');
            int whole = Hex(words[0]);
            int[] parts = [.. words.Skip(1).Select(word => Hex(word.TrimStart('=')))];
            Parts.Add(whole, parts);
            if (parts is [int a, int b] && words[1][0] != '=') Wholes.Add((a, b), whole);
        }

        private static int Hex(string digits)
            => int.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
