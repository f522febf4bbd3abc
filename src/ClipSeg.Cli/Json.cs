using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using ClipSeg.Cli.Jobs;
using ClipSeg.Cli.Segmenting;

namespace ClipSeg.Cli;

/// <summary>The records that commands print for programs. Text of any script stays readable.</summary>
[JsonSerializable(typeof(PictureResult))]
[JsonSerializable(typeof(JournalHead))]
[JsonSerializable(typeof(JournalEntry))]
[JsonSerializable(typeof(RunReportEnd))]
[JsonSerializable(typeof(BenchResult))]
[JsonSerializable(typeof(SubmitResult))]
[JsonSerializable(typeof(RetryResult))]
internal sealed partial class Json : JsonSerializerContext
{
    /// <summary>One object on one line.</summary>
    public static Json Line { get; } = new(Writing(indented: false));

    /// <summary>One object on many lines.</summary>
    public static Json Document { get; } = new(Writing(indented: true));

    /// <summary>A record as text.</summary>
    public static string Of<T>(T record, JsonTypeInfo<T> type) => JsonSerializer.Serialize(record, type);

    /// <summary>The record that a text holds; null if it holds none.</summary>
    public static T? Parse<T>(string text, JsonTypeInfo<T> type) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(text, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static JsonSerializerOptions Writing(bool indented) => new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,      // what it warns of is HTML
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        WriteIndented = indented,
        NewLine = "\n",
    };
}
