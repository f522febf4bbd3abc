using System.Text.Encodings.Web;
using System.Text.Json;
using ClipSeg.Files;

namespace ClipSeg.Text;

/// <summary>Two symbols that become one.</summary>
internal readonly record struct BpeMerge(string Left, string Right);

/// <summary>
/// The symbols and merges of a CLIP tokenizer, and the files they come in: Hugging Face's <c>vocab.json</c> and
/// <c>merges.txt</c>, or OpenAI's <c>bpe_simple_vocab_16e6.txt.gz</c>.
/// </summary>
/// <remarks>
/// Symbols are UTF-8 bytes, one printable character for each; the last symbol of a word ends in <c>&lt;/w&gt;</c>.
/// </remarks>
internal sealed class BpeVocabulary
{
    /// <summary>The number of tokens that CLIP's text tower reads, for files that do not say.</summary>
    public const int DefaultMaxLength = 77;

    private const int OpenAiMerges = 48894;     // lines 1 to 48894 of the file; the others are not in the vocabulary

    private readonly string[] _symbols;
    private readonly BpeMerge[] _merges;

    private BpeVocabulary(string[] symbols, BpeMerge[] merges, int maxLength)
        => (_symbols, _merges, MaxLength) = (symbols, merges, maxLength);

    /// <summary>The symbol of every id, the start and end symbols included.</summary>
    public IReadOnlyList<string> Symbols => _symbols;

    /// <summary>The merges, the first to apply first.</summary>
    public IReadOnlyList<BpeMerge> Merges => _merges;

    /// <summary>The longest text in tokens, start and end included.</summary>
    public int MaxLength { get; }

    /// <summary>Reads <c>vocab.json</c>, <c>merges.txt</c> and, if it is there, <c>tokenizer_config.json</c>.</summary>
    /// <exception cref="TokenizerException">A file is damaged, too large, or does not fit the others.</exception>
    /// <exception cref="IOException">A file is missing or cannot be opened.</exception>
    public static BpeVocabulary Load(string folder)
    {
        string path = Path.Combine(folder, "vocab.json"), merges = Path.Combine(folder, "merges.txt");
        string[] symbols = BpeFiles.ReadSymbols(path);
        BpeFiles.MergeLines lines = BpeFiles.ReadMerges(merges);
        return Checked(path, symbols, lines.Merges, i => $"line {lines.FirstLine + i} of {merges}");
    }

    /// <summary>Reads a <c>tokenizer.json</c> and, if it is there, <c>tokenizer_config.json</c> beside it.</summary>
    /// <exception cref="TokenizerException">A file is damaged, too large, or of a tokenizer other than
    /// CLIP's.</exception>
    /// <exception cref="IOException">The file is missing or cannot be opened.</exception>
    public static BpeVocabulary FromTokenizer(string path)
    {
        (string[] symbols, BpeMerge[] merges) = BpeFiles.ReadTokenizer(path);
        return Checked(path, symbols, merges, i => $"merge {i}");
    }

    /// <summary>A vocabulary whose parts fit.</summary>
    /// <param name="path">The file that the symbols are from.</param>
    /// <param name="symbols">By id.</param>
    /// <param name="merges">The first to apply first.</param>
    /// <param name="placeOf">What error messages call a merge.</param>
    private static BpeVocabulary Checked(string path, string[] symbols, BpeMerge[] merges, Func<int, string> placeOf)
    {
        string config = Path.Combine(Path.GetDirectoryName(path)!, "tokenizer_config.json");
        int maxLength = File.Exists(config) ? BpeFiles.ReadMaxLength(config) : DefaultMaxLength;
        HashSet<string> known = [.. symbols];
        foreach (byte b in ByteSymbols.InOrder)
        {
            string symbol = ByteSymbols.CharOf(b).ToString();
            if (!known.Contains(symbol)) throw Missing(symbol, $"byte {b} has to have one");
            symbol += ByteSymbols.WordEnd;
            if (!known.Contains(symbol)) throw Missing(symbol, $"byte {b} has to have one for the end of a word");
        }
        if (!known.Contains(ClipText.Start)) throw Missing(ClipText.Start, "it begins every text");
        if (!known.Contains(ClipText.End)) throw Missing(ClipText.End, "it ends every text");
        for (int i = 0; i < merges.Length; i++)
        {
            (string left, string right) = merges[i];
            foreach (string symbol in (ReadOnlySpan<string>)[left, right, left + right])
            {
                if (!known.Contains(symbol)) throw Missing(symbol, $"{placeOf(i)} merges '{left} {right}'");
            }
        }
        return new(symbols, merges, maxLength);

        TokenizerException Missing(string symbol, string reason)
            => new($"{path} has no symbol '{symbol}', expected because {reason}.");
    }

