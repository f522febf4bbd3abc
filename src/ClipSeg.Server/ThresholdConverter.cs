using System.Text.Json;
using System.Text.Json.Serialization;
using ClipSeg.Imaging;

namespace ClipSeg.Server;

/// <summary>A threshold in JSON: a number, or the name of a rule.</summary>
internal sealed class ThresholdConverter : JsonConverter<ThresholdRule>
{
    public override ThresholdRule Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options)
        => reader.TokenType switch
        {
            JsonTokenType.Number when reader.TryGetSingle(out float number) && number is >= 0 and <= 1
                => ThresholdRule.At(number),
            JsonTokenType.String when ThresholdRule.Parse(reader.GetString()!) is { } rule => rule,
            _ => throw new JsonException("threshold is to be a number in 0..1, otsu or peak."),
        };

    public override void Write(Utf8JsonWriter writer, ThresholdRule rule, JsonSerializerOptions options)
    {
        if (rule.Number is { } number) writer.WriteNumberValue(number);
        else writer.WriteStringValue(rule.Name);
    }
}
