using ClipSeg.Checkpoints;
using ClipSeg.Model;
using ClipSeg.Scenes.Pretraining;
using ClipSeg.Training;
using ClipSeg.Training.Ablation;

namespace ClipSeg.Tests.Training;

/// <summary>The recipes in the repository, against training-and-evaluation.md §5.</summary>
public sealed class RecipeFileTests
{
    private const string Ours = "emoji";        // the model in the box; its recipe is not the paper's
    private const string Ablations = "ablation";

    /// <summary>What each row of the paper's ablation changes about <c>pc-plus</c>.</summary>
    private static readonly Dictionary<string, Func<TrainRecipe, TrainRecipe>> _rows = new()
    {
        ["CLIPSeg (PC+)"] = r => r,
        ["no CLIP pre-training"] = r => r with { Rate = 3e-4f },
        ["no visual"] = r => r with { VisualPrompt = null },
        ["no negatives"] = r => r with { Negatives = 0 },
        ["half negatives"] = r => r with { Negatives = 0.5f },
        ["D = 16"] = r => r with { Width = 16 },
        ["only layer 3"] = r => r with { Layers = [3] },
        ["highlight mask"] = r => r with { VisualPrompt = "blur_highlight" },
    };

    /// <summary>What each changes about <c>pc-plus</c>.</summary>
    private static readonly Dictionary<string, Func<TrainRecipe, TrainRecipe>> _recipes = new()
    {
        ["pc-plus"] = r => r,
        ["pc-plus-refined"] = r => r with { Steps = 50_000, Refined = true },
        ["pc"] = r => r with { VisualPrompt = null },
        ["pc-d128"] = r => r with { VisualPrompt = null, Negatives = 0, Width = 128 },
        ["vitseg"] = r => r with { VisualPrompt = null, Rate = 1e-4f, Size = 384 },
        ["clip-deconv"] = r => Deconv(r) with { VisualPrompt = null, Negatives = 0 },
        ["pascal-pc"] = r => r with { Negatives = 0, MixMax = 1 },
        ["pascal-clip-deconv"] = r => Deconv(r) with { Negatives = 0, MixMax = 1 },
        ["coco"] = r => Coco(r) with { Negatives = 0 },
        ["coco-negatives"] = Coco,
        ["coco-clip-deconv"] = r => Deconv(Coco(r)),
    };

    public static TheoryData<string> Names => [.. _recipes.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Recipe_has_the_values_of_its_experiment(string name)
    {
        TrainRecipe expected = _recipes[name](PcPlus);
        TrainRecipe actual = RecipeKeys.Read(PathOf(name), new TrainRecipe(), RecipeKeys.Train);
        AssertSame(expected, actual);
        ClipSegConfig decoder = actual.Decoder(ClipSegConfig.Rd64);
        Assert.Equal((expected.DecoderType, expected.Width), (decoder.DecoderType, decoder.ReduceWidth));
    }

    [Fact]
    public void Rows_of_the_paper_s_ablation_have_the_values_of_its_experiments()
    {
        AblationRecipe recipe = AblationRecipe.Read(PathOf("ablation-phrasecut"));
        Assert.Equal(_rows.Keys, recipe.Rows.Select(row => row.Name));
        Assert.All(recipe.Rows, row => AssertSame(_rows[row.Name](PcPlus), row.Recipe));
        Assert.Equal(["no CLIP pre-training"], recipe.Rows.Where(row => row.Untrained).Select(row => row.Name));
        Assert.Equal(new(37.4, 71.5, 24.7, 51.2), recipe.Rows.Single(row => row.Name == "D = 16").Published);
        Assert.True(recipe.Seeds.Count >= 2);
    }

    [Fact]
    public void Rows_of_the_ablation_on_scenes_fit_the_model_in_the_box_and_one_thing_differs()
    {
        AblationRecipe recipe = AblationRecipe.Read(PathOf("ablation"));
        using Checkpoint box = Checkpoint.Open(Path.Combine(Fixtures.Root, "models", "clipseg-emoji"));
        TrainRecipe whole = recipe.Rows[0].Recipe;
        Assert.All(recipe.Rows, row =>
        {
            row.Recipe.Decoder(box.Config);
            Assert.Equal((whole.Steps, whole.Batch, whole.Rate), (row.Recipe.Steps, row.Recipe.Batch, row.Recipe.Rate));
        });
        Assert.True(recipe.Seeds.Count >= 2);
        Assert.Equal(recipe.Rows.Count,
            recipe.Rows.Select(row => (row.Recipe, row.Untrained, row.Vision)).Distinct().Count());
    }

    private static TrainRecipe PcPlus => new()
    {
        Batch = 64,
        Steps = 20_000,
        Rate = 1e-3f,
        LowestRate = 1e-4f,
        WeightDecay = 0.01f,
        Dropout = 0.1f,
        Size = 352,
        Crop = true,
        Templates = "shuffle+",
        Negatives = 0.2f,
        VisualPrompt = "crop_blur_highlight352",
        MixMin = 0,
        MixMax = 0.5f,
        Width = 64,
        Layers = [3, 7, 9],
    };

    [Theory]
    [InlineData("ablation")]
    [InlineData("ablation-phrasecut")]
    public void An_ablation_s_recipe_opens_with_what_it_is_and_how_it_is_run(string name)
    {
        string comment = File.ReadAllText(PathOf(name)).Split('"')[0];
        Assert.Contains("clipseg ablate ", comment);
        Assert.Contains($"--recipe recipes/{name}.json ", comment);
        Assert.Contains("paper", comment);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Recipe_opens_with_what_it_is_how_it_is_run_and_where_it_is_from(string name)
    {
        string comment = File.ReadAllText(PathOf(name)).Split('"')[0];
        Assert.StartsWith("{\n  // ", comment);
        Assert.Contains("clipseg train --data ", comment);
        Assert.Contains($"--recipe recipes/{name}.json ", comment);
        Assert.Contains("paper", comment, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("// Source: ", comment);
    }

    [Fact]
    public void Every_recipe_in_the_repository_is_tested()
    {
        string[] files = [.. Directory.GetFiles(Path.Combine(Fixtures.Root, "recipes"), "*.json")
            .Select(path => Path.GetFileNameWithoutExtension(path))
            .Where(name => !name.StartsWith(Ours) && !name.StartsWith(Ablations))];
        Assert.Equal(_recipes.Keys.Order(), files.Order());
    }

    [Fact]
    public void Recipes_of_the_model_in_the_box_are_read()
    {
        Assert.NotEqual(new(), RecipeKeys.Read(PathOf("emoji"), new TrainRecipe(), RecipeKeys.Train));
        Assert.NotEqual(new(), RecipeKeys.Read(PathOf("emoji-clip"), new PretrainRecipe(), PretrainRecipe.Keys));
    }

    private static void AssertSame(TrainRecipe expected, TrainRecipe actual) => Assert.Equal(
        RecipeKeys.Write(expected, RecipeKeys.Train), RecipeKeys.Write(actual, RecipeKeys.Train));

    private static TrainRecipe Deconv(TrainRecipe recipe)
        => recipe with { DecoderType = DecoderType.ClipDeconv, Reduce2 = 64, Layers = [9] };

    private static TrainRecipe Coco(TrainRecipe recipe) => recipe with { Steps = 7_000, Crop = false, MixMax = 1 };

    private static string PathOf(string name) => Path.Combine(Fixtures.Root, "recipes", $"{name}.json");
}
