using ClipSeg.Scenes.Pretraining;
using ClipSeg.Training;

namespace ClipSeg.Tests.Training;

/// <summary>docs/training.md says what the program does.</summary>
public sealed class TrainingGuideTests
{
    private static readonly string _guide = File.ReadAllText(Path.Combine(Fixtures.Root, "docs", "training.md"));

    [Fact]
    public void The_tables_of_recipe_values_are_those_of_the_program()
    {
        Assert.Contains("Of `train`:" + Table(RecipeKeys.Train, new()), _guide);
        Assert.Contains("Of `pretrain`:" + Table(PretrainRecipe.Keys, new()), _guide);
    }

    [Fact]
    public void Every_recipe_is_in_the_guide()
    {
        foreach (string path in Directory.GetFiles(Path.Combine(Fixtures.Root, "recipes"), "*.json"))
        {
            Assert.Contains(Path.GetFileNameWithoutExtension(path).Replace(".config", ""), _guide);
        }
    }

    private static string Table<T>(IReadOnlyList<RecipeKey<T>> keys, T defaults)
        => "\n\n| value | default | |\n|---|---|---|\n"
            + string.Concat(keys.Select(k => $"| `{k.Name}` | {k.Get(defaults)} | {k.Description} |\n"));
}
