using System.IO.Compression;
using System.Text.Json;

namespace ClipSeg.Text;

/// <summary>Reads a tokenizer's files, which come from strangers: bounded, and checked one by one.</summary>
internal static class BpeFiles
{
    public const string MergesHeader = "#version: 0.2";

    private const int MaxFileBytes = 32 << 20;          // CLIP's largest is 3 MB
    private const int MaxModelLength = 1 << 20;         // above it, the files mean "no limit"

    /// <summary>The symbols of <c>vocab.json</c> by id: 0 to count - 1, each once.</summary>
    public static string[] ReadSymbols(string path)
    {
        using JsonDocument json = ReadObject(path);
        return Symbols(json.RootElement, [], path);
    }

    /// <summary>The symbols by id, and the merges, of a <c>tokenizer.json</c>.</summary>
    public static (string[] Symbols, BpeMerge[] Merges) ReadTokenizer(string path)
    {
        using JsonDocument json = ReadObject(path);
        JsonElement model = Part(json.RootElement, "model", JsonValueKind.Object, path);
        if (model.TryGetProperty("type", out JsonElement type) && type.ToString() != "BPE")
            throw new TokenizerException($"{path}: the model is of type {Shorten(type.ToString())}, expected BPE.");
        List<(string, int)> added = [];
        if (json.RootElement.TryGetProperty("added_tokens", out JsonElement tokens)
            && tokens.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement token in tokens.EnumerateArray())
            {
                if (token.ValueKind != JsonValueKind.Object || !token.TryGetProperty("id", out JsonElement id)
                    || id.ValueKind != JsonValueKind.Number || !id.TryGetInt32(out int number)
                    || !token.TryGetProperty("content", out JsonElement content) || TextOf(content) is not { } text)
                    throw new TokenizerException($"{path}: an added token has no 'id' and 'content'.");
                added.Add((text, number));
            }
        }
        string[] symbols = Symbols(Part(model, "vocab", JsonValueKind.Object, path), added, path);
        JsonElement list = Part(model, "merges", JsonValueKind.Array, path);
        BpeMerge[] merges = new BpeMerge[list.GetArrayLength()];
        int count = 0;
        foreach (JsonElement merge in list.EnumerateArray())
        {
            // Two symbols in a list; before 2024, in one text with a space between them.
            string[] parts = merge.ValueKind == JsonValueKind.Array
                ? [.. merge.EnumerateArray().Select(part => TextOf(part) ?? "")] : (TextOf(merge) ?? "").Split(' ');
            if (parts is not [{ Length: > 0 } left, { Length: > 0 } right])
            {
                throw new TokenizerException(
                    $"{path}: merge {count} is {Shorten(merge.GetRawText())}, expected two symbols.");
            }
            merges[count++] = new(left, right);
        }
        return (symbols, merges);
    }

    private static string[] Symbols(JsonElement vocabulary, List<(string Symbol, int Id)> added, string path)
    {
        added.RemoveAll(token => vocabulary.TryGetProperty(token.Symbol, out _));
        string?[] symbols = new string?[vocabulary.GetPropertyCount() + added.Count];
        HashSet<string> known = new(symbols.Length);
        foreach ((string symbol, int id) in added)
        {
            if (id < 0 || id >= symbols.Length || symbols[id] is not null || !known.Add(symbol))
                throw new TokenizerException($"{path}: added token '{Shorten(symbol)}' has id {id}, expected one of "
                    + $"0 to {symbols.Length - 1} that no other has.");
            symbols[id] = symbol;
        }
        foreach (JsonProperty entry in vocabulary.EnumerateObject())
        {
            string symbol = NameOf(entry, path);
            if (entry.Value.ValueKind != JsonValueKind.Number || !entry.Value.TryGetInt32(out int id)
                || id < 0 || id >= symbols.Length)
            {
                throw new TokenizerException($"{path}: symbol '{Shorten(symbol)}' has id "
                    + $"{Shorten(entry.Value.GetRawText())}, expected a number from 0 to {symbols.Length - 1}.");
            }
            if (!known.Add(symbol))
                throw new TokenizerException($"{path}: symbol '{Shorten(symbol)}' is there twice, expected once.");
            if (symbols[id] is { } other)
            {
                throw new TokenizerException(
                    $"{path}: '{Shorten(symbol)}' and '{Shorten(other)}' both have id {id}, expected different ids.");
            }
            symbols[id] = symbol;
        }
        return symbols!;        // as many different ids as entries, all in range: none is left out
    }

    /// <summary>The merges of <c>merges.txt</c>, with or without its header.</summary>
    public static MergeLines ReadMerges(string path)
    {
        using FileStream file = File.OpenRead(path);
        string text = ReadText(file, path);
        return ParseMerges(text, path, text.StartsWith("#version", StringComparison.Ordinal) ? 1 : 0, int.MaxValue);
    }

    /// <summary>The first merges of a file like OpenAI's: compressed, with a header.</summary>
    public static MergeLines ReadOpenAiMerges(string path, int limit)
    {
        using FileStream file = File.OpenRead(path);
        using GZipStream unpacked = new(file, CompressionMode.Decompress);
        try
        {
            return ParseMerges(ReadText(unpacked, path), path, 1, limit);
        }
        catch (InvalidDataException e)
        {
            throw new TokenizerException($"{path} is not a complete gzip file: {e.Message}", e);
        }
    }

    /// <summary><c>model_max_length</c> of <c>tokenizer_config.json</c>, or CLIP's where it sets no limit.</summary>
    public static int ReadMaxLength(string path)
    {
        using JsonDocument json = ReadObject(path);
        if (!json.RootElement.TryGetProperty("model_max_length", out JsonElement value)
            || value.ValueKind == JsonValueKind.Null)
            return BpeVocabulary.DefaultMaxLength;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double length) && length >= 2)
            return length <= MaxModelLength ? (int)length : BpeVocabulary.DefaultMaxLength;
        throw new TokenizerException(
            $"{path}: model_max_length is {Shorten(value.GetRawText())}, expected a number of tokens, at least 2.");
    }

    private static MergeLines ParseMerges(string text, string path, int headerLines, int limit)
    {
        List<BpeMerge> merges = [];
        int line = 0;
        foreach (ReadOnlySpan<char> pair in text.AsSpan().TrimEnd("\r\n").EnumerateLines())
        {
            if (line++ < headerLines) continue;
            if (merges.Count == limit) break;
            int space = pair.IndexOf(' ');
            if (space <= 0 || space == pair.Length - 1 || pair[(space + 1)..].Contains(' '))
            {
                throw new TokenizerException(
                    $"{path}: line {line} is '{Shorten(pair)}', expected two symbols with a space between them.");
            }
            merges.Add(new(pair[..space].ToString(), pair[(space + 1)..].ToString()));
        }
        return new([.. merges], headerLines + 1);
    }

    private static JsonDocument ReadObject(string path)
    {
        using FileStream file = File.OpenRead(path);
        string text = ReadText(file, path);
        try
        {
            JsonDocument json = JsonDocument.Parse(text);
            if (json.RootElement.ValueKind == JsonValueKind.Object) return json;
            json.Dispose();
        }
        catch (JsonException e)
        {
            throw new TokenizerException($"{path} is not JSON: {e.Message}", e);
        }
        throw new TokenizerException($"{path} holds no JSON object, expected {{ \"name\": value, ... }}.");
    }

    private static JsonElement Part(JsonElement whole, string name, JsonValueKind kind, string path)
        => whole.TryGetProperty(name, out JsonElement part) && part.ValueKind == kind ? part
            : throw new TokenizerException($"{path} has no {kind.ToString().ToLowerInvariant()} '{name}'.");

    private static string? TextOf(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)       // an escaped half of a surrogate pair
        {
            return null;
        }
    }

    private static string NameOf(JsonProperty entry, string path)
    {
        try
        {
            return entry.Name;
        }
        catch (InvalidOperationException e)     // an escaped half of a surrogate pair
        {
            throw new TokenizerException($"{path}: a symbol is not valid Unicode: {e.Message}", e);
        }
    }

    private static string ReadText(Stream stream, string path)
    {
        byte[] bytes = StrictUtf8.ReadAtMost(stream, MaxFileBytes)
            ?? throw new TokenizerException($"{path} has more than {MaxFileBytes >> 20} MB, too much for a tokenizer.");
        return StrictUtf8.TryDecode(bytes, out string text, out int offset) ? text
            : throw new TokenizerException($"{path} is not UTF-8: byte {offset} is wrong (0x{bytes[offset]:X2}).");
    }

    private static string Shorten(ReadOnlySpan<char> s) => s.Length <= 40 ? s.ToString() : $"{s[..40]}...";

    /// <summary>Merges, one per line from <paramref name="FirstLine"/> (counted from 1) on.</summary>
    internal sealed record MergeLines(BpeMerge[] Merges, int FirstLine);
}
