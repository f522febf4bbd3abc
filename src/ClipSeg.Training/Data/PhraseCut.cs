using System.Text.Json;
using ClipSeg.Imaging;
using ClipSeg.Numerics;

namespace ClipSeg.Training.Data;

/// <summary>Which samples of PhraseCut to keep; spec training-and-evaluation.md §4.2 and 4.3.</summary>
public sealed record PhraseCutFilter
{
    /// <summary>Phrases to leave out altogether, such as those that name a removed class.</summary>
    public Func<string, bool>? Removes { get; init; }

    /// <summary>Keep only samples whose phrase has another sample.</summary>
    public bool OnlyVisual { get; init; }

    /// <summary>Keep samples whose boxes cover more than this share of the picture.</summary>
    public double MinSize { get; init; }

    /// <summary>Fill polygons as PhraseCut's own evaluator does, by Pillow, and not as CLIPSeg does.</summary>
    internal bool PillowPolygons { get; init; }
}

/// <summary>
/// A PhraseCut folder: image_data_split.json (or image_data_split3000.json), refer_{split}.json and images/{id}.jpg
/// (or .png). The refer file is read once, in a stream; of each sample only its place in the file stays in memory.
/// Tasks of skip.json, if there is one, are left out: nobody could outline them.
/// </summary>
public sealed class PhraseCut : SegmentationData
{
    private const int MaxSide = 4096;
    private static readonly string[] _splitFiles = ["image_data_split.json", "image_data_split3000.json"];

    // Annotated at another size than the picture has; spec 4.2.
    private static readonly HashSet<long> _badImages =
    [
        150417, 285665, 498246, 61564, 285743, 498269, 498010, 150516, 150344, 286093, 61530, 150333, 286065, 285814,
        498187, 285761, 498042,
    ];

    private readonly string _folder;
    private readonly string[] _referFiles;
    private readonly Dictionary<long, Size> _sizes;
    private readonly List<Entry> _entries = [];
    private readonly PhraseIndex _index = new();
    private readonly int[] _kept;           // the entries that pass the filters on size and company; support may be any
    private readonly Dictionary<string, int> _ranks = [];       // of names, the most frequent 1
    private readonly PhraseCutWords? _words;
    private readonly HashSet<string> _skipped = [];             // tasks
    private readonly bool _pillow;

    /// <param name="folder">VGPhraseCut_v0.</param>
    /// <param name="split">train, val, test or miniv; or several joined by underscores.</param>
    /// <param name="filter">Which samples to keep; or null for all.</param>
    /// <exception cref="DataFormatException">A file is missing or is not as PhraseCut publishes it.</exception>
    public PhraseCut(string folder, string split, PhraseCutFilter? filter = null)
    {
        filter ??= new();
        (_folder, _pillow) = (folder, filter.PillowPolygons);
        string sizes = Array.Find(_splitFiles, name => File.Exists(Path.Combine(folder, name)))
            ?? throw new DataFormatException($"{folder} has no {_splitFiles[0]}.");
        _sizes = ReadSizes(Path.Combine(folder, sizes));
        _referFiles = [.. split.Split('_').Select(name => Path.Combine(folder, $"refer_{name}.json"))];

        _words = PhraseCutWords.Find(folder);
        ReadRanks();
        ReadSkipped();
        for (int file = 0; file < _referFiles.Length; file++) ReadTasks(file, filter);
        _kept = [.. Enumerable.Range(0, _entries.Count).Where(i => _entries[i].BoxShare > filter.MinSize
            && (!filter.OnlyVisual || _index.SamplesOf(_entries[i].Phrase).Count > 1))];
        if (_kept.Length == 0)
            throw new DataFormatException($"{folder}: no sample of split '{split}' passes the filter.");
    }

    public override int Count => _kept.Length;

    /// <summary>Whether a folder looks like PhraseCut.</summary>
    public static bool IsAt(string folder)
        => Array.Exists(_splitFiles, name => File.Exists(Path.Combine(folder, name)));

    /// <summary>The distinct phrases.</summary>
    public IReadOnlyList<string> Phrases => _index.Phrases;

    public override long GroupOf(int index) => _entries[_kept[index]].Image;

