namespace ClipSeg.Training.Data;

/// <summary>
/// COCO or LVIS: an annotation file, and pictures in a folder beside it. A sample is a picture and a category: all of
/// its instances together, crowds among them.
/// </summary>
internal sealed class InstanceData : PhraseData
{
    private readonly CocoPictures _pictures;
    private readonly List<List<CocoSegmentation>> _shapes = [];

    /// <param name="path">The annotation file, such as annotations/instances_val2017.json.</param>
    /// <exception cref="DataFormatException">It is no such file, or names what is not in it.</exception>
    public InstanceData(string path)
    {
        CocoFile file = CocoFile.Read(path);
        _pictures = new(path, file);
        Dictionary<long, CocoCategory> categories =
            CocoPictures.ById(path, file.Categories, category => category.Id, "categories");
        Dictionary<(long Image, long Category), List<CocoSegmentation>> samples = [];
        for (int i = 0; i < file.Annotations.Count; i++)
        {
            (long image, long category) = (file.Annotations[i].ImageId, file.Annotations[i].CategoryId);
            if (!categories.ContainsKey(category))
                throw new DataFormatException($"{path}, annotations[{i}]: category {category} is not in the file.");
            if (!samples.TryGetValue((image, category), out List<CocoSegmentation>? shapes))
                samples.Add((image, category), shapes = []);
            shapes.Add(file.Annotations[i].Segmentation);
        }
        foreach (((long image, long category), List<CocoSegmentation> shapes) in samples)
        {
            Add(categories[category].Name.Replace('_', ' '), image);
            _shapes.Add(shapes);
        }
        if (Count == 0) throw new DataFormatException($"{path} has no annotation.");
        Classes = [.. categories.Values.OrderBy(c => c.Id).Select(c => c.Name.Replace('_', ' '))];
    }

    /// <summary>All categories, in the order of their ids.</summary>
    internal override IReadOnlyList<string> Classes { get; }

    /// <summary>The file of a part in a folder's annotations.</summary>
    /// <param name="folder">Of COCO or LVIS.</param>
    /// <param name="split">"train" or "val".</param>
    /// <exception cref="DataFormatException">There is none, or there are several.</exception>
    public static InstanceData Open(string folder, string split) => new(FileOf(folder, split));

    /// <summary>Where that is; the path itself, if it is a file.</summary>
    public static string FileOf(string folder, string split)
    {
        if (File.Exists(folder)) return folder;
        string[] files = [.. Files(folder).Where(f => Path.GetFileName(f).Contains(split, StringComparison.Ordinal))];
        return files.Length == 1 ? files[0] : throw new DataFormatException(
            $"'{folder}' has {files.Length} annotation files of '{split}' "
            + $"(annotations/instances_{split}*.json or lvis_*_{split}*.json), expected one; name the file itself.");
    }

    public static bool IsAt(string folder) => Files(folder).Any();

    public override string PictureFile(int index) => _pictures.FileOf(GroupOf(index));

    public override SegmentationSample Get(int index) => new()
    {
        Picture = _pictures.Load(GroupOf(index)),
        Mask = _pictures.MaskOf(GroupOf(index), _shapes[index]),
        Phrase = PhraseOf(index),
        Group = GroupOf(index),
    };

    private static IEnumerable<string> Files(string folder)
    {
        string annotations = Path.Combine(folder, "annotations");
        return Directory.Exists(annotations)
            ? Directory.GetFiles(annotations, "instances_*.json").Concat(Directory.GetFiles(annotations, "lvis_*.json"))
            : [];
    }
}
