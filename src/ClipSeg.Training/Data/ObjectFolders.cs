using ClipSeg.Imaging;

namespace ClipSeg.Training.Data;

/// <summary>
/// FSS-1000: a folder for each class, named after it, with pictures (1.jpg) and masks of the same names (1.png).
/// </summary>
/// <remarks>Li et al., "FSS-1000: A 1000-class dataset for few-shot segmentation", CVPR 2020.</remarks>
internal sealed class ObjectFolders : PhraseData
{
    private readonly List<string> _pictures = [];

    /// <exception cref="DataFormatException">A file is missing.</exception>
    public ObjectFolders(string folder)
    {
        foreach (string name in ClassFolders(folder))
        {
            string phrase = Path.GetFileName(name).Replace('_', ' ');
            foreach (string picture in Directory.GetFiles(name, "*.jpg").Order(StringComparer.Ordinal))
            {
                if (!File.Exists(Path.ChangeExtension(picture, ".png")))
                    throw new DataFormatException($"{picture} has no mask {Path.ChangeExtension(picture, ".png")}.");
                Add(phrase, picture: _pictures.Count);
                _pictures.Add(picture);
            }
        }
        if (_pictures.Count == 0) throw new DataFormatException($"'{folder}' has no folder with pictures and masks.");
    }

    /// <summary>By the look of its first folders; a list or annotations beside them say that it is another.</summary>
    internal static bool IsAt(string folder) => Directory.Exists(folder) && !Directory.EnumerateFiles(folder).Any(file
            => Path.GetExtension(file).ToLowerInvariant() is ".csv" or ".json" or ".jsonl")
        && ClassFolders(folder).Take(2).Any(name => Directory.EnumerateFiles(name, "*.jpg")
            .Any(picture => File.Exists(Path.ChangeExtension(picture, ".png"))));

    public override string PictureFile(int index) => _pictures[index];

    public override SegmentationSample Get(int index)
    {
        try
        {
            Image picture = Image.Load(_pictures[index]);
            string file = Path.ChangeExtension(_pictures[index], ".png");
            Mask mask = Mask.Load(file).Foreground();
            if (mask.Width != picture.Width || mask.Height != picture.Height)
            {
                throw new DataFormatException(
                    $"{file} is {mask.Width}x{mask.Height}, its picture {picture.Width}x{picture.Height}.");
            }
            return new() { Picture = picture, Mask = mask, Phrase = PhraseOf(index), Group = index };
        }
        catch (Exception e) when (e is ImageFormatException or IOException)
        {
            throw new DataFormatException(e.Message, e);
        }
    }

    private static IEnumerable<string> ClassFolders(string folder)
        => Directory.GetDirectories(folder).Order(StringComparer.Ordinal);
}
