using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using ClipSeg.Imaging;

namespace ClipSeg.Jobs;

/// <summary>The records of the store and of the queue, each on one line.</summary>
[JsonSerializable(typeof(JobRecord))]
[JsonSerializable(typeof(JobPicture))]
[JsonSerializable(typeof(ShardMessage))]
[JsonSerializable(typeof(Receipt))]
[JsonSerializable(typeof(JobEvent))]
[JsonSerializable(typeof(JobStatus))]
internal sealed partial class JobsJson : JsonSerializerContext
{
    private const int MaxDepth = 16;

    public static JobsJson Line { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,      // what it warns of is HTML
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        IgnoreReadOnlyProperties = true,
        MaxDepth = MaxDepth,
        Converters =
        {
            new JsonStringEnumConverter<ResultKind>(JsonNamingPolicy.CamelCase),
            new JsonStringEnumConverter<JobState>(JsonNamingPolicy.CamelCase),
            new ThresholdConverter(),
        },
    });

    public static byte[] Of<T>(T record, JsonTypeInfo<T> type) => JsonSerializer.SerializeToUtf8Bytes(record, type);

    /// <summary>The record in a file of the store.</summary>
    /// <exception cref="StoreException">It holds none.</exception>
    public static T Parse<T>(string key, ReadOnlySpan<byte> json, JsonTypeInfo<T> type) where T : class
        => TryParse(json, type) ?? throw new StoreException(
            $"'{key}' is damaged: expected the JSON of a {typeof(T).Name}.");

    /// <summary>The record; null if this is none.</summary>
    public static T? TryParse<T>(ReadOnlySpan<byte> json, JsonTypeInfo<T> type) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(json, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>A threshold by its name: "0.5", "otsu".</summary>
internal sealed class ThresholdConverter : JsonConverter<ThresholdRule>
{
    public override ThresholdRule Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options)
        => ThresholdRule.Parse(reader.GetString() ?? "") ?? throw new JsonException();

    public override void Write(Utf8JsonWriter writer, ThresholdRule value, JsonSerializerOptions options)
        => writer.WriteStringValue(value.Name);
}
