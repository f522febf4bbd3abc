using System.Text.Json;

namespace ClipSeg.Training.Data;

/// <summary>One task of refer_*.json, as far as training needs it; spec training-and-evaluation.md §4.1.</summary>
internal sealed record PhraseCutTask
{
    private const int MaxPoints = 50_000;       // of all polygons together, many times what annotators draw
    private const int MaxIdLength = 200;

    public required long ImageId { get; init; }

    public required string Phrase { get; init; }

    /// <summary>Fit for a file's name; empty if there is none.</summary>
    public required string TaskId { get; init; }

    /// <summary>"name", "attribute", "relation" or "verbose"; empty if it is not said.</summary>
    public required string Kind { get; init; }

    /// <summary>The thing itself: "kite" of "red kite"; empty if it is not said.</summary>
    public required string NounName { get; init; }

    /// <summary>What the thing is like: "red"; empty if nothing is said.</summary>
    public required IReadOnlyList<string> Attributes { get; init; }

    /// <summary>Whether it stands in a relation to something else.</summary>
    public required bool HasRelation { get; init; }

    /// <summary>How many objects are meant.</summary>
    public required int Instances { get; init; }

    /// <summary>Summed area of the instances' boxes, overlaps counted twice.</summary>
    public required double BoxArea { get; init; }

    /// <summary>All polygons of all instances, x and y in turn; empty if not asked for.</summary>
    public required List<double[]> Polygons { get; init; }

    /// <param name="json">The task's text.</param>
    /// <param name="where">File and byte, for messages.</param>
    /// <param name="withPolygons">They are most of the text; the index does without.</param>
    public static PhraseCutTask Parse(ReadOnlySpan<byte> json, string where, bool withPolygons)
    {
        Fields fields = new(json, where);
        try
        {
            return fields.Read(withPolygons);
        }
        catch (JsonException e)
        {
            throw new DataFormatException($"{where}: {e.Message}", e);
        }
    }

    private ref struct Fields(ReadOnlySpan<byte> json, string where)
    {
        private readonly string _where = where;
        private Utf8JsonReader _json = new(json);
        private int _points, _instances;
        private string _taskId = "", _kind = "", _noun = "";
        private List<string> _attributes = [];
        private bool _related;

        public PhraseCutTask Read(bool withPolygons)
        {
            long? imageId = null;
            string? phrase = null;
            double? area = null;
            List<double[]>? polygons = null;
            _json.Read();
            while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
            {
                if (_json.ValueTextEquals("image_id"u8)) imageId = Integer("image_id");
                else if (_json.ValueTextEquals("phrase"u8)) phrase = Text("phrase");
                else if (_json.ValueTextEquals("task_id"u8)) _taskId = FileName();
                else if (_json.ValueTextEquals("phrase_structure"u8)) Structure();
                else if (_json.ValueTextEquals("instance_boxes"u8)) area = Boxes();
                else if (_json.ValueTextEquals("Polygons"u8)) polygons = withPolygons ? Instances() : Skipped();
                else _json.Skip();
            }
            return new()
            {
                ImageId = imageId ?? throw Missing("image_id"),
                Phrase = phrase ?? throw Missing("phrase"),
                TaskId = _taskId,
                Kind = _kind,
                NounName = _noun,
                Attributes = _attributes,
                HasRelation = _related,
                Instances = _instances,
                BoxArea = area ?? throw Missing("instance_boxes"),
                Polygons = polygons ?? throw Missing("Polygons"),
            };
        }

        private long Integer(string name)
        {
            _json.Read();
            if (_json.TokenType == JsonTokenType.Number && _json.TryGetInt64(out long value)) return value;
            throw Error($"'{name}' is not a whole number");
        }

        private string Text(string name)
        {
            _json.Read();
            string? text = _json.TokenType == JsonTokenType.String ? _json.GetString() : null;
            return string.IsNullOrWhiteSpace(text) ? throw Error($"'{name}' is not a text with words in it") : text;
        }

        private string FileName()
        {
            string id = Text("task_id");
            return id.Length <= MaxIdLength && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-') ? id : "";
        }

        private void Structure()
        {
            _json.Read();
            if (_json.TokenType != JsonTokenType.StartObject) throw Error("'phrase_structure' is not an object");
            while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
            {
                if (_json.ValueTextEquals("type"u8)) _kind = Word();
                else if (_json.ValueTextEquals("name"u8)) _noun = Word();
                else if (_json.ValueTextEquals("attributes"u8)) _attributes = Words(out _);
                else if (_json.ValueTextEquals("relation_descriptions"u8)) Words(out _related);
                else _json.Skip();
            }
        }

        private string Word()
        {
            _json.Read();
            if (_json.TokenType == JsonTokenType.String) return _json.GetString()!;
            _json.Skip();
            return "";
        }

        /// <summary>The texts of a list; other things in it, too, make it one that is not empty.</summary>
        private List<string> Words(out bool any)
        {
            List<string> words = [];
            any = false;
            _json.Read();
            if (_json.TokenType != JsonTokenType.StartArray)
            {
                _json.Skip();
                return words;
            }
            while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
            {
                any = true;
                if (_json.TokenType == JsonTokenType.String) words.Add(_json.GetString()!);
                else _json.Skip();
            }
            return words;
        }

        private List<double[]> Skipped()
        {
            _json.Skip();
            return [];
        }

        private double Boxes()
        {
            double area = 0;
            Open("instance_boxes");
            while (Next("instance_boxes"))
            {
                double[] box = [.. Numbers("a box", limit: 4)];
                if (box.Length != 4) throw Error($"a box has {box.Length} numbers, expected x, y, w, h");
                area += box[2] * box[3];
                _instances++;
            }
            return area;
        }

        // instance → polygon → point → x, y
        private List<double[]> Instances()
        {
            List<double[]> polygons = [];
            Open("Polygons");
            while (Next("Polygons"))
            {
                while (Next("an instance"))
                {
                    List<double> points = [];
                    while (Next("a polygon"))
                    {
                        List<double> point = Numbers("a point", limit: 2);
                        if (point.Count != 2) throw Error($"a point has {point.Count} numbers, expected x, y");
                        if (++_points > MaxPoints) throw Error($"more than {MaxPoints:N0} points");
                        points.AddRange(point);
                    }
                    polygons.Add([.. points]);
                }
            }
            return polygons;
        }

        private void Open(string name)
        {
            _json.Read();
            if (_json.TokenType != JsonTokenType.StartArray) throw Error($"'{name}' is not an array");
        }

        // At the start of the next inner array, or past the end of this one.
        private bool Next(string outer)
        {
            _json.Read();
            if (_json.TokenType == JsonTokenType.EndArray) return false;
            if (_json.TokenType != JsonTokenType.StartArray) throw Error($"{outer} holds something other than arrays");
            return true;
        }

        private List<double> Numbers(string name, int limit)
        {
            List<double> numbers = [];
            while (_json.Read() && _json.TokenType == JsonTokenType.Number)
            {
                if (numbers.Count == limit) throw Error($"{name} has more than {limit} numbers");
                numbers.Add(_json.GetDouble());
            }
            return _json.TokenType == JsonTokenType.EndArray && numbers.TrueForAll(double.IsFinite)
                ? numbers : throw Error($"{name} holds something other than numbers");
        }

        private readonly DataFormatException Missing(string name) => Error($"the task has no '{name}'");

        private readonly DataFormatException Error(string what) => new($"{_where}: {what}.");
    }
}
