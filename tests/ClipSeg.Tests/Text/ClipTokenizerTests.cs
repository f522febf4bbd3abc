using System.Diagnostics;
using System.Text;
using System.Text.Json;
using ClipSeg.Tests.Checkpoints;
using ClipSeg.Tests.Scenes;
using ClipSeg.Text;

namespace ClipSeg.Tests.Text;

public sealed class ClipTokenizerTests
{
    private static readonly ClipTokenizer _mini = ClipTokenizer.Load(Fixtures.At("model", "mini"));

    [Fact]
    public void Encode_equals_the_reference_on_a_small_vocabulary()
        => AssertEqualsReference(_mini, Fixtures.At("tokenizer", "mini-bpe.json"), expectedCount: 120);

    [OpenAiVocabularyFact]
    public void Encode_equals_the_reference_on_OpenAIs_vocabulary()
    {
        ClipTokenizer clip = ClipTokenizer.FromOpenAi(OpenAiVocabulary.Path);
        Assert.Equal((49406, 49407, 49408, 77), (clip.StartToken, clip.EndToken, clip.VocabularySize, clip.MaxLength));
        AssertEqualsReference(clip, Fixtures.At("tokenizer", "clip-bpe.json"), expectedCount: 260);
    }

    [OpenAiVocabularyFact]
    public void Encode_equals_published_ids()
    {
        ClipTokenizer clip = ClipTokenizer.FromOpenAi(OpenAiVocabulary.Path);
        Check("", []);
        Check("a remote", [320, 9687]);
        Check("something to fill", [2006, 531, 6277]);
        Check(" A  Photo\tof\na   CAT ", [320, 1125, 539, 320, 2368]);
        Check("it's the dog's toy", [585, 568, 518, 1929, 568, 5988]);
        Check("iPhone 15", [4314, 272, 276]);
        Check("hello, world!!! & more", [3306, 267, 1002, 995, 261, 750]);
        Check("naïve café", [1097, 35689, 563, 15304]);
        Check("猫", [163, 234, 360]);
        Check("😀", [7334]);
        Check("2024年", [273, 271, 273, 275, 38780, 368]);
        Check("red<|endoftext|>blue", [736, 49407, 1746]);

        void Check(string text, int[] expected) => Assert.Equal([49406, .. expected, 49407], clip.Encode(text).Ids);
    }

    [OpenAiVocabularyFact]
    public void Saved_vocabulary_of_OpenAI_reads_back_the_same()
    {
        using TemporaryFolder folder = new();
        BpeVocabulary openAi = BpeVocabulary.FromOpenAi(OpenAiVocabulary.Path);
        openAi.Save(folder.Path);
        BpeVocabulary read = BpeVocabulary.Load(folder.Path);
        Assert.Equal(openAi.Symbols, read.Symbols);
        Assert.Equal(openAi.Merges, read.Merges);
        Assert.Equal(openAi.MaxLength, read.MaxLength);
    }

    [Fact]
    public void Encode_keeps_the_end_token_and_says_so_when_the_text_is_too_long()
    {
        string text = string.Join(' ', Enumerable.Repeat("a", _mini.MaxLength - 2));
        Tokens fits = _mini.Encode(text);
        Assert.False(fits.Truncated);
        Assert.Equal(_mini.MaxLength, fits.Ids.Length);

        Tokens cut = _mini.Encode(text + " a");
        Assert.True(cut.Truncated);
        Assert.Equal(fits.Ids, cut.Ids);
    }

    [Fact]
    public void Encode_refuses_a_text_that_is_too_long_when_strict()
    {
        string text = string.Join(' ', Enumerable.Repeat("a", _mini.MaxLength - 1));
        ArgumentException e = Assert.Throws<ArgumentException>(() => _mini.Encode(text, strict: true));
        Assert.Contains($"{_mini.MaxLength + 1} tokens", e.Message);
        Assert.Contains($"limit is {_mini.MaxLength}", e.Message);
        Assert.Equal(_mini.MaxLength, _mini.Encode(text[2..], strict: true).Ids.Length);
    }

    [Theory]
    [InlineData("İ", "i\u0307")]
    [InlineData("ΟΔΟΣ ΣΑΣ Σ ΣΊΣΥΦΟΣ.", "οδος σας σ σίσυφος.")]
    [InlineData("ΑΣ.Β ΑΣ\u0301 ΑΣ-Β", "ασ.β ας\u0301 ας-β")]
    [InlineData("  tab\t\u00A0\u2003\r\nNEW  ", "tab new")]
    [InlineData("ẞ ſ Å K ǅ 𐐀", "ß ſ å k ǆ 𐐨")]
    public void Clean_lowers_as_Python_does(string text, string expected)
        => Assert.Equal(expected, ClipText.Clean(text));

