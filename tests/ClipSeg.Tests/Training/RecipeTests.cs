using ClipSeg.Model;
using ClipSeg.Scenes.Pretraining;
using ClipSeg.Training;
using ClipSeg.Training.Ablation;

namespace ClipSeg.Tests.Training;

public sealed class RecipeTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public static TheoryData<string> Recipes
        => [.. Directory.GetFiles(Path.Combine(Fixtures.Root, "recipes"), "*.json")
            .Select(f => Path.GetFileName(f)!).Where(f => !f.EndsWith(".config.json"))];

    [Theory]
    [MemberData(nameof(Recipes))]
    public void Every_recipe_of_the_repository_is_read(string recipe)
    {
        string path = Path.Combine(Fixtures.Root, "recipes", recipe);
        if (recipe.StartsWith("ablation")) AblationRecipe.Read(path);
        else if (recipe.EndsWith("-clip.json")) RecipeKeys.Read(path, new PretrainRecipe(), PretrainRecipe.Keys);
        else RecipeKeys.Read(path, new TrainRecipe(), RecipeKeys.Train);
    }

    [Fact]
    public void The_refined_head_is_for_patches_of_16()
    {
        TrainRecipe recipe = new() { Refined = true };
        Assert.True(recipe.Decoder(ClipSegConfig.Rd64).RefinedHead);
        RecipeException e = Assert.Throws<RecipeException>(
            () => recipe.Decoder(ClipSegConfig.Rd64 with { PatchSize = 8 }));
        Assert.Contains("draws 4 x 4 pixels for a patch, and the model's patches have 8 x 8", e.Message);
    }

    [Theory]
    [InlineData("{\"learning-rate\": 1}", "there is no 'learning-rate'")]
    [InlineData("{\"batch\": 0}", "batch is '0', expected a whole number in 1..")]
    [InlineData("{\"batch\": 1.5}", "batch is '1.5'")]
    [InlineData("{\"crop\": \"yes\"}", "crop is 'yes', expected true or false")]
    [InlineData("{\"templates\": \"none\"}", "templates is 'none', expected one of plain")]
    [InlineData("{\"layers\": [3, \"x\"]}", "layers is '3,x'")]
    [InlineData("[1]", "expected a JSON object")]
    [InlineData("{\"batch\": ", "line 1: this is not JSON")]
    public void A_recipe_that_cannot_be_is_refused_by_name(string json, string expected)
    {
        File.WriteAllText(_file, json);
        RecipeException e = Assert.Throws<RecipeException>(
            () => RecipeKeys.Read(_file, new TrainRecipe(), RecipeKeys.Train));
        Assert.Contains(expected, e.Message);
        Assert.Contains(_file, e.Message);
    }

    [Fact]
    public void A_written_recipe_reads_back_the_same()
    {
        TrainRecipe recipe = new() { Batch = 3, Rate = 1.25e-5f, VisualPrompt = null, Layers = [1, 2], Refined = true };
        File.WriteAllText(_file, RecipeKeys.Write(recipe, RecipeKeys.Train));
        TrainRecipe read = RecipeKeys.Read(_file, new TrainRecipe(), RecipeKeys.Train);
        Assert.Equal(recipe.Layers, read.Layers);
        Assert.Equal(recipe with { Layers = null }, read with { Layers = null });
    }

    public void Dispose() => File.Delete(_file);
}
