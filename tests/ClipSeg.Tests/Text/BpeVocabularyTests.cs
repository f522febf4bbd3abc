using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using ClipSeg.Tests.Checkpoints;
using ClipSeg.Tests.Scenes;
using ClipSeg.Text;

namespace ClipSeg.Tests.Text;

public sealed class BpeVocabularyTests
{
    [Fact]
    public void Load_takes_the_longest_length_from_the_config()
        => Assert.Equal(32, BpeVocabulary.Load(Fixtures.At("model", "mini")).MaxLength);

    [Theory]
    [InlineData("{}", 77)]
    [InlineData("{\"model_max_length\": 1000000000000000019884624838656}", 77)]
    [InlineData("{\"model_max_length\": 16}", 16)]
    public void Load_reads_the_limit_or_takes_CLIPs(string config, int expected)
    {
        using TemporaryFolder folder = CopyOfMini();
        File.WriteAllText(folder.At("tokenizer_config.json"), config);
        Assert.Equal(expected, BpeVocabulary.Load(folder.Path).MaxLength);
        File.Delete(folder.At("tokenizer_config.json"));
        Assert.Equal(77, BpeVocabulary.Load(folder.Path).MaxLength);
    }

    [Theory]
    [InlineData("vocab.json", "", "vocab.json is not JSON")]
    [InlineData("vocab.json", "{\"a\": 0", "vocab.json is not JSON")]
    [InlineData("vocab.json", "[1]", "holds no JSON object")]
    [InlineData("vocab.json", "{\"a\": 0, \"b\": 2}", "'b' has id 2, expected a number from 0 to 1")]
    [InlineData("vocab.json", "{\"a\": -1}", "'a' has id -1")]
    [InlineData("vocab.json", "{\"a\": \"x\"}", "'a' has id \"x\"")]
    [InlineData("vocab.json", "{\"a\": 0, \"b\": 0}", "'b' and 'a' both have id 0")]
    [InlineData("vocab.json", "{\"a\": 0, \"a\": 1}", "'a' is there twice")]
    [InlineData("vocab.json", "{\"\\ud800\": 0}", "not valid Unicode")]
    [InlineData("vocab.json", "{\"a\": 0}", "has no symbol '!'")]
    [InlineData("merges.txt", "#version: 0.2\nt h\nth\n", "merges.txt: line 3 is 'th'")]
    [InlineData("merges.txt", "t h\n\nth e\n", "merges.txt: line 2 is ''")]
    [InlineData("merges.txt", "t h e\n", "merges.txt: line 1 is 't h e'")]
    [InlineData("merges.txt", "#version: 0.2\r\nt h\r\nq z\r\n", "has no symbol 'qz', expected because line 3 of")]
    [InlineData("tokenizer_config.json", "{\"model_max_length\": 1}", "model_max_length is 1")]
    [InlineData("tokenizer_config.json", "{\"model_max_length\": \"long\"}", "model_max_length is \"long\"")]
    [InlineData("tokenizer_config.json", "7", "holds no JSON object")]
    public void Load_names_what_is_wrong_with_a_file(string file, string content, string expected)
    {
        using TemporaryFolder folder = CopyOfMini();
        File.WriteAllText(folder.At(file), content);
        TokenizerException e = Assert.Throws<TokenizerException>(() => BpeVocabulary.Load(folder.Path));
        Assert.Contains(expected, e.Message);
        Assert.Contains(file, e.Message);
    }

    [Theory]
    [InlineData("<|endoftext|>", "it ends every text")]
    [InlineData("th", "line 2 of")]
    public void Load_names_the_symbol_that_the_vocabulary_lacks(string symbol, string expected)
    {
        using TemporaryFolder folder = CopyOfMini();
        JsonObject vocabulary = JsonNode.Parse(File.ReadAllText(folder.At("vocab.json")))!.AsObject();
        int id = (int)vocabulary[symbol]!;
        vocabulary.Remove(symbol);
        vocabulary.Add("something else", id);
        File.WriteAllText(folder.At("vocab.json"), vocabulary.ToJsonString());
        TokenizerException e = Assert.Throws<TokenizerException>(() => BpeVocabulary.Load(folder.Path));
        Assert.Contains($"has no symbol '{symbol}'", e.Message);
        Assert.Contains(expected, e.Message);
    }

    [Fact]
    public void Load_refuses_what_is_not_UTF8_and_what_is_too_large()
    {
        using TemporaryFolder folder = CopyOfMini();
        File.WriteAllBytes(folder.At("merges.txt"), [.. "t h\n"u8, 0xFF]);
        TokenizerException e = Assert.Throws<TokenizerException>(() => BpeVocabulary.Load(folder.Path));
        Assert.Contains("byte 4 is wrong (0xFF)", e.Message);

        using (FileStream file = File.Create(folder.At("vocab.json"))) file.SetLength(1L << 26);
        e = Assert.Throws<TokenizerException>(() => BpeVocabulary.Load(folder.Path));
        Assert.Contains("more than 32 MB", e.Message);
    }

    [Fact]
    public void FromOpenAi_reads_merges_and_orders_the_vocabulary_as_CLIP_does()
    {
        using TemporaryFolder folder = new();
        string path = folder.At("bpe.txt.gz");
        Compress(path, "\"a version header\nt h\nth e</w>\n"u8);
        BpeVocabulary vocabulary = BpeVocabulary.FromOpenAi(path);
        Assert.Equal(["!", "\""], vocabulary.Symbols.Take(2));
        Assert.Equal("Ń", vocabulary.Symbols[255]);         // byte 173, the last of the 68 that print nothing
        Assert.Equal("!</w>", vocabulary.Symbols[256]);
        Assert.Equal(["th", "the</w>", "<|startoftext|>", "<|endoftext|>"], vocabulary.Symbols.Skip(512));
    }

    [Fact]
    public void FromOpenAi_names_what_is_wrong_with_a_file()
    {
        using TemporaryFolder folder = new();
        string path = folder.At("bpe.txt.gz");
        File.WriteAllText(path, "t h\n");
        Fails("not a complete gzip file");

        Compress(path, "header\nt h\nt\n"u8);
        Fails("line 3 is 't'");
        Compress(path, "header\nt h\nthe n\n"u8);
        Fails("line 3 is 'the n', but nothing before it makes 'the'");
        Compress(path, new byte[40 << 20]);                 // a small file that unpacks to a large one
        Fails("more than 32 MB");

        void Fails(string expected)
        {
            TokenizerException e = Assert.Throws<TokenizerException>(() => BpeVocabulary.FromOpenAi(path));
            Assert.Contains(expected, e.Message);
            Assert.Contains(path, e.Message);
        }
    }

    private static void Compress(string path, ReadOnlySpan<byte> content)
    {
        using GZipStream gz = new(File.Create(path), CompressionLevel.Fastest);
        gz.Write(content);
    }

    private static TemporaryFolder CopyOfMini()
    {
        TemporaryFolder folder = new();
        foreach (string name in (string[])["vocab.json", "merges.txt", "tokenizer_config.json"])
            File.Copy(Fixtures.At("model", "mini", name), folder.At(name));
        return folder;
    }
}
