using System.Collections.Concurrent;
using System.Text;

namespace ClipSeg.Text;

/// <summary>CLIP's tokenizer, byte-pair encoding: "a cat" becomes <c>[49406, 320, 2368, 49407]</c>.</summary>
/// <remarks>
/// Equal to OpenAI's <c>clip.tokenize</c>, except that HTML entities and wrongly decoded text are left as they are:
/// pass text that is already clean. As there, a text that contains
/// <c>&lt;|startoftext|&gt;</c> or <c>&lt;|endoftext|&gt;</c> gets those tokens, and a text encoder then reads up to
/// the first end.
/// Safe to use from several threads.
/// </remarks>
internal sealed class ClipTokenizer
{
    private const int MaxCachedWords = 1 << 16;
    private const int MaxCachedLength = 32;

    private readonly BpeVocabulary _vocabulary;
    private readonly int[] _byteIds = new int[256];
    private readonly int[] _lastByteIds = new int[256];
    private readonly Dictionary<ulong, Merge> _merges;
    private readonly ConcurrentDictionary<string, int[]> _cache = [];
    private readonly ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> _cached;
    private int _cachedWords;

    public ClipTokenizer(BpeVocabulary vocabulary)
    {
        _vocabulary = vocabulary;
        _cached = _cache.GetAlternateLookup<ReadOnlySpan<char>>();

        Dictionary<string, int> ids = new(VocabularySize);
        for (int id = 0; id < VocabularySize; id++) ids.Add(vocabulary.Symbols[id], id);
        for (int b = 0; b < 256; b++)
        {
            string symbol = ByteSymbols.CharOf((byte)b).ToString();
            _byteIds[b] = ids[symbol];
            _lastByteIds[b] = ids[symbol + ByteSymbols.WordEnd];
        }
        StartToken = ids[ClipText.Start];
        EndToken = ids[ClipText.End];

        _merges = new(vocabulary.Merges.Count);
        for (int rank = 0; rank < vocabulary.Merges.Count; rank++)
        {
            (string left, string right) = vocabulary.Merges[rank];
            _merges.TryAdd(Pair(ids[left], ids[right]), new(rank, ids[left + right]));
        }
    }

    /// <summary>The id in front of every text.</summary>
    public int StartToken { get; }

    /// <summary>The id at the end of every text, where a text encoder reads its result.</summary>
    public int EndToken { get; }

    /// <summary>The number of ids: each is at least 0 and below it.</summary>
    public int VocabularySize => _vocabulary.Symbols.Count;

    /// <summary>The longest text in tokens, start and end included.</summary>
    public int MaxLength => _vocabulary.MaxLength;

    /// <summary>Reads <c>vocab.json</c>, <c>merges.txt</c> and, if it is there, <c>tokenizer_config.json</c>.</summary>
    /// <exception cref="TokenizerException">A file is damaged, too large, or does not fit the others.</exception>
    /// <exception cref="IOException">A file is missing or cannot be opened.</exception>
    public static ClipTokenizer Load(string folder) => new(BpeVocabulary.Load(folder));

    /// <summary>Reads OpenAI's <c>bpe_simple_vocab_16e6.txt.gz</c>.</summary>
    /// <exception cref="TokenizerException">The file is damaged or too large.</exception>
    /// <exception cref="IOException">The file is missing or cannot be opened.</exception>
    public static ClipTokenizer FromOpenAi(string bpeGzPath) => new(BpeVocabulary.FromOpenAi(bpeGzPath));

    /// <summary>The tokens of a text; of one that is too long, the first and the end token.</summary>
    /// <param name="text">Any string.</param>
    /// <param name="strict">Whether a text that is too long is an error.</param>
    /// <exception cref="ArgumentException">The text is too long and <paramref name="strict"/> is set.</exception>
    public Tokens Encode(string text, bool strict = false)
    {
        List<int> ids = [StartToken];
        ReadOnlySpan<char> rest = ClipText.Clean(Composition.Compose(text));
        while (ClipText.TakeWord(ref rest) is { IsEmpty: false } word)
        {
            ids.AddRange(EncodeWord(word));
            if (!strict && ids.Count >= MaxLength) break;
        }
        ids.Add(EndToken);
        if (ids.Count <= MaxLength) return new([.. ids], Truncated: false);

        if (strict)
        {
            string shown = text.Length <= 60 ? text : $"{text[..60]}...";
            throw new ArgumentException($"The text '{shown}' has {ids.Count} tokens, start and end included; "
                + $"the limit is {MaxLength}. Shorten it.", nameof(text));
        }
        int[] kept = [.. ids[..MaxLength]];
        kept[^1] = EndToken;
        return new(kept, Truncated: true);
    }

