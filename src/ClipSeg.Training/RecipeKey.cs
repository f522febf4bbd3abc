using System.Globalization;
using System.Text.Json;
using ClipSeg.Model;
using ClipSeg.Prompts;

namespace ClipSeg.Training;

/// <summary>A recipe or a value in it that cannot be.</summary>
public sealed class RecipeException(string message) : Exception(message);

/// <summary>A value of a recipe by the name it has in files and on command lines.</summary>
/// <param name="Name">In lower case, with hyphens.</param>
/// <param name="Description">One line.</param>
/// <param name="Set">The recipe with this value; throws <see cref="RecipeException"/> if it cannot be.</param>
/// <param name="Get">The value as text.</param>
internal sealed record RecipeKey<T>(string Name, string Description, Func<T, string, T> Set, Func<T, string> Get);

/// <summary>The values of recipes, and recipe files: JSON objects of them. Unknown names are errors.</summary>
internal static class RecipeKeys
{
    private const long LargestFile = 1 << 20;

    private static readonly string[] _decoders = ["clipseg", "clip-deconv"];        // in the order of DecoderType

    private static readonly RecipeKey<TrainRecipe> _side = Whole<TrainRecipe>(
        "size", "", (r, v) => r with { Size = v }, r => r.Size ?? 0, largest: Preprocessing.MaxSize);

    /// <summary>Of decoder training.</summary>
    public static IReadOnlyList<RecipeKey<TrainRecipe>> Train { get; } =
    [
        Whole<TrainRecipe>("batch", "Samples per step.", (r, v) => r with { Batch = v }, r => r.Batch),
        Whole<TrainRecipe>("steps", "Steps in all.", (r, v) => r with { Steps = v }, r => r.Steps),
        Real<TrainRecipe>("rate", "Learning rate of the first step.", (r, v) => r with { Rate = v }, r => r.Rate, 1),
        Real<TrainRecipe>("lowest-rate", "Learning rate that the cosine ends at.",
            (r, v) => r with { LowestRate = v }, r => r.LowestRate, 1),
        Real<TrainRecipe>("weight-decay", "AdamW's.", (r, v) => r with { WeightDecay = v }, r => r.WeightDecay, 1),
        Real<TrainRecipe>(
            "dropout", "In the decoder's blocks.", (r, v) => r with { Dropout = v }, r => r.Dropout, 0.9f),
        new("size", "Side of the pictures in pixels, a multiple of the patch size; 'model' for what the model reads.",
            (r, v) => v == "model" ? r with { Size = null } : _side.Set(r, v),
            r => r.Size is null ? "model" : _side.Get(r)),
        Flag<TrainRecipe>("crop", "Cut random squares rather than squash.", (r, v) => r with { Crop = v }, r => r.Crop),
        new("templates", $"One of {string.Join(", ", PromptTemplates.Names)}.",
            (r, v) => r with { Templates = Named("templates", v, [.. PromptTemplates.Names]) }, r => r.Templates),
        Real<TrainRecipe>("negatives", "Share of samples whose phrase names something absent.",
            (r, v) => r with { Negatives = v }, r => r.Negatives, 1),
        new("visual-prompt", "How support pictures are engineered; 'none' trains with words alone.",
            (r, v) => r with { VisualPrompt = v == "none" ? null : Named("visual-prompt", v, [.. VisualPrompt.Names]) },
            r => r.VisualPrompt ?? "none"),
        Real<TrainRecipe>("mix-min", "Least weight of the text where there is a support picture.",
            (r, v) => r with { MixMin = v }, r => r.MixMin, 1),
        Real<TrainRecipe>("mix-max", "Largest weight of the text where there is a support picture.",
            (r, v) => r with { MixMax = v }, r => r.MixMax, 1),
        Flag<TrainRecipe>("interpolate", "Blend text and support picture, rather than take either of them.",
            (r, v) => r with { Interpolate = v }, r => r.Interpolate),
        Flag<TrainRecipe>(
            "shuffle", "Visit the samples in random order.", (r, v) => r with { Shuffle = v }, r => r.Shuffle),
        Whole<TrainRecipe>("interval", "Steps from one validation and saved state to the next.",
            (r, v) => r with { Interval = v }, r => r.Interval),
        Whole<TrainRecipe>("validation-samples", "Samples that validation looks at, each at most once.",
            (r, v) => r with { ValidationSamples = v }, r => r.ValidationSamples),
        Whole<TrainRecipe>("part", "Samples on the tape at once: less memory, the same result.",
            (r, v) => r with { Part = v }, r => r.Part),
        Whole<TrainRecipe>(
            "seed", "For everything that is drawn.", (r, v) => r with { Seed = v }, r => r.Seed, least: 0),
        new("decoder", "clipseg, or the paper's baseline clip-deconv, which reads one vision block.",
            (r, v) => r with { DecoderType = (DecoderType)Choice("decoder", v, _decoders) },
            r => _decoders[(int)r.DecoderType]),
        Whole<TrainRecipe>(
            "width", "Width of the decoder, the paper's D.", (r, v) => r with { Width = v }, r => r.Width),
        Whole<TrainRecipe>("reduce2", "Inner width of clip-deconv's two layers.",
            (r, v) => r with { Reduce2 = v }, r => r.Reduce2),
        Flag<TrainRecipe>("refined", "The refined head in place of the plain one.",
            (r, v) => r with { Refined = v }, r => r.Refined),
        new("layers", "Vision blocks that the decoder reads, such as 3,7,9; 'model' for those in the model's config.",
            (r, v) => r with { Layers = v == "model" ? null : ParseLayers(v) },
            r => r.Layers is null ? "model" : string.Join(",", r.Layers)),
    ];

