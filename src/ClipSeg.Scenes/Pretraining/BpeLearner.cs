using System.Runtime.InteropServices;
using System.Text;
using ClipSeg.Text;

namespace ClipSeg.Scenes.Pretraining;

/// <summary>Learns a vocabulary from captions: again and again, the most frequent pair becomes a symbol.</summary>
internal static class BpeLearner
{
    private const int SmallestSize = 514;       // two symbols for every byte, the start and the end
    private const long SmallestCount = 2;       // a pair seen once says nothing

    /// <summary>
    /// The vocabulary of these captions. The same captions give the same vocabulary: of pairs that are equally
    /// frequent, the one whose symbols are older goes first.
    /// </summary>
    /// <param name="captions">Read once.</param>
    /// <param name="size">The number of symbols, at least 514; fewer result if the captions repeat too little.</param>
    /// <param name="maxLength">The longest text in tokens, start and end included; at least 2.</param>
    public static BpeVocabulary Learn(
        IEnumerable<string> captions, int size, int maxLength = BpeVocabulary.DefaultMaxLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, SmallestSize);
        return new Corpus(captions).Learn(size, maxLength);
    }

    /// <summary>The distinct words with their counts, and where each pair of symbols occurs in them.</summary>
    private sealed class Corpus
    {
        private readonly List<string> _symbols = [];
        private readonly Dictionary<string, int> _ids = [];
        private readonly List<Word> _words = [];
        private readonly Dictionary<Pair, long> _counts = [];
        private readonly Dictionary<Pair, HashSet<int>> _places = [];       // words that have the pair, or once had it
        private readonly PriorityQueue<Pair, Priority> _queue = new();      // with entries whose count is outdated
        private readonly HashSet<Pair> _changed = [];

        public Corpus(IEnumerable<string> captions)
        {
            foreach (byte b in ByteSymbols.InOrder) Id(ByteSymbols.CharOf(b).ToString());
            foreach (byte b in ByteSymbols.InOrder) Id(ByteSymbols.CharOf(b) + ByteSymbols.WordEnd);

            foreach ((string word, long count) in CountWords(captions))
            {
                byte[] bytes = Encoding.UTF8.GetBytes(word);
                int[] ids = new int[bytes.Length];
                for (int i = 0; i < ids.Length; i++)
                    ids[i] = Id(ByteSymbols.CharOf(bytes[i]) + (i == ids.Length - 1 ? ByteSymbols.WordEnd : ""));
                _words.Add(new(ids, count));
                CountPairs(_words.Count - 1, count);
            }
        }

        public BpeVocabulary Learn(int size, int maxLength)
        {
            List<BpeMerge> merges = [];
            QueueChanged();
            while (_symbols.Count + 2 < size && _queue.TryDequeue(out Pair best, out Priority priority))
            {
                if (priority.Count != _counts.GetValueOrDefault(best)) continue;
                if (priority.Count < SmallestCount) break;

                BpeMerge merge = new(_symbols[best.Left], _symbols[best.Right]);
                merges.Add(merge);
                int merged = Id(merge.Left + merge.Right);
                _places.Remove(best, out HashSet<int>? places);
                foreach (int place in places!)
                {
                    Word word = _words[place];
                    CountPairs(place, -word.Count);
                    word.Merge(best, merged);
                    CountPairs(place, word.Count);
                }
                QueueChanged();
            }
            return BpeVocabulary.FromMerges(merges, maxLength);
        }

        private static Dictionary<string, long> CountWords(IEnumerable<string> captions)
        {
            Dictionary<string, long> counts = [];
            Dictionary<string, long>.AlternateLookup<ReadOnlySpan<char>> byText
                = counts.GetAlternateLookup<ReadOnlySpan<char>>();
            foreach (string caption in captions)
            {
                ReadOnlySpan<char> rest = ClipText.Clean(caption);
                while (ClipText.TakeWord(ref rest) is { IsEmpty: false } word)
                    if (word is not (ClipText.Start or ClipText.End))
                        CollectionsMarshal.GetValueRefOrAddDefault(byText, word, out _)++;
            }
            return counts;
        }

        private int Id(string symbol)
        {
            if (_ids.TryGetValue(symbol, out int id)) return id;
            _ids.Add(symbol, _symbols.Count);
            _symbols.Add(symbol);
            return _symbols.Count - 1;
        }

        private void CountPairs(int place, long count)
        {
            ReadOnlySpan<int> ids = _words[place].Ids;
            for (int i = 0; i + 1 < ids.Length; i++)
            {
                Pair pair = new(ids[i], ids[i + 1]);
                CollectionsMarshal.GetValueRefOrAddDefault(_counts, pair, out _) += count;
                _changed.Add(pair);
                if (count > 0) (CollectionsMarshal.GetValueRefOrAddDefault(_places, pair, out _) ??= []).Add(place);
            }
        }

        private void QueueChanged()
        {
            foreach (Pair pair in _changed)
            {
                if (_counts[pair] == 0) _counts.Remove(pair);
                else _queue.Enqueue(pair, new(_counts[pair], pair));
            }
            _changed.Clear();
        }
    }

    private sealed class Word(int[] ids, long count)
    {
        private int _length = ids.Length;

        public long Count => count;

        public ReadOnlySpan<int> Ids => ids.AsSpan(0, _length);

        public void Merge(Pair pair, int merged)
        {
            int kept = 0;
            for (int i = 0; i < _length; i++)
            {
                bool found = i + 1 < _length && ids[i] == pair.Left && ids[i + 1] == pair.Right;
                ids[kept++] = found ? merged : ids[i];
                if (found) i++;
            }
            _length = kept;
        }
    }

    private readonly record struct Pair(int Left, int Right);

    /// <summary>Frequent pairs first, then those of older symbols.</summary>
    private readonly record struct Priority(long Count, Pair Pair) : IComparable<Priority>
    {
        public int CompareTo(Priority other)
        {
            int order = other.Count.CompareTo(Count);
            if (order == 0) order = Pair.Left.CompareTo(other.Pair.Left);
            return order != 0 ? order : Pair.Right.CompareTo(other.Pair.Right);
        }
    }
}
