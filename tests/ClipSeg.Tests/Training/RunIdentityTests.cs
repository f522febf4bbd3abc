using ClipSeg.Model;
using ClipSeg.Training;

namespace ClipSeg.Tests.Training;

public sealed class RunIdentityTests
{
    private static readonly TrainRecipe _recipe = new();

    [Fact]
    public void Run_may_be_made_longer_but_not_otherwise()
    {
        string run = Of(ClipSegConfig.Rd64, _recipe);
        Assert.Equal(run, Of(ClipSegConfig.Rd64, _recipe with { Steps = _recipe.Steps + 1 }));
        Assert.NotEqual(run, Of(ClipSegConfig.Rd64, _recipe with { Rate = _recipe.Rate / 2 }));
        Assert.NotEqual(run, Of(ClipSegConfig.Rd64 with { ReduceWidth = 2 * ClipSegConfig.Rd64.ReduceWidth }, _recipe));
        Assert.NotEqual(run, Of(ClipSegConfig.Rd64 with { ExtractLayers = [0] }, _recipe));
    }

    [Fact]
    public void Run_is_told_in_the_words_of_its_files()     // a name of the code's would end runs when it changes
    {
        string run = Of(ClipSegConfig.Rd64, _recipe);
        Assert.Contains("\"reduce_dim\": ", run);
        Assert.Contains("lowest-rate=", run);
        Assert.DoesNotContain(nameof(TrainRecipe), run);
        Assert.DoesNotContain(nameof(ClipSegConfig.ReduceWidth), run);
    }

    private static string Of(ClipSegConfig config, TrainRecipe recipe)
        => RunIdentity.Of("train", config, RecipeKeys.Train, recipe);
}