    /// <summary>Reads a recipe file onto <paramref name="recipe"/>.</summary>
    /// <exception cref="RecipeException">The file is missing or is not a JSON object of known names and fitting
    /// values.</exception>
    public static T Read<T>(string path, T recipe, IReadOnlyList<RecipeKey<T>> keys)
    {
        if (!File.Exists(path)) throw new RecipeException($"There is no recipe '{path}'.");
        if (new FileInfo(path).Length > LargestFile) throw new RecipeException($"'{path}' is too large for a recipe.");
        try
        {
            using JsonDocument json = JsonDocument.Parse(
                File.ReadAllBytes(path),
                new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            return Read(json.RootElement, recipe, keys, $"'{path}'");
        }
        catch (JsonException e)
        {
            throw new RecipeException($"'{path}', line {e.LineNumber + 1}: this is not JSON.");
        }
    }

    /// <summary>Reads a JSON object of values onto <paramref name="recipe"/>.</summary>
    /// <param name="where">What error messages call it.</param>
    /// <exception cref="RecipeException">It is no object of known names and fitting values.</exception>
    public static T Read<T>(JsonElement values, T recipe, IReadOnlyList<RecipeKey<T>> keys, string where)
    {
        if (values.ValueKind != JsonValueKind.Object)
            throw new RecipeException($"{where} is {values.ValueKind}, expected a JSON object.");
        foreach (JsonProperty value in values.EnumerateObject())
        {
            RecipeKey<T> key = keys.FirstOrDefault(k => k.Name == value.Name) ?? throw new RecipeException(
                $"{where}: there is no '{value.Name}'; a recipe knows {string.Join(", ", keys.Select(k => k.Name))}.");
            try
            {
                recipe = key.Set(recipe, TextOf(value.Value));
            }
            catch (RecipeException e)
            {
                throw new RecipeException($"{where}: {e.Message}");
            }
        }
        return recipe;
    }

    /// <summary>The recipe as a file that can be read again.</summary>
    public static string Write<T>(T recipe, IReadOnlyList<RecipeKey<T>> keys) => "{\n"
        + string.Join(",\n", keys.Select(k => $"  \"{k.Name}\": \"{JsonEncodedText.Encode(k.Get(recipe))}\""))
        + "\n}\n";

    private static string TextOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Array => string.Join(",", value.EnumerateArray().Select(TextOf)),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        JsonValueKind.Null => "none",
        _ => value.GetRawText(),
    };

    internal static RecipeKey<T> Whole<T>(
        string name, string description, Func<T, int, T> set, Func<T, int> get, int least = 1, int largest = 1 << 30)
        => new(name, description,
            (recipe, text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value)
                && value >= least && value <= largest
                    ? set(recipe, value)
                    : throw Bad(name, text, $"a whole number in {least}..{largest}"),
            recipe => get(recipe).ToString(CultureInfo.InvariantCulture));

    internal static RecipeKey<T> Real<T>(
        string name, string description, Func<T, float, T> set, Func<T, float> get, float largest)
        => new(name, description,
            (recipe, text) => float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float value)
                && value >= 0 && value <= largest
                    ? set(recipe, value)
                    : throw Bad(name, text, string.Create(CultureInfo.InvariantCulture, $"a number in 0..{largest}")),
            recipe => get(recipe).ToString("R", CultureInfo.InvariantCulture));

    internal static RecipeKey<T> Flag<T>(string name, string description, Func<T, bool, T> set, Func<T, bool> get)
        => new(name, description,
            (recipe, text)
            => text is "true" or "false" ? set(recipe, text == "true") : throw Bad(name, text, "true or false"),
            recipe => get(recipe) ? "true" : "false");

    private static string Named(string name, string text, string[] names) => names[Choice(name, text, names)];

    private static int Choice(string name, string text, string[] names)
        => Array.IndexOf(names, text) is >= 0 and int i
            ? i
            : throw Bad(name, text, $"one of {string.Join(", ", names)}");

    private static int[] ParseLayers(string text)
    {
        string[] parts = text.Split(',', StringSplitOptions.TrimEntries);
        int[] layers = new int[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out layers[i]))
                throw Bad("layers", text, "numbers with commas, such as 3,7,9");
        }
        return layers;
    }

    private static RecipeException Bad(string name, string found, string expected)
        => new($"{name} is '{found}', expected {expected}.");
}