    [Fact]
    public void Decode_gives_back_the_words_of_any_text()
    {
        BpeVocabulary mini = BpeVocabulary.Load(Fixtures.At("model", "mini"));
        ClipTokenizer unlimited = new(BpeVocabulary.FromMerges(mini.Merges, int.MaxValue));
        foreach (string text in Texts(2000))
        {
            string clean = ClipText.Clean(Composition.Compose(text));
            List<string> words = [];
            ReadOnlySpan<char> rest = clean;
            while (ClipText.TakeWord(ref rest) is { IsEmpty: false } word)
                words.Add(word.ToString());
            Assert.Equal(clean.Replace(" ", ""), string.Concat(words));

            int[] ids = unlimited.Encode(text, strict: true).Ids;
            Assert.All(ids, id => Assert.InRange(id, 0, unlimited.VocabularySize - 1));
            IEnumerable<string> shown = words.Where(w => w is not (ClipText.Start or ClipText.End));
            Assert.Equal(string.Join(' ', shown), unlimited.Decode(ids));
        }
    }

    [Fact]
    public void Encode_gives_the_same_ids_on_every_thread()
    {
        string[] texts = [.. Texts(500)];
        int[][] expected = [.. texts.Select(t => _mini.Encode(t).Ids)];
        ClipTokenizer shared = ClipTokenizer.Load(Fixtures.At("model", "mini"));
        Parallel.For(0, 4, _ =>
        {
            for (int i = 0; i < texts.Length; i++) Assert.Equal(expected[i], shared.Encode(texts[i]).Ids);
        });
    }

    [Fact]
    public void Encode_merges_the_best_pair_everywhere_before_any_pair_that_makes()
    {
        using TemporaryFolder folder = new();
        BpeVocabulary.FromMerges([new("a", "a"), new("aa", "a")]).Save(folder.Path);
        Assert.Equal(["aa", "aa", "a", "b</w>"], SymbolsOf("aaaaab", merges: "a a\n"));
        Assert.Equal(["aa", "aaa", "b</w>"], SymbolsOf("aaaaab", merges: "a a\naa a\n"));
        Assert.Equal(["aa", "aaa", "b</w>"], SymbolsOf("aaaaab", merges: "aa a\na a\n"));

        string[] SymbolsOf(string text, string merges)
        {
            File.WriteAllText(folder.At("merges.txt"), merges);
            BpeVocabulary vocabulary = BpeVocabulary.Load(folder.Path);
            return [.. new ClipTokenizer(vocabulary).Encode(text).Ids[1..^1].Select(id => vocabulary.Symbols[id])];
        }
    }

    [Fact]
    public void Encode_takes_a_word_of_a_million_letters_in_seconds()
    {
        Stopwatch watch = Stopwatch.StartNew();
        Assert.True(_mini.Encode(new string('t', 500_000) + new string('h', 500_000)).Truncated);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"It took {watch.Elapsed}.");
    }

    [Fact]
    public void Decode_refuses_an_id_outside_the_vocabulary()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => _mini.Decode([_mini.VocabularySize]));
        Assert.Throws<ArgumentOutOfRangeException>(() => _mini.Decode([-1]));
    }

    private static void AssertEqualsReference(ClipTokenizer tokenizer, string path, int expectedCount)
    {
        using JsonDocument cases = JsonDocument.Parse(File.ReadAllBytes(path));
        Assert.Equal(expectedCount, cases.RootElement.GetArrayLength());
        foreach (JsonElement one in cases.RootElement.EnumerateArray())
        {
            int[] expected = [.. one.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
            Assert.Equal(expected, tokenizer.Encode(one.GetProperty("text").GetString()!).Ids);
        }
    }

    // Words, digits, special tokens, white space, code points from all planes and broken surrogates, in any order.
    private static IEnumerable<string> Texts(int count)
    {
        Random random = new(42);
        string[] parts = ["a cat", "THE ", "it's", "they'LL", "42", " ", "\t\u2028", "!?", "<|endoftext|>",
            "<|StartOfText|>", "\u0000", "\u0130Σ", "\uD800", "\uDC00", "👩\u200D🚀", "½②", "日本"];
        for (int i = 0; i < count; i++)
        {
            StringBuilder text = new();
            for (int part = random.Next(12); part > 0; part--)
            {
                int codePoint = random.Next(0x110000);
                if (random.Next(2) == 0) text.Append(parts[random.Next(parts.Length)]);
                else if (Rune.IsValid(codePoint)) text.Append(new Rune(codePoint));
            }
            yield return text.ToString();
        }
    }
}
