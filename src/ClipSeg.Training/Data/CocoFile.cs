using System.Text.Json;
using System.Text.Json.Serialization;
using ClipSeg.Imaging;

namespace ClipSeg.Training.Data;

/// <summary>An annotation file of COCO or LVIS, as far as masks need it.</summary>
internal sealed record CocoFile(
    IReadOnlyList<CocoImage> Images, IReadOnlyList<CocoAnnotation> Annotations, IReadOnlyList<CocoCategory> Categories)
{
    /// <exception cref="DataFormatException">It is missing, or no such file.</exception>
    public static CocoFile Read(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            return JsonSerializer.Deserialize(file, CocoJson.Default.CocoFile)
                ?? throw new DataFormatException($"{path}: expected an object of images, annotations and categories.");
        }
        catch (JsonException e)
        {
            string where = e.Path is null || e.Message.Contains(e.Path) ? "" : $", {e.Path}";   // our words are without
            throw new DataFormatException($"{path}{where}: {e.Message}", e);
        }
    }
}

/// <param name="FileName">LVIS leaves it out and has the address alone.</param>
internal sealed record CocoImage(long Id, int Width, int Height, string? FileName = null, string? CocoUrl = null);

internal sealed record CocoAnnotation(long ImageId, long CategoryId, CocoSegmentation Segmentation, long Id = 0);

internal sealed record CocoCategory(long Id, string Name);

/// <summary>Polygons, or the run lengths of a mask.</summary>
[JsonConverter(typeof(CocoSegmentationConverter))]
internal sealed record CocoSegmentation(IReadOnlyList<double[]> Polygons, CocoRle? Runs = null);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(CocoFile))]
[JsonSerializable(typeof(IReadOnlyList<CocoReference>))]
internal sealed partial class CocoJson : JsonSerializerContext;

/// <summary>A list of polygons, or an object whose "counts" are numbers or a compressed text.</summary>
internal sealed class CocoSegmentationConverter : JsonConverter<CocoSegmentation>
{
    private const int MaxNumbers = 1 << 18;     // of one annotation, many times what people draw

    public override CocoSegmentation Read(ref Utf8JsonReader json, Type type, JsonSerializerOptions options)
    {
        int numbers = 0;
        if (json.TokenType == JsonTokenType.StartArray)
        {
            List<double[]> polygons = [];
            while (json.Read() && json.TokenType != JsonTokenType.EndArray)
            {
                double[] points = Numbers(ref json, ref numbers);
                if (points.Length < 6 || points.Length % 2 != 0)
                    throw new JsonException($"A polygon of {points.Length} numbers; expected 6 or more, in pairs.");
                if (Array.Exists(points, p => Math.Abs(p) > 1 << 20))
                    throw new JsonException("A polygon with points far off any picture.");
                polygons.Add(points);
            }
            return new(polygons);
        }
        if (json.TokenType != JsonTokenType.StartObject)
            throw new JsonException("A segmentation is a list of polygons or an object of run lengths.");

        string? text = null;
        long[]? counts = null;
        double[] size = [];
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            bool isCounts = json.ValueTextEquals("counts"u8), isSize = json.ValueTextEquals("size"u8);
            json.Read();
            if (isSize) size = Numbers(ref json, ref numbers);
            else if (!isCounts) json.Skip();
            else if (json.TokenType == JsonTokenType.String) text = json.GetString();
            else counts = [.. Numbers(ref json, ref numbers).Select(n => (long)n)];
        }
        bool sized = size.Length == 2 && Array.TrueForAll(size, s => s is >= 1 and <= 1 << 16);
        if (!sized || (text is null && counts is null))
            throw new JsonException("Run lengths need 'counts' and a 'size' of height and width.");
        (int width, int height) = ((int)size[1], (int)size[0]);
        try
        {
            return new([], text is null ? new(width, height, counts!) : CocoRle.Parse(text, width, height));
        }
        catch (ArgumentException e)
        {
            throw new JsonException(e.Message, e);
        }
    }

    public override void Write(Utf8JsonWriter writer, CocoSegmentation value, JsonSerializerOptions options)
        => throw new NotSupportedException("Annotations are read only.");

    private static double[] Numbers(ref Utf8JsonReader json, ref int count)
    {
        if (json.TokenType != JsonTokenType.StartArray) throw new JsonException("Expected a list of numbers.");
        List<double> numbers = [];
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            if (json.TokenType != JsonTokenType.Number) throw new JsonException("Expected a number.");
            if (++count > MaxNumbers) throw new JsonException($"More than {MaxNumbers:N0} numbers in a segmentation.");
            numbers.Add(json.GetDouble());
        }
        return [.. numbers];
    }
}
