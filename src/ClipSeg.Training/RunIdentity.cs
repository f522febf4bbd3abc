using System.Text.Json;
using ClipSeg.Checkpoints;
using ClipSeg.Model;

namespace ClipSeg.Training;

/// <summary>What a saved state belongs to.</summary>
internal static class RunIdentity
{
    private const string Steps = "steps";       // a run may be made longer or shorter as it goes on

    /// <summary>
    /// The model and the recipe as their files say them, so that a run outlives changes of the code: only another model
    /// or another recipe is another run.
    /// </summary>
    public static string Of<T>(string command, ClipSegConfig config, IEnumerable<RecipeKey<T>> keys, T recipe)
    {
        IEnumerable<string> values = keys.Where(key => key.Name != Steps)
            .Select(key => $"{key.Name}={key.Get(recipe)}").Order(StringComparer.Ordinal);
        return $"{command} {JsonSerializer.Serialize(config.ToFile(), ModelJson.Default.ConfigFile)} "
            + string.Join(", ", values);
    }
}
