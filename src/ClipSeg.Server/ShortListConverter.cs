using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace ClipSeg.Server;

/// <summary>Reads a list from a stranger, and gives up before it is a long one: four bytes of a body for each entry
/// would become a hundred of memory.</summary>
internal sealed class ShortListConverter<T>(int most) : JsonConverter<IReadOnlyList<T>>
{
    public override IReadOnlyList<T> Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartArray) throw new JsonException("Expected a list.");
        JsonTypeInfo<T> entry = (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T));
        List<T> list = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (list.Count == most) throw new JsonException($"A list has more than {most} entries.");
            list.Add(JsonSerializer.Deserialize(ref reader, entry)!);
        }
        return list;
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<T> list, JsonSerializerOptions options)
    {
        JsonTypeInfo<T> entry = (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T));
        writer.WriteStartArray();
        foreach (T value in list) JsonSerializer.Serialize(writer, value, entry);
        writer.WriteEndArray();
    }
}
