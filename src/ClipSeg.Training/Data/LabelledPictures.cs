using ClipSeg.Imaging;
using ClipSeg.Numerics;

namespace ClipSeg.Training.Data;

/// <summary>Pictures with a map of classes each: a sample is a picture and one of the classes that it shows.</summary>
/// <remarks>
/// Two layouts. Pascal VOC: JPEGImages, SegmentationClass (or SegmentationClassAug for the pictures that SBD adds) and
/// ImageSets/Segmentation/{split}.txt. Anything else, VOC's 20 or 59 classes, ADE20K, Cityscapes and one's own among
/// it: images, labels with PNGs of the same names, and classes.txt with a class on each line, the first of index 0,
/// several names of one with commas. The class "background" is asked for by nobody; 255 is of no class and not scored.
/// </remarks>
internal sealed class LabelledPictures : PhraseData
{
    private const byte Void = 255;

    private static readonly string[] _vocClasses =
    [
        "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
        "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
    ];

    private readonly List<Files> _pictures = [];
    private readonly List<byte> _classOf = [];

    private LabelledPictures(IReadOnlyList<string> names, List<Files> pictures, string where)
    {
        Classes = names;
        byte[][] shown = new byte[pictures.Count][];
        Workers.Each(pictures.Count, i => shown[i] = ClassesIn(pictures[i]));
        for (int i = 0; i < pictures.Count; i++)
        {
            foreach (byte label in shown[i].Where(label => names[label] != "background"))
            {
                Add(names[label], picture: i);
                _classOf.Add(label);
            }
        }
        _pictures = pictures;
        if (Count == 0) throw new DataFormatException($"{where}: no map shows a class other than background.");
    }

    /// <summary>The first name of each class, by index.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>Opens Pascal VOC.</summary>
    /// <param name="folder">VOC2012, or the folder of another year.</param>
    /// <param name="split">A list in ImageSets/Segmentation: train, val, trainval, or one of your own.</param>
    /// <exception cref="DataFormatException">A file is missing or is not as VOC publishes it.</exception>
    public static LabelledPictures OpenVoc(string folder, string split)
    {
        string list = Path.Combine(folder, "ImageSets", "Segmentation", $"{split}.txt");
        if (!File.Exists(list)) throw new DataFormatException($"There is no list '{list}'.");
        List<Files> pictures = [];
        int line = 0;
        foreach (string text in File.ReadLines(list))
        {
            line++;
            string id = text.Trim();
            if (id.Length == 0) continue;
            if (id.IndexOfAny(['/', '\\']) >= 0)
                throw new DataFormatException($"{list}, line {line}: '{id}' is no picture's name.");
            string map = Path.Combine(folder, "SegmentationClass", $"{id}.png");
            if (!File.Exists(map)) map = Path.Combine(folder, "SegmentationClassAug", $"{id}.png");
            pictures.Add(new(Existing(Path.Combine(folder, "JPEGImages", $"{id}.jpg")), Existing(map)));

            string Existing(string file) => File.Exists(file) ? file
                : throw new DataFormatException($"{list}, line {line}: there is no file '{file}'.");
        }
        return new(_vocClasses, pictures, list);
    }

    internal static bool IsVoc(string folder) => Directory.Exists(Path.Combine(folder, "JPEGImages"))
        && Directory.Exists(Path.Combine(folder, "ImageSets", "Segmentation"));

    /// <summary>Opens a folder of images, labels and classes.txt.</summary>
    /// <exception cref="DataFormatException">A file is missing or is not as described.</exception>
    public static LabelledPictures Open(string folder)
    {
        string list = Path.Combine(folder, "classes.txt");
        if (!File.Exists(list)) throw new DataFormatException($"There is no list '{list}'.");
        string[] names = [.. File.ReadAllLines(list).Select(line => line.Split(',')[0].Trim())];
        if (names.Length is 0 or > Void || Array.Exists(names, name => name.Length == 0))
            throw new DataFormatException($"{list}: expected a class on each of 1 to {Void} lines.");
        string images = Path.Combine(folder, "images"), labels = Path.Combine(folder, "labels");
        Dictionary<string, string> pictures = [];
        foreach (string file in Directory.Exists(images) ? Directory.GetFiles(images) : [])
            pictures.TryAdd(Path.GetFileNameWithoutExtension(file), file);
        List<Files> found = [];
        foreach (string map in Directory.Exists(labels) ? Directory.GetFiles(labels, "*.png") : [])
        {
            string name = Path.GetFileNameWithoutExtension(map);
            found.Add(new(pictures.TryGetValue(name, out string? picture) ? picture
                : throw new DataFormatException($"{map} has no picture of that name in '{images}'."), map));
        }
        if (found.Count == 0) throw new DataFormatException($"'{labels}' has no PNG.");
        found.Sort((a, b) => string.CompareOrdinal(a.Map, b.Map));
        return new(names, found, folder);
    }

    internal static bool IsAt(string folder)
        => File.Exists(Path.Combine(folder, "classes.txt")) && Directory.Exists(Path.Combine(folder, "labels"));

    public override string PictureFile(int index) => _pictures[(int)GroupOf(index)].Picture;

    public override SegmentationSample Get(int index)
    {
        Files files = _pictures[(int)GroupOf(index)];
        try
        {
            Image picture = Image.Load(files.Picture);
            LabelMap map = LabelMap.Load(files.Map);
            if (map.Width != picture.Width || map.Height != picture.Height)
            {
                throw new DataFormatException($"{files.Map} is {map.Width}x{map.Height}, its picture "
                    + $"{picture.Width}x{picture.Height}.");
            }
            Mask mask = new(map.Width, map.Height), valid = new(map.Width, map.Height);
            for (int i = 0; i < map.Labels.Length; i++)
            {
                if (map.Labels[i] == _classOf[index]) mask.Values[i] = 1;
                if (map.Labels[i] != Void) valid.Values[i] = 1;
            }
            return new()
            {
                Picture = picture,
                Mask = mask,
                Valid = valid.Values.AsSpan().Contains(0) ? valid : null,
                Phrase = PhraseOf(index),
                Group = GroupOf(index),
            };
        }
        catch (Exception e) when (e is ImageFormatException or IOException)
        {
            throw new DataFormatException(e.Message, e);
        }
    }

    private byte[] ClassesIn(Files files)
    {
        try
        {
            bool[] seen = new bool[256];
            foreach (byte label in LabelMap.Load(files.Map).Labels) seen[label] = true;
            int beyond = Array.IndexOf(seen, true, Classes.Count);
            if (beyond >= 0 && beyond != Void)
                throw new DataFormatException($"{files.Map} has class {beyond}; there are {Classes.Count}, from 0.");
            return [.. Enumerable.Range(0, Classes.Count).Where(label => seen[label]).Select(label => (byte)label)];
        }
        catch (Exception e) when (e is ImageFormatException or IOException)
        {
            throw new DataFormatException(e.Message, e);
        }
    }

    private sealed record Files(string Picture, string Map);
}
