using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using ClipSeg.Imaging;
using ClipSeg.Jobs;

namespace ClipSeg.Server;

/// <summary>The records that requests and answers are made of.</summary>
[JsonSerializable(typeof(SegmentRequest))]
[JsonSerializable(typeof(SegmentAnswer))]
[JsonSerializable(typeof(PictureAnswer))]
[JsonSerializable(typeof(ModelsAnswer))]
[JsonSerializable(typeof(HealthAnswer))]
[JsonSerializable(typeof(JobRequest))]
[JsonSerializable(typeof(SubmitAnswer))]
[JsonSerializable(typeof(JobsAnswer))]
[JsonSerializable(typeof(JobStatus))]
[JsonSerializable(typeof(RetryAnswer))]
internal sealed partial class ServerJson : JsonSerializerContext
{
    private const int MaxDepth = 16, MostEntries = 512;         // of a stranger's JSON

    /// <summary>Reads and writes; names are camelCase, and a name that nobody knows is an error.</summary>
    public static ServerJson Strict { get; } = new(Web());

    /// <summary>What the description of the routes shows is what is read and written.</summary>
    public static void AddTo(JsonSerializerOptions options)
    {
        options.TypeInfoResolverChain.Insert(0, Strict);
        foreach (JsonConverter names in Strict.Options.Converters.OfType<JsonConverterFactory>())
            options.Converters.Add(names);
        options.Converters.Add(new ThresholdConverter());
        options.DefaultIgnoreCondition = Strict.Options.DefaultIgnoreCondition;
    }

    private static JsonSerializerOptions Web() => new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectNullableAnnotations = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        MaxDepth = MaxDepth,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,      // what it warns of is HTML
        Converters =
        {
            new JsonStringEnumConverter<Output>(JsonNamingPolicy.CamelCase, allowIntegerValues: false),
            new ShortListConverter<string>(MostEntries), new ShortListConverter<Output>(MostEntries),
            new ThresholdConverter(),
            new JsonStringEnumConverter<ResultKind>(JsonNamingPolicy.CamelCase, allowIntegerValues: false),
            new JsonStringEnumConverter<JobState>(JsonNamingPolicy.CamelCase),
            new ShortListConverter<ResultKind>(MostEntries),
        },
    };
}