    public override string PictureFile(int index) => PictureFile(_entries[_kept[index]].Image);

    public override SegmentationSample Get(int index) => Read(_entries[_kept[index]]);

    /// <summary>
    /// Any sample with the phrase, the sample itself among them, as CLIPSeg's training does; null if it is alone.
    /// </summary>
    public override SegmentationSample? Support(int index, int draw)
    {
        IReadOnlyList<int> samples = _index.SamplesOf(_entries[_kept[index]].Phrase);
        RandomStream random = new(RandomUse.PhraseCutSupports, draw, index);
        return samples.Count < 2 ? null : Read(_entries[samples[random.Next(samples.Count)]]);
    }

    public override NegativePhrase Negative(int index, int draw, bool withSupport)
    {
        RandomStream random = new(RandomUse.PhraseCutNegatives, draw, index);
        int phrase = _index.Absent(_entries[_kept[index]].Image, ref random);
        IReadOnlyList<int> samples = _index.SamplesOf(phrase);
        bool shown = withSupport && samples.Count > 1;
        return new(_index.Phrases[phrase], shown ? Read(_entries[samples[random.Next(samples.Count)]]) : null);
    }

    private SegmentationSample Read(Entry entry)
    {
        byte[] json = new byte[entry.Length];
        string path = _referFiles[entry.File];
        using (FileStream file = File.OpenRead(path))
        {
            file.Position = entry.Offset;
            file.ReadExactly(json);
        }
        PhraseCutTask task = PhraseCutTask.Parse(json, $"{path}, byte {entry.Offset}", withPolygons: true);
        Size size = _sizes[entry.Image];
        Mask mask = new(size.Width, size.Height);
        foreach (double[] polygon in task.Polygons)
        {
            if (_pillow) PillowPolygon.Fill(mask, polygon);
            else Polygon.Fill(mask, polygon);
        }

        string image = PictureFile(entry.Image);
        if (!File.Exists(image)) throw new DataFormatException($"{_folder}/images has no {entry.Image}.jpg.");
        Image picture = Load(image);
        if (picture.Width != size.Width || picture.Height != size.Height)
        {
            throw new DataFormatException(
                $"{image} is {picture.Width}x{picture.Height}, annotated as {size.Width}x{size.Height}.");
        }
        return new()
        {
            Picture = picture,
            Mask = mask,
            Phrase = task.Phrase,
            Kind = task.Kind,
            Group = entry.Image,
            Parts = PartsOf(task, mask),
            Name = task.TaskId,
        };
    }

    /// <summary>
    /// The subsets of PhraseCut's evaluator, by its names, which overlap; and whether the picture is one of COCO's.
    /// </summary>
    /// <remarks>training-and-evaluation.md §6.3.</remarks>
    private List<PartName> PartsOf(PhraseCutTask task, Mask mask)
    {
        const double Small = 0.02, Large = 0.2;
        int rank = _ranks.GetValueOrDefault(task.NounName, int.MaxValue);
        double size = mask.Values.Count(value => value > 0) / (double)mask.Values.Length;
        (string Name, bool Holds)[] subsets =
        [
            ("c20", rank <= 20), ("c21-100", rank is > 20 and <= 100), ("c100", rank <= 100),
            ("c101-500", rank is > 100 and <= 500), ("c500", rank <= 500), ("c500+", rank > 500),
            ("i_single", task.Instances == 1), ("i_multi", task.Instances > 1), ("i_many", task.Instances >= 5),
            ("p_name", task.Kind == "name"), ("p_att", task.Attributes.Count > 0), ("p_att+", task.Kind == "attribute"),
            ("p_rel", task.HasRelation), ("p_rel+", task.Kind == "relation"), ("p_verbose", task.Kind == "verbose"),
            ("s_small", size < Small), ("s_mid", size is >= Small and <= Large), ("s_large", size > Large),
        ];
        return
        [
            new("picture", _sizes[task.ImageId].OfCoco ? "of COCO" : "not of COCO"),
            .. subsets.Where(subset => subset.Holds).Select(subset => subset.Name)
                .Concat(_words?.SubsetsOf(task) ?? []).Select(name => new PartName("subset", name)),
        ];
    }

