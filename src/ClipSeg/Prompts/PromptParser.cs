using System.Globalization;
using System.Text;

namespace ClipSeg.Prompts;

/// <summary>Reads the text of a <see cref="PromptExpression"/>, by recursive descent.</summary>
/// <remarks>
/// The text may come from a stranger: its length, its depth, its phrases and what costs a pass over the picture are
/// bounded.
/// <code>
/// any     = all { OR all }
/// all     = factor { AND factor }
/// factor  = NOT factor | atom [ "*" number ]
/// atom    = "(" any ")" | ("grow" | "shrink") "(" any "," number ")" | phrase
/// phrase  = quoted text | words
/// </code>
/// </remarks>
internal sealed class PromptParser
{
    public const int MaxLength = 2000, MaxDepth = 32, MaxPhrases = 32, MaxMoves = 8;

    private const float MinWeight = 0.001f, MaxWeight = 1000, MaxRadius = 10_000;
    private const string And = "AND", Or = "OR", Not = "NOT", Grow = "grow", Shrink = "shrink";

    private readonly string _text;
    private readonly List<string> _phrases = [];
    private readonly List<PromptNode> _moves = [];
    private int _at;
    private int _depth;

    private PromptParser(string text) => _text = text;

    /// <summary>The phrases, each once, in the order of the text.</summary>
    public IReadOnlyList<string> Phrases => _phrases;

    /// <summary>What grows and shrinks, those inside of others before them.</summary>
    public IReadOnlyList<PromptNode> Moves => _moves;

    public PromptNode Root { get; private set; } = null!;

    /// <exception cref="PromptSyntaxException">The text is no expression, or is too large a one.</exception>
    public static PromptParser Parse(string text)
    {
        PromptParser parser = new(text);
        if (parser.IsPlain())
        {
            return string.IsNullOrWhiteSpace(text)
                ? throw parser.Wrong("Expected a phrase, found nothing.", text.Length)
                : Plain(text.Trim());
        }
        if (text.Length > MaxLength)
        {
            parser._at = MaxLength;
            throw parser.Wrong($"The text has {text.Length} characters, an expression at most {MaxLength}.");
        }
        parser.Root = parser.ReadAny();
        if (parser.Peek() != "") throw parser.Unexpected($"{And}, {Or} or the end");
        return parser;
    }

    /// <summary>One phrase, whatever is in it.</summary>
    public static PromptParser Plain(string phrase)
    {
        PromptParser parser = new(phrase);
        parser.Root = parser.Phrase(phrase, 0);
        return parser;
    }

    /// <summary>Whether the text is one phrase: nothing is quoted, no word is an operator.</summary>
    private bool IsPlain()
    {
        for (int at = SkipSpace(0); at < _text.Length; at = SkipSpace(at))
        {
            if (IsQuote(_text[at])) return false;
            int end = WordEnd(at);
            ReadOnlySpan<char> word = _text.AsSpan(at, end - at);
            if (IsOperator(word) || (IsMove(word) && end < _text.Length && _text[end] == '(')) return false;
            at = end;
        }
        return true;
    }

    private PromptNode ReadAny() => ReadChain(Or, PromptOperation.Any, ReadAll);

    private PromptNode ReadAll() => ReadChain(And, PromptOperation.All, ReadFactor);

    private PromptNode ReadChain(string word, PromptOperation operation, Func<PromptNode> readPart)
    {
        PromptNode first = readPart();
        if (Peek() != word) return first;
        List<PromptNode> parts = [first];
        while (TryTake(word)) parts.Add(readPart());
        return new(operation, parts);
    }

    private PromptNode ReadFactor()
    {
        if (++_depth > MaxDepth) throw Wrong($"This is nested more than {MaxDepth} deep.");
        PromptNode node;
        if (TryTake(Not))
        {
            node = new(PromptOperation.Not, [ReadFactor()]);
        }
        else
        {
            node = ReadAtom();
            if (TryTake("*")) node = new(PromptOperation.Weigh, [node], Number: ReadWeight());
        }
        _depth--;
        return node;
    }

    private PromptNode ReadAtom()
    {
        string word = Peek();
        if (TryTake("("))
        {
            PromptNode inner = ReadAny();
            Take(")", $"{And}, {Or} or ')'");
            return inner;
        }
        if (word.Length > 0 && IsQuote(word[0])) return ReadQuoted();
        if (IsMove(word) && _text.AsSpan(_at + word.Length) is ['(', ..]) return ReadMove(word);
        if (word is "" or ")" or "*" or "," || IsOperator(word)) throw Unexpected("a phrase");
        return ReadWords();
    }