    /// <summary>The text of the ids, without start and end tokens and with a space after every word.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary.</exception>
    public string Decode(ReadOnlySpan<int> ids)
    {
        List<byte> utf8 = [];
        foreach (int id in ids)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(id, nameof(ids));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, VocabularySize, nameof(ids));
            if (id == StartToken || id == EndToken) continue;
            ReadOnlySpan<char> symbol = _vocabulary.Symbols[id];
            bool endsWord = symbol.EndsWith(ByteSymbols.WordEnd, StringComparison.Ordinal);
            if (endsWord) symbol = symbol[..^ByteSymbols.WordEnd.Length];
            foreach (char c in symbol)
                if (ByteSymbols.TryGetByte(c, out byte b)) utf8.Add(b);
            if (endsWord) utf8.Add((byte)' ');
        }
        return Encoding.UTF8.GetString([.. utf8]).TrimEnd(' ');
    }

    private int[] EncodeWord(ReadOnlySpan<char> word)
    {
        if (_cached.TryGetValue(word, out int[]? known)) return known;
        if (word is ClipText.Start) return [StartToken];
        if (word is ClipText.End) return [EndToken];

        int[] ids = MergeWord(word);
        if (word.Length <= MaxCachedLength && Volatile.Read(ref _cachedWords) < MaxCachedWords)
        {
            if (_cached.TryAdd(word, ids)) Interlocked.Increment(ref _cachedWords);
        }
        return ids;
    }

    /// <summary>Merges the best pair wherever it occurs, left to right, until no pair has a merge.</summary>
    /// <remarks>A queue of pairs instead of a search for every merge: a million letters take a second.</remarks>
    private int[] MergeWord(ReadOnlySpan<char> word)
    {
        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(word)];
        Encoding.UTF8.GetBytes(word, bytes);
        int count = bytes.Length;
        int[] ids = new int[count];                         // -1 where a symbol went into the one before it
        int[] next = new int[count];
        int[] previous = new int[count];
        for (int i = 0; i < count; i++)
            (ids[i], previous[i], next[i]) = (_byteIds[bytes[i]], i - 1, i + 1);
        ids[^1] = _lastByteIds[bytes[^1]];

        PriorityQueue<int, ulong> pairs = new(count);       // left position, by rank and then position
        for (int i = 0; i + 1 < count; i++) Enqueue(i);

        List<int> merged = [];
        while (pairs.TryPeek(out _, out ulong best))
        {
            // All pairs of one rank before any that these merges make, even if a hostile file ranks those higher.
            while (pairs.TryPeek(out int left, out ulong priority) && priority >> 32 == best >> 32)
            {
                pairs.Dequeue();
                int right = next[left];
                if (ids[left] < 0 || right == count) continue;
                if (!_merges.TryGetValue(Pair(ids[left], ids[right]), out Merge merge)) continue;
                if ((ulong)merge.Rank != best >> 32) continue;
                ids[left] = merge.Id;
                ids[right] = -1;
                next[left] = next[right];
                if (next[left] < count) previous[next[left]] = left;
                merged.Add(left);
            }
            foreach (int i in merged)
            {
                if (previous[i] >= 0) Enqueue(previous[i]);
                if (next[i] < count) Enqueue(i);
            }
            merged.Clear();
        }
        return Array.FindAll(ids, id => id >= 0);

        void Enqueue(int left)
        {
            if (_merges.TryGetValue(Pair(ids[left], ids[next[left]]), out Merge merge))
                pairs.Enqueue(left, ((ulong)merge.Rank << 32) | (uint)left);
        }
    }

    private static ulong Pair(int left, int right) => ((ulong)left << 32) | (uint)right;

    private readonly record struct Merge(int Rank, int Id);
}
