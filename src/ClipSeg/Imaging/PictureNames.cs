namespace ClipSeg.Imaging;

/// <summary>Names that pictures have.</summary>
internal static class PictureNames
{
    private static readonly string[] _jpeg = [".jpg", ".jpeg", ".jpe", ".jfif"];

    // Of pictures that are not read: whoever names one means a picture.
    private static readonly string[] _others =
    [
        ".avif", ".heic", ".heif", ".jp2", ".jxl", ".pdf", ".pgm", ".ppm", ".psd", ".svg", ".tif", ".tiff", ".tga",
        ".raw", ".dng", ".cr2", ".nef", ".exr",
    ];

    /// <summary>The extensions of pictures that are read.</summary>
    public static IReadOnlyList<string> Read { get; } =
        [".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp", ".dib", ".ico"];

    /// <summary>Whether a folder's file of this name is one of its pictures.</summary>
    public static bool IsRead(string path) => Has(path, Read);

    public static bool IsJpeg(string path) => Has(path, _jpeg);

    /// <summary>Whether the name can only be meant as a picture's.</summary>
    public static bool HasExtensionOfPictures(string word) => Has(word, Read) || Has(word, _others);

    private static bool Has(string path, IReadOnlyList<string> extensions)
        => extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);
}
