using System.Text.Json;
using System.Text.Json.Serialization;

namespace ClipSeg.Server;

/// <summary>The records of other programs' requests and answers: their names, and what they do not say is
/// skipped.</summary>
[JsonSerializable(typeof(LabelStudioPredict))]
[JsonSerializable(typeof(LabelStudioResults))]
[JsonSerializable(typeof(LabelStudioHealth))]
[JsonSerializable(typeof(LabelStudioSetup))]
[JsonSerializable(typeof(LabelStudioEvent))]
[JsonSerializable(typeof(LabelStudioDone))]
[JsonSerializable(typeof(CvatFunction))]
[JsonSerializable(typeof(Dictionary<string, CvatFunction>))]
[JsonSerializable(typeof(CvatLabel[]))]
[JsonSerializable(typeof(CvatInvocation))]
[JsonSerializable(typeof(CvatShape[]))]
[JsonSerializable(typeof(HuggingFaceRequest))]
[JsonSerializable(typeof(HuggingFaceSegment[]))]
internal sealed partial class AdapterJson : JsonSerializerContext
{
    private const int MaxDepth = 32, MostEntries = 512;

    public static AdapterJson Lenient { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        MaxDepth = MaxDepth,
        Converters =
        {
            new ShortListConverter<string>(MostEntries), new ShortListConverter<LabelStudioTask>(MostEntries),
            new ShortListConverter<LabelStudioGiven>(MostEntries),
        },
    });
}
