using ClipSeg.Prompts;

namespace ClipSeg.Tests.Prompts;

public sealed class PromptTemplatesTests
{
    [Theory]
    [InlineData("plain", 1, "a red kite")]
    [InlineData("fixed", 1, "a photo of a a red kite.")]
    [InlineData("shuffle", 4, "a photo of a a red kite.")]
    [InlineData("shuffle+", 9, "a photo of a a red kite.")]
    public void Named_gives_the_list_of_that_name(string name, int count, string first)
    {
        IReadOnlyList<string> templates = PromptTemplates.Named(name);
        Assert.Equal(count, templates.Distinct().Count());
        Assert.Equal(first, PromptTemplates.Apply(templates[0], "a red kite"));
        Assert.All(templates, t => Assert.Contains("{}", t));
    }

    [Fact]
    public void Named_lists_the_names_it_knows()
    {
        ArgumentException e = Assert.Throws<ArgumentException>(() => PromptTemplates.Named("shuffle_clip"));
        Assert.Contains("'shuffle_clip'. Known are plain, fixed, shuffle, shuffle+.", e.Message);
    }

    [Fact]
    public void Apply_takes_a_phrase_as_it_is()
        => Assert.Equal("a photo of a {0} {}", PromptTemplates.Apply(PromptTemplates.Validation, "{0} {}"));
}
