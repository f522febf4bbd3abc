using System.Text.Json;

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
}
