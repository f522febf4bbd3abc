using System.Numerics;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using ClipSeg.Files;
using ClipSeg.Imaging;

namespace ClipSeg.Formats;

/// <summary>What a prompt found in a picture.</summary>
/// <param name="Category">The number of the prompt, from 0.</param>
/// <param name="Runs">Its mask.</param>
/// <param name="Score">How sure it is, 0 to 1.</param>
internal readonly record struct CocoFinding(int Category, CocoRle Runs, float Score);

/// <summary>Writes a data set in COCO's format, one picture after another, whole or not at all.</summary>
/// <remarks>
/// Pictures and annotations wait in temporary files, so that memory does not grow with them. Ids count from 1. An
/// annotation is a connected part of what a prompt found in a picture, as readers of COCO expect a thing to be; beside
/// COCO's keys it has the prompt's score. Not safe for use by several threads.
/// </remarks>
internal sealed class CocoWriter : IDisposable
{
    private readonly string _path;
    private readonly IReadOnlyList<string> _categories;
    private readonly float? _tolerance;
    private readonly Spool _images = new(), _annotations = new();

    /// <param name="path">Of the file; it is there after <see cref="Complete"/>.</param>
    /// <param name="categories">A name for each prompt.</param>
    /// <param name="tolerance">Of polygons, in pixels (<see cref="Mask.Polygons"/>); null for run lengths, which are
    /// exact.</param>
    public CocoWriter(string path, IReadOnlyList<string> categories, float? tolerance = null)
    {
        OutputFile.Check(path);
        (_path, _categories, _tolerance) = (path, categories, tolerance);
    }

    /// <summary>Adds a picture and what was found in it.</summary>
    /// <param name="file">Its name, as readers of the file will look for it.</param>
    /// <param name="width">In pixels.</param>
    /// <param name="height">In pixels.</param>
    /// <param name="findings">Of this size each.</param>
    public void Add(string file, int width, int height, IEnumerable<CocoFinding> findings)
    {
        _images.Add(new CocoPicture(_images.Count + 1, file, width, height), CocoText.Default.CocoPicture);
        foreach (CocoFinding finding in findings)
        {
            foreach (CocoRle part in finding.Runs.Parts())
            {
                Component box = part.Box;
                _annotations.Add(new CocoShape(_annotations.Count + 1, _images.Count, finding.Category + 1,
                    Segmentation(part), part.Area, [box.X, box.Y, box.Width, box.Height], 0, finding.Score),
                    CocoText.Default.CocoShape);
            }
        }
    }

    /// <summary>Writes the file.</summary>
    public void Complete() => OutputFile.Write(_path, stream =>
    {
        stream.Write("{\"info\":"u8);
        JsonSerializer.Serialize(stream, new CocoInfo("Masks of CLIPSeg", "1.0"), CocoText.Default.CocoInfo);
        stream.Write(",\"images\":["u8);
        _images.CopyTo(stream);
        stream.Write("],\"annotations\":["u8);
        _annotations.CopyTo(stream);
        stream.Write("],\"categories\":"u8);
        CocoClass[] classes = [.. _categories.Select((name, i) => new CocoClass(i + 1, name))];
        JsonSerializer.Serialize(stream, classes, CocoText.Default.CocoClassArray);
        stream.Write("}\n"u8);
    });

    public void Dispose()
    {
        _images.Dispose();
        _annotations.Dispose();
    }

    private object Segmentation(CocoRle runs) => _tolerance is { } tolerance
        ? runs.ToMask().Polygons(tolerance).Select(Flat).ToArray()
        : new CocoRuns([runs.Height, runs.Width], runs.ToString());

    /// <summary>x and y in turn. COCO's polygons are filled by even and odd, so a hole is a detour there and back.
    /// </summary>
    private static float[] Flat(MaskPolygon polygon)
    {
        List<float> points = [];
        foreach (Vector2 corner in polygon.Outline) points.AddRange([corner.X, corner.Y]);
        foreach (IReadOnlyList<Vector2> hole in polygon.Holes)
        {
            if (hole.Count == 0) continue;
            points.AddRange([points[0], points[1]]);
            foreach (Vector2 corner in hole) points.AddRange([corner.X, corner.Y]);
            points.AddRange([hole[0].X, hole[0].Y]);
        }
        return [.. points];
    }

    /// <summary>JSON values with commas between, in a temporary file.</summary>
    private sealed class Spool : IDisposable
    {
        private readonly FileStream _file = new(Path.GetTempFileName(), FileMode.Open, FileAccess.ReadWrite,
            FileShare.None, 1 << 16, FileOptions.DeleteOnClose);

        public int Count { get; private set; }

        public void Add<T>(T value, JsonTypeInfo<T> type)
        {
            if (Count++ > 0) _file.Write(",\n"u8);
            JsonSerializer.Serialize(_file, value, type);
        }

        public void CopyTo(Stream stream)
        {
            _file.Position = 0;
            _file.CopyTo(stream);
        }

        public void Dispose() => _file.Dispose();
    }
}

internal sealed record CocoInfo(string Description, string Version);

internal sealed record CocoPicture(int Id, string FileName, int Width, int Height);

/// <param name="Segmentation"><see cref="CocoRuns"/>, or polygons.</param>
internal sealed record CocoShape(int Id, int ImageId, int CategoryId, object Segmentation, long Area, int[] Bbox,
    int Iscrowd, float Score);

/// <param name="Size">Height, then width.</param>
internal sealed record CocoRuns(int[] Size, string Counts);

internal sealed record CocoClass(int Id, string Name);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(CocoInfo))]
[JsonSerializable(typeof(CocoPicture))]
[JsonSerializable(typeof(CocoShape))]
[JsonSerializable(typeof(CocoRuns))]
[JsonSerializable(typeof(float[][]))]
[JsonSerializable(typeof(CocoClass[]))]
internal sealed partial class CocoText : JsonSerializerContext;
