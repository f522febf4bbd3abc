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

    private readonly List<Files> _pictures = [];
    private readonly List<(byte Class, int Pixels)> _classOf = [];

    private LabelledPictures(IReadOnlyList<IReadOnlyList<string>> names, List<Files> pictures, string where)
    {
        (Names, Classes) = (names, [.. names.Select(n => n[0])]);
        int[][] shown = new int[pictures.Count][];
        Workers.Each(pictures.Count, i => shown[i] = ClassesIn(pictures[i]));
        for (int i = 0; i < pictures.Count; i++)
        {
            for (int label = 0; label < names.Count; label++)
            {
                if (shown[i][label] == 0 || Classes[label] == ClassData.BackgroundName) continue;
                Add(Classes[label], picture: i);
                _classOf.Add(((byte)label, shown[i][label]));
            }
        }
        _pictures = pictures;
        if (Count == 0) throw new DataFormatException($"{where}: no map shows a class other than background.");
    }

    /// <summary>The first name of each class, by index.</summary>
    internal override IReadOnlyList<string> Classes { get; }

    /// <summary>All names of each class, by index.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Names { get; }

    /// <summary>The number of pictures.</summary>
    public int Pictures => _pictures.Count;

    /// <summary>The class of a sample.</summary>
    public int ClassOf(int index) => _classOf[index].Class;

    /// <summary>On how many pixels a sample's picture shows its class.</summary>
    public int PixelsOf(int index) => _classOf[index].Pixels;

    /// <summary>Opens Pascal VOC.</summary>
    /// <param name="folder">VOC2012, or the folder of another year.</param>
    /// <param name="split">A list in ImageSets/Segmentation: train, val, trainval, or one of your own; or one of
    /// <see cref="VocLists"/>.</param>
    /// <param name="list">Another list of ids, or as PFENet has them: "picture map" on each line; or null.</param>
    /// <param name="names">What the classes are called; null for <see cref="VocClasses.Names"/>.</param>
    /// <exception cref="DataFormatException">A file is missing or is not as VOC publishes it.</exception>
    public static LabelledPictures OpenVoc(
        string folder, string split, string? list = null, IReadOnlyList<IReadOnlyList<string>>? names = null)
    {
        list ??= Path.Combine(folder, "ImageSets", "Segmentation", $"{split}.txt");
        IEnumerable<string> lines = File.Exists(list) ? File.ReadLines(list) : VocLists.Make(folder, split)
            ?? throw new DataFormatException($"There is no list '{list}'.");
        List<Files> pictures = [];
        int line = 0;
        foreach (string text in lines)
        {
            line++;
            string[] words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0) continue;
            bool pair = words.Length == 2;
            if (words.Length > 2 || Array.Exists(words, w => w.Contains("..") || Path.IsPathRooted(w))
                || (!pair && words[0].IndexOfAny(['/', '\\']) >= 0))
                throw new DataFormatException($"{list}, line {line}: '{text.Trim()}' is no picture's name.");
            string map = pair ? words[1] : Path.Combine("SegmentationClass", $"{words[0]}.png");
            if (!pair && !File.Exists(Path.Combine(folder, map)))
                map = Path.Combine("SegmentationClassAug", $"{words[0]}.png");
            pictures.Add(new(Existing(pair ? words[0] : Path.Combine("JPEGImages", $"{words[0]}.jpg")), Existing(map)));

            string Existing(string file) => File.Exists(Path.Combine(folder, file)) ? Path.Combine(folder, file)
                : throw new DataFormatException(
                    $"{list}, line {line}: there is no file '{Path.Combine(folder, file)}'.");
        }
        return new(names ?? VocClasses.Names, pictures, list);
    }

    internal static bool IsVoc(string folder) => Directory.Exists(Path.Combine(folder, "JPEGImages"))
        && Directory.Exists(Path.Combine(folder, "ImageSets", "Segmentation"));

    /// <summary>Opens a folder of images, labels and classes.txt.</summary>
    /// <exception cref="DataFormatException">A file is missing or is not as described.</exception>
    public static LabelledPictures Open(string folder)
    {
        string list = Path.Combine(folder, "classes.txt");
        if (!File.Exists(list)) throw new DataFormatException($"There is no list '{list}'.");
        string[][] names = [.. File.ReadAllLines(list).Select(line => line.Split(',', StringSplitOptions.TrimEntries))];
        if (names.Length is 0 or > Void || Array.Exists(names, name => name.Contains("")))
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
        (Image picture, byte[] labels) = Labelled((int)GroupOf(index));
        Mask mask = new(picture.Width, picture.Height), valid = new(picture.Width, picture.Height);
        for (int i = 0; i < labels.Length; i++)
        {
            if (labels[i] == ClassOf(index)) mask.Values[i] = 1;
            if (labels[i] != Void) valid.Values[i] = 1;
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

    /// <summary>A picture and its map.</summary>
    /// <exception cref="DataFormatException">They cannot be read, or differ in size.</exception>
    public ClassPicture Labelled(int number)
    {
        Files files = _pictures[number];
        try
        {
            Image picture = Image.Load(files.Picture);
            LabelMap map = LabelMap.Load(files.Map);
            if (map.Width != picture.Width || map.Height != picture.Height)
            {
                throw new DataFormatException($"{files.Map} is {map.Width}x{map.Height}, its picture "
                    + $"{picture.Width}x{picture.Height}.");
            }
            return new(picture, map.Labels);
        }
        catch (Exception e) when (e is ImageFormatException or IOException)
        {
            throw new DataFormatException(e.Message, e);
        }
    }

    /// <summary>How many pixels have each class.</summary>
    private int[] ClassesIn(Files files)
    {
        try
        {
            int[] pixels = new int[256];
            foreach (byte label in LabelMap.Load(files.Map).Labels) pixels[label]++;
            int beyond = Array.FindIndex(pixels, Classes.Count, count => count > 0);
            if (beyond >= 0 && beyond != Void)
                throw new DataFormatException($"{files.Map} has class {beyond}; there are {Classes.Count}, from 0.");
            return pixels;
        }
        catch (Exception e) when (e is ImageFormatException or IOException)
        {
            throw new DataFormatException(e.Message, e);
        }
    }

    private sealed record Files(string Picture, string Map);
}
