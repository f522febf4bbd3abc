using ClipSeg.Training;
using ClipSeg.Training.Ablation;

namespace ClipSeg.Tests.Training.Ablation;

public sealed class AblationRecipeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Rows_have_the_common_values_and_their_own_over_them()
    {
        AblationRecipe recipe = Read("""
            {
              // a comment
              "seeds": [3, 4], "samples": 10,
              "recipe": { "width": 32, "negatives": 0.5 },
              "rows": [
                { "name": "Whole, all of it!", "published": { "words_iou": 43.6 } },
                { "name": "narrow", "recipe": { "width": 16 }, "clip": "untrained" },
              ]
            }
            """);
        Assert.Equal([3, 4], recipe.Seeds);
        Assert.Equal(10, recipe.Samples);
        Assert.Equal([(32, 0.5f, false), (16, 0.5f, true)],
            recipe.Rows.Select(row => (row.Recipe.Width, row.Recipe.Negatives, row.Untrained)));
        Assert.Equal(["whole-all-of-it", "narrow"], recipe.Rows.Select(row => row.Folder));
        Assert.Equal(new(), recipe.Scenes);
        Assert.Equal((43.6, null), (recipe.Rows[0].Published?.WordsIou, recipe.Rows[0].Published?.WordsAp));
    }

    [Theory]
    [InlineData("""{"samples": 10, "recipe": {}, "rows": [{"name": "a"}]}""", "line 1: ", "seeds")]
    [InlineData("""{"seeds": [1], "samples": 10, "recipe": {}, "rows": [{"name": "a", "steps": 3}]}""", "steps")]
    [InlineData("""{"seeds": [1, 1], "samples": 10, "recipe": {}, "rows": [{"name": "a"}]}""", "seeds are [1, 1]")]
    [InlineData("""{"seeds": [1], "samples": 0, "recipe": {}, "rows": [{"name": "a"}]}""", "samples is 0")]
    [InlineData("""{"seeds": [1], "samples": 10, "recipe": {}, "rows": []}""", "there are 0 rows")]
    [InlineData("""{"seeds": [1], "samples": 9, "recipe": {}, "rows": [{"name": "a"}], "scenes": {"max_objects": 0}}""",
        "scenes have 1 to 0 objects")]
    [InlineData("""{"seeds": [1], "samples": 10, "recipe": {}, "rows": [{"name": "!"}]}""", "without letters")]
    [InlineData("""{"seeds": [1], "samples": 10, "recipe": {}, "rows": [{"name": "a b"}, {"name": "A-B"}]}""",
        "'a b' and 'A-B' would have one folder, 'a-b'")]
    [InlineData("""{"seeds": [1], "samples": 10, "recipe": {"with": 1}, "rows": [{"name": "a"}]}""",
        ", recipe: there is no 'with'")]
    [InlineData("""{"seeds": [1], "samples": 10, "recipe": {}, "rows": [{"name": "a", "recipe": {"width": 0}}]}""",
        ", row 'a': width is '0'")]
    [InlineData("""{"seeds": [1], "samples": 10, "recipe": {}, "rows": [{"name": "a", "clip": "none"}]}""",
        "row 'a': clip is 'none', expected 'untrained'")]
    public void A_recipe_that_cannot_be_names_the_file_and_what_is_wrong(string json, params string[] expected)
    {
        string message = Assert.Throws<RecipeException>(() => Read(json)).Message;
        Assert.StartsWith($"'{_folder.At("recipe.json")}'", message);
        Assert.All(expected, part => Assert.Contains(part, message));
    }

    private AblationRecipe Read(string json)
    {
        File.WriteAllText(_folder.At("recipe.json"), json);
        return AblationRecipe.Read(_folder.At("recipe.json"));
    }
}
