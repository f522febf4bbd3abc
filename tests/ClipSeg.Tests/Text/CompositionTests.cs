using ClipSeg.Text;

namespace ClipSeg.Tests.Text;

public sealed class CompositionTests
{
    // Left, what a keyboard or a file system may give; right, what Python's unicodedata.normalize("NFC", ...) makes.
    [Theory]
    [InlineData("a cat", "a cat")]
    [InlineData("caf\u00e9", "caf\u00e9")]
    [InlineData("cafe\u0301", "caf\u00e9")]
    [InlineData("A\u030angstro\u0308m", "\u00c5ngstr\u00f6m")]
    [InlineData("\u212b \u2126 \u212a", "\u00c5 \u03a9 K")]                        // signs that are letters
    [InlineData("Vie\u0302\u0323t", "Vi\u1ec7t")]                                   // out of order
    [InlineData("Vie\u0323\u0302t", "Vi\u1ec7t")]
    [InlineData("q\u0307\u0323", "q\u0323\u0307")]                                 // ordered, though nothing composes
    [InlineData("\u1112\u1161\u11ab\u1100\u1173\u11af", "\ud55c\uae00")]           // Hangul
    [InlineData("\uac00\u11a8", "\uac01")]
    [InlineData("\u304b\u3099", "\u304c")]
    [InlineData("\u0438\u0306", "\u0439")]
    [InlineData("\u03b1\u0301", "\u03ac")]
    [InlineData("\u0915\u093c", "\u0915\u093c")]                                   // excluded from composition
    [InlineData("\u0958", "\u0915\u093c")]
    [InlineData("\u0344", "\u0308\u0301")]
    [InlineData("\u0301e", "\u0301e")]                                             // nothing to stand on
    [InlineData("a\u0327\u0301\u0327", "\u00e1\u0327\u0327")]
    [InlineData("\ud834\udd57\ud834\udd65", "\ud834\udd57\ud834\udd65")]
    [InlineData("\ud804\udc99\ud804\udcba", "\ud804\udc9a")]
    [InlineData("\uf900", "\u8c48")]
    public void Compose_gives_normalisation_form_C(string text, string expected)
    {
        Assert.Equal(expected, Composition.Compose(text));
        Assert.Equal(expected, Composition.Compose(expected));
    }

    [Fact]
    public void What_is_no_text_becomes_the_sign_for_it()
        => Assert.Equal("a\ufffdb\u00e9", Composition.Compose("a\ud800be\u0301"));

    [Fact]
    public void A_long_row_of_accents_takes_no_long_time()
    {
        string text = "a" + string.Concat(Enumerable.Repeat("\u0301\u0327", 200_000));
        Assert.StartsWith("\u00e1\u0327\u0327", Composition.Compose(text));
    }

    [Theory]
    [InlineData("un cafe\u0301", "un caf\u00e9")]
    [InlineData("\u1112\u1161\u11ab", "\ud55c")]
    public void Tokens_of_decomposed_text_are_those_of_composed_text(string decomposed, string composed)
    {
        ClipTokenizer tokenizer = ClipTokenizer.Load(Fixtures.At("model", "mini"));
        Assert.Equal(tokenizer.Encode(composed).Ids, tokenizer.Encode(decomposed).Ids);
    }
}
