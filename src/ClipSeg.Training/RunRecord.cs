using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ClipSeg.Training;

/// <summary>How a run was started: what <c>--resume</c> needs to know, for people to read, too.</summary>
/// <param name="Command">"train" or "pretrain".</param>
/// <param name="Options">The command's options by name, without hyphens in front; paths are full.</param>
/// <param name="Recipe">Every value of the recipe by name.</param>
internal sealed record RunRecord(
    string Command, SortedDictionary<string, string> Options, Dictionary<string, string> Recipe);

/// <summary>The JSON of a run's folder.</summary>
[JsonSerializable(typeof(LogLine))]
[JsonSerializable(typeof(RunRecord))]
internal sealed partial class RunJson : JsonSerializerContext
{
    /// <summary>On one line.</summary>
    public static RunJson Compact { get; } = new(Settings(indented: false));

    /// <summary>On many.</summary>
    public static RunJson Readable { get; } = new(Settings(indented: true));

    private static JsonSerializerOptions Settings(bool indented) => new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        WriteIndented = indented,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}
