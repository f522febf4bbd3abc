using ClipSeg.Model;
using ClipSeg.Scenes.Pretraining;
using ClipSeg.Training;

namespace ClipSeg.Tests.Training;

/// <summary>The recipes in the repository, against training-and-evaluation.md §5.</summary>
public sealed class RecipeFileTests
{
    private const string Ours = "emoji";        // the model in the box; its recipe is not the paper's

    /// <summary>What each changes about <c>pc-plus</c>.</summary>
    private static readonly Dictionary<string, Func<TrainRecipe, TrainRecipe>> _recipes = new()
    {
        ["pc-plus"] = r => r,
        ["pc-plus-refined"] = r => r with { Steps = 50_000, Refined = true },
        ["pc"] = r => r with { VisualPrompt = null },
        ["pc-d128"] = r => r with { VisualPrompt = null, Negatives = 0, Width = 128 },
        ["clip-deconv"] = r => Deconv(r) with { VisualPrompt = null, Negatives = 0 },
        ["pascal-pc"] = r => r with { Negatives = 0, MixMax = 1 },
        ["pascal-clip-deconv"] = r => Deconv(r) with { Negatives = 0, MixMax = 1 },
        ["coco"] = r => Coco(r) with { Negatives = 0 },
        ["coco-negatives"] = Coco,
        ["coco-clip-deconv"] = r => Deconv(Coco(r)),
        ["ablation-no-negatives"] = r => r with { Negatives = 0 },
        ["ablation-half-negatives"] = r => r with { Negatives = 0.5f },
        ["ablation-no-visual"] = r => r with { VisualPrompt = null },
        ["ablation-d16"] = r => r with { Width = 16 },
        ["ablation-layer-3"] = r => r with { Layers = [3] },
        ["ablation-highlight-mask"] = r => r with { VisualPrompt = "blur_highlight" },
    };

    public static TheoryData<string> Names => [.. _recipes.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Recipe_has_the_values_of_its_experiment(string name)
    {
        TrainRecipe expected = _recipes[name](new()
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
        });
        TrainRecipe actual = RecipeKeys.Read(PathOf(name), new TrainRecipe(), RecipeKeys.Train);
        Assert.Equal(
            RecipeKeys.Write(expected, RecipeKeys.Train), RecipeKeys.Write(actual, RecipeKeys.Train));
        ClipSegConfig decoder = actual.Decoder(ClipSegConfig.Rd64);
        Assert.Equal((expected.DecoderType, expected.Width), (decoder.DecoderType, decoder.ReduceWidth));
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
            .Select(path => Path.GetFileNameWithoutExtension(path)).Where(name => !name.StartsWith(Ours))];
        Assert.Equal(_recipes.Keys.Order(), files.Order());
    }

    [Fact]
    public void Recipes_of_the_model_in_the_box_are_read()
    {
        Assert.NotEqual(new(), RecipeKeys.Read(PathOf("emoji"), new TrainRecipe(), RecipeKeys.Train));
        Assert.NotEqual(new(), RecipeKeys.Read(PathOf("emoji-clip"), new PretrainRecipe(), PretrainRecipe.Keys));
    }

    private static TrainRecipe Deconv(TrainRecipe recipe)
        => recipe with { DecoderType = DecoderType.ClipDeconv, Reduce2 = 64, Layers = [9] };

    private static TrainRecipe Coco(TrainRecipe recipe) => recipe with { Steps = 7_000, Crop = false, MixMax = 1 };

    private static string PathOf(string name) => Path.Combine(Fixtures.Root, "recipes", $"{name}.json");
}