    private PromptNode ReadMove(string word)
    {
        int start = _at;
        _at += word.Length + 1;
        PromptNode inner = ReadAny();
        Take(",", $"{And}, {Or} or ', RADIUS)'");
        float radius = TryReadNumber(0, MaxRadius) ?? throw Unexpected("a radius of 0 to 10000 pixels");
        Take(")", "')'");
        if (_moves.Count == MaxMoves)
        {
            _at = start;
            throw Wrong($"More than {MaxMoves} parts grow or shrink.");
        }
        PromptOperation operation = word == Grow ? PromptOperation.Grow : PromptOperation.Shrink;
        PromptNode move = new(operation, [inner], _moves.Count, radius);
        _moves.Add(move);
        return move;
    }

    private PromptNode ReadQuoted()
    {
        int start = _at++;
        StringBuilder phrase = new();
        for (; _at < _text.Length && !IsQuote(_text[_at]); _at++)
        {
            if (_text.AsSpan(_at) is ['\\', char next, ..] && IsEscaped(next)) _at++;
            phrase.Append(_text[_at]);
        }
        if (_at == _text.Length) throw Wrong("The quotation is not closed.", start);
        _at++;
        string text = phrase.ToString().Trim();
        return text.Length > 0 ? Phrase(text, start) : throw Wrong("The phrase is empty.", start);
    }

    /// <summary>Words without quotes, as far as they go.</summary>
    private PromptNode ReadWords()
    {
        int start = _at, end = _at;
        for (string word = Peek(); word.Length > 0 && !IsSpecial(word[0]) && !IsOperator(word); word = Peek())
            end = _at += word.Length;
        return Phrase(_text[start..end], start);
    }

    private PromptNode Phrase(string phrase, int start)
    {
        int index = _phrases.IndexOf(phrase);
        if (index < 0)
        {
            if (_phrases.Count == MaxPhrases) throw Wrong($"There are more than {MaxPhrases} phrases.", start);
            index = _phrases.Count;
            _phrases.Add(phrase);
        }
        return new(PromptOperation.Phrase, [], index);
    }

    private float ReadWeight() => TryReadNumber(MinWeight, MaxWeight) ?? throw Unexpected("a weight of 0.001 to 1000");

    /// <summary>Takes a number, if there is one in this range.</summary>
    private float? TryReadNumber(float least, float most)
    {
        string word = Peek();
        const NumberStyles Plain = NumberStyles.AllowDecimalPoint;
        bool isNumber = float.TryParse(word, Plain, CultureInfo.InvariantCulture, out float number);
        if (!isNumber || number < least || number > most) return null;
        _at += word.Length;
        return number;
    }

    /// <summary>The next word, operator or mark, whose place becomes the current one; "" at the end.</summary>
    private string Peek()
    {
        _at = SkipSpace(_at);
        return _text[_at..WordEnd(_at)];
    }

    private bool TryTake(string word)
    {
        if (Peek() != word) return false;
        _at += word.Length;
        return true;
    }

    private void Take(string word, string expected)
    {
        if (!TryTake(word)) throw Unexpected(expected);
    }

    private int SkipSpace(int at)
    {
        while (at < _text.Length && char.IsWhiteSpace(_text[at])) at++;
        return at;
    }

    /// <summary>Where a word ends; a mark is a word of its own.</summary>
    private int WordEnd(int at)
    {
        int end = at;
        while (end < _text.Length && !char.IsWhiteSpace(_text[end]) && !IsSpecial(_text[end])) end++;
        return end == at && at < _text.Length ? at + 1 : end;
    }

    /// <summary>Whether a character stands behind a backslash where it is in quotes.</summary>
    public static bool IsEscaped(char c) => c == '\\' || IsQuote(c);

    // Telephones type curly quotes.
    private static bool IsQuote(char c) => c is '"' or '“' or '”' or '„';

    private static bool IsSpecial(char c) => c is '(' or ')' or '*' or ',' || IsQuote(c);

    private static bool IsOperator(ReadOnlySpan<char> word) => word is And or Or or Not;

    private static bool IsMove(ReadOnlySpan<char> word) => word is Grow or Shrink;

    private PromptSyntaxException Unexpected(string expected)
    {
        string word = Peek();
        string found = word == "" ? "the end" : $"'{word}'";
        bool small = !IsOperator(word) && IsOperator(word.ToUpperInvariant());
        return Wrong($"Expected {expected}, found {found}.{(small ? " Operators are in capitals." : "")}");
    }

    private PromptSyntaxException Wrong(string problem, int? at = null)
        => new($"Character {(at ?? _at) + 1}: {problem}", _text, at ?? _at);
}
