using ClipSeg.Imaging;

namespace ClipSeg.Training.Data;

/// <summary>The pictures of an annotation file of COCO's kind, and its shapes on them.</summary>
internal sealed class CocoPictures
{
    private readonly string _path;
    private readonly Dictionary<long, CocoImage> _images;
    private readonly List<string> _folders;

    /// <param name="path">The annotation file.</param>
    /// <param name="file">What is in it.</param>
    /// <exception cref="DataFormatException">An image has no possible size, or a mask another.</exception>
    public CocoPictures(string path, CocoFile file)
    {
        (_path, _folders) = (path, PictureFolders(path));
        _images = ById(path, file.Images, image => image.Id, "images");
        for (int i = 0; i < file.Images.Count; i++)
        {
            if (file.Images[i] is not { Width: >= 1 and <= 1 << 16, Height: >= 1 and <= 1 << 16 })
                throw new DataFormatException($"{path}, images[{i}]: the size cannot be.");
        }
        for (int i = 0; i < file.Annotations.Count; i++)
        {
            (long id, CocoSegmentation shape) = (file.Annotations[i].ImageId, file.Annotations[i].Segmentation);
            if (!_images.TryGetValue(id, out CocoImage? image))
                throw new DataFormatException($"{path}, annotations[{i}]: image {id} is not in the file.");
            if (shape.Runs is { } runs && (runs.Width, runs.Height) != (image.Width, image.Height))
            {
                throw new DataFormatException($"{path}, annotations[{i}]: the mask is {runs.Width}x{runs.Height}, "
                    + $"image {id} {image.Width}x{image.Height}.");
            }
        }
    }

    public bool Has(long id) => _images.ContainsKey(id);

    /// <summary>Where a picture is; if it is nowhere, where it might be.</summary>
    public string FileOf(long id)
    {
        CocoImage image = _images[id];
        string name = Path.GetFileName(image.FileName ?? image.CocoUrl ?? $"{image.Id:D12}.jpg");
        return Path.Combine(_folders.Find(f => File.Exists(Path.Combine(f, name))) ?? _folders[0], name);
    }

    /// <summary>Reads a picture.</summary>
    /// <exception cref="DataFormatException">It is missing, damaged, or of another size than the file says.</exception>
    public Image Load(long id)
    {
        (string file, CocoImage image) = (FileOf(id), _images[id]);
        try
        {
            // Annotations are of the pixels as they are stored, not as the camera was held.
            Image picture = Image.Load(file, applyOrientation: false);
            if (picture.Width == image.Width && picture.Height == image.Height) return picture;
            throw new DataFormatException($"{file} is {picture.Width}x{picture.Height}, {_path} says "
                + $"{image.Width}x{image.Height} of image {id}.");
        }
        catch (Exception e) when (e is ImageFormatException or IOException)
        {
            throw new DataFormatException(e.Message, e);
        }
    }

    /// <summary>Some shapes on one picture, together.</summary>
    public Mask MaskOf(long id, IEnumerable<CocoSegmentation> shapes)
    {
        Mask mask = new(_images[id].Width, _images[id].Height);
        foreach (CocoSegmentation shape in shapes)
        {
            foreach (double[] polygon in shape.Polygons) CocoShapes.FillPolygon(mask, polygon);
            shape.Runs?.Fill(mask);
        }
        return mask;
    }

    /// <exception cref="DataFormatException">Two have one id.</exception>
    public static Dictionary<long, T> ById<T>(string path, IReadOnlyList<T> items, Func<T, long> id, string what)
    {
        Dictionary<long, T> found = [];
        for (int i = 0; i < items.Count; i++)
        {
            if (!found.TryAdd(id(items[i]), items[i]))
                throw new DataFormatException($"{path}, {what}[{i}]: the id {id(items[i])} stands twice.");
        }
        return found;
    }

    /// <summary>Where pictures may be: beside the file, beside its folder, and in folders there.</summary>
    private static List<string> PictureFolders(string path)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        string root = Path.GetFileName(folder) == "annotations" ? Path.GetDirectoryName(folder)! : folder;
        string images = Path.Combine(root, "images");
        return [root, .. Folders(root), .. Directory.Exists(images) ? Folders(images) : []];

        static IEnumerable<string> Folders(string parent)
            => Directory.GetDirectories(parent).Order(StringComparer.Ordinal);
    }
}
