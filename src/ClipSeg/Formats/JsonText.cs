using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace ClipSeg.Formats;

/// <summary>JSON files that come with a model.</summary>
internal static class JsonText
{
    private const int MaxBytes = 1 << 24;

    /// <summary>The object in a file.</summary>
    /// <exception cref="CheckpointException">The file cannot be read, is too long, or is no JSON object.</exception>
    public static JsonElement ReadObject(string path)
    {
        using BinaryFile file = BinaryFile.Open(path);
        if (file.Length > MaxBytes) throw file.Error($"has {file.Length} bytes, at most {MaxBytes} are read as JSON");
        ReadOnlyMemory<byte> bytes = file.ReadBytes(0, (int)file.Length);
        if (bytes.Span.StartsWith("\uFEFF"u8)) bytes = bytes[3..];
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes, new() { AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw file.Error($"holds a JSON {document.RootElement.ValueKind}, expected an object");
            return document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw file.Error($"is not JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}", e);
        }
    }

    /// <summary>An object as a record. Keys that the record does not have are ignored.</summary>
    /// <param name="file">What error messages call it.</param>
    /// <exception cref="CheckpointException">A value has the wrong kind.</exception>
    public static T Read<T>(JsonElement root, JsonTypeInfo<T> type, string file)
    {
        try
        {
            return root.Deserialize(type)!;
        }
        catch (JsonException e)
        {
            string[] keys = e.Path!.Split('[')[0].Split('.')[1..];
            (JsonElement found, JsonTypeInfo expected) = (root, type);
            foreach (string key in keys)
            {
                found = found.GetProperty(key);
                expected = type.Options.GetTypeInfo(expected.Properties.First(p => p.Name == key).PropertyType);
            }
            string name = keys.Length == 0 ? "root" : string.Join('.', keys);
            throw new CheckpointException($"{file}: '{name}' is {Shown(found)}, expected {KindOf(expected)}.", e);
        }
    }

    /// <summary>A value as an error message shows it.</summary>
    public static string Shown(JsonElement value)
    {
        string text = value.GetRawText();
        return text.Length > 60 ? text[..60] + "..." : text;
    }

    private static string KindOf(JsonTypeInfo type) => type.Kind switch
    {
        JsonTypeInfoKind.Object => "an object",
        JsonTypeInfoKind.Enumerable => type.Type == typeof(int[]) ? "a list of whole numbers" : "a list of texts",
        _ when type.Type == typeof(string) => "text",
        _ when type.Type == typeof(bool) => "true or false",
        _ when type.Type == typeof(float) => "a number",
        _ => "a whole number",
    };
}
