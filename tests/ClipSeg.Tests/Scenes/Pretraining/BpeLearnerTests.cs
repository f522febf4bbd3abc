using System.Diagnostics;
using ClipSeg.Scenes.Pretraining;
using ClipSeg.Tests.Checkpoints;
using ClipSeg.Text;

namespace ClipSeg.Tests.Scenes.Pretraining;

public sealed class BpeLearnerTests
{
    [Fact]
    public void Learn_merges_the_most_frequent_pairs_first_and_older_symbols_when_equal()
    {
        // "w e" 8 times, "l o" 7; then "e we", "n e" and "s t" 6 times each, and e is older than n, n than s.
        string[] captions = ["low low low low low", "lower Lower", "newest newest newest newest newest newest"];
        BpeVocabulary learned = BpeLearner.Learn(captions, 520);
        Assert.Equal(
            [new("w", "e"), new("l", "o"), new("e", "we"), new("n", "ewe"), new("s", "t</w>"), new("newe", "st</w>")],
            learned.Merges);
        Assert.Equal(520, learned.Symbols.Count);
    }

    [Fact]
    public void Learn_stops_when_no_pair_is_left_that_repeats()
        => Assert.Equal([new BpeMerge("a", "b</w>")], BpeLearner.Learn(["ab", "ab", "cd"], 10000).Merges);

    [Fact]
    public void Learn_merges_a_run_of_one_letter_left_to_right()
    {
        BpeVocabulary learned = BpeLearner.Learn(["aaaaa", "aaaaa"], 517);
        Assert.Equal(["aa", "aaa</w>", "aaaaa</w>"], learned.Symbols.Skip(512).Take(3));
    }

    [Fact]
    public void Learn_equals_its_definition()
    {
        string[] captions = [.. Captions(300)];
        Assert.Equal(LearnSlowly(captions, 120), BpeLearner.Learn(captions, 514 + 120).Merges);
    }

    [Fact]
    public void Saved_vocabulary_reads_back_and_encodes_the_same()
    {
        using TemporaryFolder folder = new();
        string[] captions = [.. Captions(500)];
        BpeVocabulary learned = BpeLearner.Learn(captions, 900, maxLength: 40);
        learned.Save(folder.Path);

        ClipTokenizer read = ClipTokenizer.Load(folder.Path);
        ClipTokenizer direct = new(learned);
        Assert.Equal((learned.Symbols.Count, 40), (read.VocabularySize, read.MaxLength));
        Assert.Equal((read.VocabularySize - 2, read.VocabularySize - 1), (read.StartToken, read.EndToken));
        foreach (string caption in captions)
        {
            int[] ids = read.Encode(caption).Ids;
            Assert.Equal(direct.Encode(caption).Ids, ids);
            Assert.Equal(caption, read.Decode(ids));
        }
    }

    [Fact]
    public void Learn_takes_seconds_for_a_hundred_thousand_captions()
    {
        Stopwatch watch = Stopwatch.StartNew();
        BpeVocabulary learned = BpeLearner.Learn(Captions(100_000), 3000);
        Assert.Equal(3000, learned.Symbols.Count);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), $"It took {watch.Elapsed}.");
    }

    // Count every pair anew for every merge.
    private static List<BpeMerge> LearnSlowly(string[] captions, int count)
    {
        List<string> order = [.. BpeVocabulary.FromMerges([]).Symbols.Take(512)];
        List<List<string>> words = [];
        foreach (string word in captions.SelectMany(c => c.Split(' ')))
            words.Add([.. word.Select((c, i) => i == word.Length - 1 ? $"{c}</w>" : $"{c}")]);

        List<BpeMerge> merges = [];
        while (merges.Count < count)
        {
            BpeMerge best = words.SelectMany(w => w.Zip(w.Skip(1), (left, right) => new BpeMerge(left, right)))
                .GroupBy(pair => pair).OrderByDescending(g => g.Count())
                .ThenBy(g => order.IndexOf(g.Key.Left)).ThenBy(g => order.IndexOf(g.Key.Right)).First().Key;
            merges.Add(best);
            order.Add(best.Left + best.Right);
            foreach (List<string> word in words)
            {
                for (int i = 0; i + 1 < word.Count; i++)
                {
                    if (word[i] != best.Left || word[i + 1] != best.Right) continue;
                    word[i] += word[i + 1];
                    word.RemoveAt(i + 1);
                }
            }
        }
        return merges;
    }

    // Captions of made-up words, frequent ones more often.
    private static IEnumerable<string> Captions(int count)
    {
        Random random = new(42);
        string[] syllables = "ka to ri me shu bel on ar ti pe gro nu la ve do zi".Split(' ');
        string[] words = new string[5000];
        for (int i = 0; i < words.Length; i++)
            words[i] = string.Concat(Enumerable.Range(0, 1 + random.Next(4)).Select(_ => syllables[random.Next(16)]));
        for (int i = 0; i < count; i++)
        {
            yield return string.Join(' ', Enumerable.Range(0, 3 + random.Next(8))
                .Select(_ => words[(int)(words.Length * Math.Pow(random.NextDouble(), 3))]));
        }
    }
}