    /// <summary>Reads OpenAI's <c>bpe_simple_vocab_16e6.txt.gz</c>.</summary>
    /// <exception cref="TokenizerException">The file is damaged or too large.</exception>
    /// <exception cref="IOException">The file is missing or cannot be opened.</exception>
    public static BpeVocabulary FromOpenAi(string path)
    {
        BpeFiles.MergeLines lines = BpeFiles.ReadOpenAiMerges(path, OpenAiMerges);
        return FromMerges(lines.Merges, DefaultMaxLength, i => $"{path}: line {lines.FirstLine + i}");
    }

    /// <summary>The vocabulary of these merges: the bytes, what each merge makes, the start and the end.</summary>
    /// <param name="merges">In the order in which they apply.</param>
    /// <param name="maxLength">The longest text in tokens, start and end included; at least 2.</param>
    /// <exception cref="TokenizerException">A merge uses a symbol that nothing before it makes.</exception>
    public static BpeVocabulary FromMerges(IReadOnlyList<BpeMerge> merges, int maxLength = DefaultMaxLength)
        => FromMerges(merges, maxLength, i => $"Merge {i}");

    /// <summary>Writes <c>vocab.json</c>, <c>merges.txt</c> and <c>tokenizer_config.json</c>.</summary>
    public void Save(string folder)
    {
        WriteJson(Path.Combine(folder, "vocab.json"), json =>
        {
            json.WriteStartObject();
            for (int id = 0; id < _symbols.Length; id++) json.WriteNumber(_symbols[id], id);
            json.WriteEndObject();
        });
        OutputFile.Write(Path.Combine(folder, "merges.txt"), string.Concat(
            _merges.Select(merge => $"{merge.Left} {merge.Right}\n").Prepend(BpeFiles.MergesHeader + "\n")));
        WriteJson(Path.Combine(folder, "tokenizer_config.json"), json =>
        {
            json.WriteStartObject();
            json.WriteString("tokenizer_class", "CLIPTokenizer");
            json.WriteNumber("model_max_length", MaxLength);
            json.WriteBoolean("do_lower_case", true);
            json.WriteString("bos_token", ClipText.Start);
            foreach (string role in (ReadOnlySpan<string>)["eos_token", "pad_token", "unk_token"])
                json.WriteString(role, ClipText.End);
            json.WriteEndObject();
        });
    }

    private static void WriteJson(string path, Action<Utf8JsonWriter> write) => OutputFile.Write(path, file =>
    {
        JsonWriterOptions options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, Indented = true };
        using Utf8JsonWriter json = new(file, options);
        write(json);
    });

    private static BpeVocabulary FromMerges(IReadOnlyList<BpeMerge> merges, int maxLength, Func<int, string> placeOf)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 2);
        List<string> symbols = new(514 + merges.Count);
        foreach (byte b in ByteSymbols.InOrder) symbols.Add(ByteSymbols.CharOf(b).ToString());
        foreach (byte b in ByteSymbols.InOrder) symbols.Add(ByteSymbols.CharOf(b) + ByteSymbols.WordEnd);

        HashSet<string> known = [.. symbols];
        for (int i = 0; i < merges.Count; i++)
        {
            (string left, string right) = merges[i];
            foreach (string part in (ReadOnlySpan<string>)[left, right])
            {
                if (!known.Contains(part))
                {
                    throw new TokenizerException(
                        $"{placeOf(i)} is '{left} {right}', but nothing before it makes '{part}'.");
                }
            }
            if (known.Add(left + right)) symbols.Add(left + right);     // two spellings of one symbol share its id
        }
        return new([.. symbols, ClipText.Start, ClipText.End], [.. merges], maxLength);
    }
}