    private void ReadSkipped()
    {
        string path = Path.Combine(_folder, "skip.json");
        if (!File.Exists(path)) return;
        using JsonArrayReader reader = new(path);
        while (reader.Read())
        {
            using JsonDocument task = JsonDocument.Parse(reader.Item);
            if (task.RootElement.ValueKind != JsonValueKind.Object
                || !task.RootElement.TryGetProperty("task_id", out JsonElement id)
                || id.ValueKind != JsonValueKind.String)
                throw new DataFormatException($"{path}, byte {reader.Offset}: expected a task with a 'task_id'.");
            _skipped.Add(id.GetString()!);
        }
    }

    private void ReadRanks()
    {
        foreach (string name in _words?.Names ?? []) _ranks.TryAdd(name, _ranks.Count + 1);
        string path = Path.Combine(_folder, "name_att_rel_count.json");
        if (_ranks.Count > 0 || !File.Exists(path)) return;
        try
        {
            using JsonDocument counts = JsonDocument.Parse(File.ReadAllBytes(path));
            foreach (JsonElement pair in counts.RootElement.GetProperty("cat").EnumerateArray())
                _ranks.TryAdd(pair[0].GetString() ?? "", _ranks.Count + 1);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException
            or IndexOutOfRangeException)
        {
            throw new DataFormatException($"{path}: expected 'cat', a list of names and their counts.", e);
        }
    }

    private string PictureFile(long image)
    {
        string path = Path.Combine(_folder, "images", $"{image}.jpg");
        return File.Exists(path) ? path : Path.ChangeExtension(path, ".png");
    }

    private static Image Load(string path)
    {
        try
        {
            return Image.Load(path);
        }
        catch (ImageFormatException e)
        {
            throw new DataFormatException(e.Message, e);
        }
    }

    private void ReadTasks(int file, PhraseCutFilter filter)
    {
        string path = _referFiles[file];
        if (!File.Exists(path)) throw new DataFormatException($"{path} is missing.");
        using JsonArrayReader reader = new(path);
        while (reader.Read())
        {
            string where = $"{path}, byte {reader.Offset}";
            PhraseCutTask task = PhraseCutTask.Parse(reader.Item.Span, where, withPolygons: false);
            if (_badImages.Contains(task.ImageId) || _skipped.Contains(task.TaskId)
                || filter.Removes?.Invoke(task.Phrase) == true)
                continue;
            if (!_sizes.TryGetValue(task.ImageId, out Size size))
                throw new DataFormatException($"{where}: image {task.ImageId} is not in {_splitFiles[0]}.");

            int phrase = _index.Add(_entries.Count, task.Phrase, task.ImageId);
            float share = (float)(task.BoxArea / ((double)size.Width * size.Height));
            _entries.Add(new(task.ImageId, phrase, file, reader.Offset, reader.Item.Length, share));
        }
    }

    private static Dictionary<long, Size> ReadSizes(string path)
    {
        Dictionary<long, Size> sizes = [];
        using JsonArrayReader reader = new(path);
        while (reader.Read())
        {
            using JsonDocument item = JsonDocument.Parse(reader.Item);
            long id = Integer(item, "image_id"), width = Integer(item, "width"), height = Integer(item, "height");
            if (width is < 1 or > MaxSide || height is < 1 or > MaxSide)
            {
                throw new DataFormatException(
                    $"{path}, byte {reader.Offset}: {width}x{height}, expected 1 to {MaxSide} a side.");
            }
            bool coco = item.RootElement.TryGetProperty("coco_id", out JsonElement of)
                && of.ValueKind == JsonValueKind.Number;
            sizes[id] = new((int)width, (int)height, coco);
        }
        return sizes;

        long Integer(JsonDocument item, string name)
            => item.RootElement.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number
                && value.TryGetInt64(out long number) ? number
                : throw new DataFormatException($"{path}, byte {reader.Offset}: '{name}' is not a whole number.");
    }

    private readonly record struct Size(int Width, int Height, bool OfCoco);

    /// <summary>Where a sample stands.</summary>
    private readonly record struct Entry(long Image, int Phrase, int File, long Offset, int Length, float BoxShare);
}
