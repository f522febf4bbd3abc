using System.Text.Json;
using System.Text.Json.Serialization;

namespace ClipSeg.Training.Ablation;

/// <summary>What is compared: one recipe, and rows that change something about it, each trained for as long.</summary>
internal sealed record AblationRecipe
{
    private const long LargestFile = 1 << 20;
    private const string Untrained = "untrained";
    private const int MaxRows = 100, MaxSeeds = 100, MaxSamples = 1 << 20;

    public required IReadOnlyList<AblationRow> Rows { get; init; }

    /// <summary>Every row is trained once with each: what differs between them is chance.</summary>
    public required IReadOnlyList<int> Seeds { get; init; }

    /// <summary>Samples to measure on, of each test; half as many choose the thresholds.</summary>
    public required int Samples { get; init; }

    /// <summary>What is drawn where there is no data set.</summary>
    public required AblationScenes Scenes { get; init; }

    /// <summary>Reads a recipe file.</summary>
    /// <exception cref="RecipeException">It is missing, or not what <see cref="AblationFile"/> says.</exception>
    public static AblationRecipe Read(string path)
    {
        if (!File.Exists(path)) throw new RecipeException($"There is no recipe '{path}'.");
        if (new FileInfo(path).Length > LargestFile) throw new RecipeException($"'{path}' is too large for a recipe.");
        try
        {
            AblationFile file = JsonSerializer.Deserialize(File.ReadAllBytes(path), AblationJson.Default.AblationFile)
                ?? throw new RecipeException($"'{path}' is null, expected a JSON object.");
            return Of(file, path);
        }
        catch (JsonException e)
        {
            throw new RecipeException($"'{path}', line {e.LineNumber + 1}: {e.Message}");
        }
    }

    private static AblationRecipe Of(AblationFile file, string path)
    {
        Check(file.Samples is >= 2 and <= MaxSamples, $"samples is {file.Samples}, expected 2 to {MaxSamples}");
        Check(file.Seeds.Length is >= 1 and <= MaxSeeds && file.Seeds.Distinct().Count() == file.Seeds.Length
            && file.Seeds.All(seed => seed >= 0), $"seeds are [{string.Join(", ", file.Seeds)}], expected different "
            + "numbers, 0 or above");
        Check(file.Rows.Length is >= 1 and <= MaxRows, $"there are {file.Rows.Length} rows, expected 1 to {MaxRows}");
        AblationScenes scenes = file.Scenes ?? new();
        Check(scenes is { MinObjects: >= 1, MaxObjects: <= 31, MinScale: >= 0.05f and <= 0.95f }
            && scenes.MinObjects <= scenes.MaxObjects,
            $"scenes have {scenes.MinObjects} to {scenes.MaxObjects} objects of scale {scenes.MinScale} and above, "
            + "expected 1 to 31, in order, and 0.05 to 0.95");
        TrainRecipe common = Recipe(file.Recipe, new(), "recipe");
        AblationRow[] rows = [.. file.Rows.Select(row =>
        {
            Check(row.Clip is null or Untrained, $"row '{row.Name}': clip is '{row.Clip}', expected '{Untrained}'");
            TrainRecipe own = row.Recipe is { } changes ? Recipe(changes, common, $"row '{row.Name}'") : common;
            return new AblationRow(row.Name, own, row.Clip is not null, row.Published) { Vision = row.Vision };
        })];
        foreach (IGrouping<string, AblationRow> folder in rows.GroupBy(row => row.Folder, StringComparer.Ordinal))
        {
            Check(folder.Key.Length > 0, $"row '{folder.First().Name}' has a name without letters");
            string names = string.Join("' and '", folder.Select(row => row.Name));
            Check(folder.Count() == 1, $"rows '{names}' would have one folder, '{folder.Key}'; give them other names");
        }
        return new() { Rows = rows, Seeds = file.Seeds, Samples = file.Samples, Scenes = scenes };

        TrainRecipe Recipe(JsonElement values, TrainRecipe onto, string where)
            => RecipeKeys.Read(values, onto, RecipeKeys.Train, $"'{path}', {where}");

        void Check(bool holds, string wrong)
        {
            if (!holds) throw new RecipeException($"'{path}': {wrong}.");
        }
    }
}

/// <summary>A row of the table.</summary>
/// <param name="Name">For people to read.</param>
/// <param name="Recipe">How its decoder is trained; the seed is set for each run.</param>
/// <param name="Untrained">Whether CLIP has weights as if it had never been trained, too.</param>
/// <param name="Published">What the paper says of it; null if it is not in the paper.</param>
internal sealed record AblationRow(string Name, TrainRecipe Recipe, bool Untrained, PublishedScores? Published)
{
    /// <summary>As <see cref="Backbone"/> takes it.</summary>
    public string? Vision { get; init; }

    /// <summary>The name as a folder's: small letters, digits and hyphens.</summary>
    public string Folder { get; } = string.Join('-', string.Concat(Name.ToLowerInvariant()
        .Select(c => char.IsAsciiLetterOrDigit(c) ? c : ' ')).Split(' ', StringSplitOptions.RemoveEmptyEntries));
}

/// <summary>The paper's numbers, in percent, on PhraseCut at the best threshold; null where there is none.</summary>
/// <remarks>Lüddecke and Ecker 2022, Table 9.</remarks>
internal sealed record PublishedScores(
    double? WordsIou = null, double? WordsAp = null, double? PicturesIou = null, double? PicturesAp = null);

/// <summary>A recipe file: values of <see cref="RecipeKeys.Train"/> for all, and changes row by row.</summary>
/// <param name="Seeds">At least one.</param>
/// <param name="Samples">To measure on.</param>
/// <param name="Recipe">What the rows have in common.</param>
/// <param name="Rows">The first is what the others are compared with.</param>
/// <param name="Scenes">What scenes look like; null for what <c>train</c> draws.</param>
internal sealed record AblationFile(
    int[] Seeds, int Samples, JsonElement Recipe, AblationRowFile[] Rows, AblationScenes? Scenes = null);

/// <summary>What scenes look like: a small budget tells rows apart only where the task is not too hard.</summary>
/// <param name="MinObjects">At least 1.</param>
/// <param name="MaxObjects">At most 31.</param>
/// <param name="MinScale">Longer side of the smallest object, as a fraction of the picture's.</param>
/// <param name="Worn">Whether there are shadows, blur, bad light and compression.</param>
internal sealed record AblationScenes(
    int MinObjects = 1, int MaxObjects = 8, float MinScale = 0.1f, bool Worn = true);

/// <summary>A row in it.</summary>
/// <param name="Name">For people to read.</param>
/// <param name="Recipe">Values that differ; null for none.</param>
/// <param name="Clip">"untrained", or null for the model's.</param>
/// <param name="Vision">"untrained" or the file of a tower of pictures alone, or null for CLIP's.</param>
internal sealed record AblationRowFile(
    string Name, JsonElement? Recipe = null, string? Clip = null, string? Vision = null,
    PublishedScores? Published = null);

/// <summary>The JSON of ablations: recipes and results.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true,
    ReadCommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AblationFile))]
[JsonSerializable(typeof(AblationReport))]
[JsonSerializable(typeof(AblationResult))]
internal sealed partial class AblationJson : JsonSerializerContext;
