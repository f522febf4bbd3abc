using ClipSeg.Formats;
using ClipSeg.Imaging;
using ClipSeg.Numerics;

namespace ClipSeg.Training.Data;

/// <summary>
/// COCO-20i as HSNet lays it out: val2014, annotations/val2014 with PNGs of the same names (0 is background, c + 1
/// class c), and HSNet's lists of pictures, splits/coco/val/fold0.pkl to fold3.pkl. Without the lists, all pictures
/// count that show a class. A sample is a picture and a class.
/// </summary>
/// <remarks>training-and-evaluation.md §4.5.</remarks>
internal sealed class Coco20i : PhraseData
{
    private const int FoldCount = 4;
    private const string Part = "val2014";

    private static readonly string[] _names =
    [
        "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light",
        "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow",
        "elephant", "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee",
        "skis", "snowboard", "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard",
        "tennis racket", "bottle", "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple",
        "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch",
        "potted plant", "bed", "dining table", "toilet", "tv", "laptop", "mouse", "remote", "keyboard", "cell phone",
        "microwave", "oven", "toaster", "sink", "refrigerator", "book", "clock", "vase", "scissors", "teddy bear",
        "hair drier", "toothbrush",
    ];

    private readonly string _folder;
    private readonly List<string> _pictures = [];           // names without extension
    private readonly List<int> _classOf = [];

    /// <exception cref="DataFormatException">A file is missing or is not as HSNet's are.</exception>
    public Coco20i(string folder)
    {
        _folder = folder;
        string lists = Path.Combine(folder, "splits", "coco", "val");
        IEnumerable<(int Class, string Picture)> samples = Directory.Exists(lists) ? Listed(lists) : Found();
        Dictionary<string, int> numbers = new(StringComparer.Ordinal);
        foreach ((int c, string picture) in samples)
        {
            if (numbers.TryAdd(picture, _pictures.Count)) _pictures.Add(picture);
            Add(_names[c], numbers[picture]);
            _classOf.Add(c);
        }
        if (Count == 0) throw new DataFormatException($"'{Maps(folder)}' has no PNG that shows a class.");
    }

    internal override IReadOnlyList<string> Classes => _names;

    public static bool IsAt(string folder)
        => Directory.Exists(Maps(folder)) && Directory.EnumerateFiles(Maps(folder), "*.png").Any();

    public override string PictureFile(int index)
        => Path.Combine(_folder, Part, $"{_pictures[(int)GroupOf(index)]}.jpg");

    public override SegmentationSample Get(int index)
    {
        string map = Path.Combine(Maps(_folder), $"{_pictures[(int)GroupOf(index)]}.png");
        try
        {
            Image picture = Image.Load(PictureFile(index), applyOrientation: false);
            LabelMap labels = LabelMap.Load(map);
            if (labels.Width != picture.Width || labels.Height != picture.Height)
            {
                throw new DataFormatException(
                    $"{map} is {labels.Width}x{labels.Height}, its picture {picture.Width}x{picture.Height}.");
            }
            return new()
            {
                Picture = picture,
                Mask = new(labels.Width, labels.Height,
                    Array.ConvertAll(labels.Labels, label => label == _classOf[index] + 1 ? 1f : 0)),
                Phrase = PhraseOf(index),
                Group = GroupOf(index),
            };
        }
        catch (Exception e) when (e is ImageFormatException or IOException)
        {
            throw new DataFormatException(e.Message, e);
        }
    }

    private static string Maps(string folder) => Path.Combine(folder, "annotations", Part);

    /// <summary>Of each fold, a dict: class → names such as "val2014/COCO_val2014_000000429717.jpg".</summary>
    private static IEnumerable<(int Class, string Picture)> Listed(string lists)
    {
        for (int fold = 0; fold < FoldCount; fold++)
        {
            string path = Path.Combine(lists, $"fold{fold}.pkl");
            foreach ((object? key, object? value) in ReadDict(path))
            {
                if (key is not long c || c < 0 || c >= _names.Length || value is not List<object?> pictures)
                {
                    throw new DataFormatException(
                        $"{path}: expected classes 0 to {_names.Length - 1}, each with a list of pictures.");
                }
                foreach (object? name in pictures)
                {
                    string picture = name is string text ? Path.GetFileNameWithoutExtension(text) : "";
                    if (picture.Length == 0) throw new DataFormatException($"{path}: class {c} lists '{name}'.");
                    yield return ((int)c, picture);
                }
            }
        }
    }

    private static List<KeyValuePair<object?, object?>> ReadDict(string path)
    {
        try
        {
            using BinaryFile file = BinaryFile.Open(path);
            return PickleReader.Read(new(file, 0, file.Length)) is PickleDict dict ? dict.Items
                : throw new DataFormatException($"{path}: expected a pickled dict of classes.");
        }
        catch (CheckpointException e)
        {
            throw new DataFormatException(e.Message, e);
        }
    }

    private IEnumerable<(int Class, string Picture)> Found()
    {
        string[] maps = [.. Directory.GetFiles(Maps(_folder), "*.png").Order(StringComparer.Ordinal)];
        bool[][] shown = new bool[maps.Length][];
        Workers.Each(maps.Length, i =>
        {
            shown[i] = new bool[byte.MaxValue + 1];
            try
            {
                foreach (byte label in LabelMap.Load(maps[i]).Labels) shown[i][label] = true;
            }
            catch (Exception e) when (e is ImageFormatException or IOException)
            {
                throw new DataFormatException(e.Message, e);
            }
        });
        for (int i = 0; i < maps.Length; i++)
        {
            for (int c = 0; c < _names.Length; c++)
                if (shown[i][c + 1]) yield return (c, Path.GetFileNameWithoutExtension(maps[i]));
        }
    }
}
