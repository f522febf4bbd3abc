using SkiaSharp;

namespace ClipSeg.Imaging;

/// <summary>Pictures as files: which kinds are read, how large one may be, how one is written.</summary>
internal static class PictureFile
{
    /// <summary>The largest picture that is decoded, in pixels. Its RGB takes 384 MiB.</summary>
    public const int MaxPixels = 1 << 27;

    /// <summary>The largest width and height that is decoded.</summary>
    public const int MaxSide = 65_535;

    /// <summary>The largest file that is read.</summary>
    public const int MaxFileBytes = 1 << 29;

    /// <summary>The most that the pixels and coefficients of a JPEG in several scans may take, in bytes.</summary>
    public const int MaxScansBytes = 1 << 29;

    /// <summary>The best quality; with WebP, no loss at all.</summary>
    public const int BestQuality = 100;

    public static byte[] Read(string path)
    {
        using FileStream file = File.OpenRead(path);
        return Read(file, path);
    }

    /// <summary>What is left in the stream, which need not know its length.</summary>
    public static byte[] Read(Stream stream, string name)
    {
        long length = stream.CanSeek ? stream.Length - stream.Position : 0;
        CheckBytes(length, name);
        using MemoryStream data = new((int)length);
        byte[] buffer = new byte[81_920];
        for (int read; (read = stream.Read(buffer)) > 0;)
        {
            CheckBytes(data.Length + read, name);
            data.Write(buffer, 0, read);
        }
        return data.Length == data.Capacity ? data.GetBuffer() : data.ToArray();
    }

    /// <param name="data">The whole file.</param>
    /// <param name="name">What error messages call the picture.</param>
    /// <param name="orientation">EXIF's, 1 to 8; 1 if the file says nothing.</param>
    public static Image Decode(ReadOnlySpan<byte> data, string name, out int orientation)
    {
        PictureKind kind = Check(data, name);
        Image image = SkiaCodec.Decode(kind, data, name, out orientation);
        if (orientation != 1) return image;
        if (kind == PictureKind.Png) orientation = PngChunks.Orientation(data);
        if (kind == PictureKind.WebP) orientation = Exif.OrientationOfWebP(data);
        return image;
    }

    /// <summary>The size that a file says its picture has, as it is stored; no pixel is decoded.</summary>
    /// <param name="data">The whole file.</param>
    /// <param name="name">What error messages call the picture.</param>
    /// <exception cref="ImageFormatException">The data is damaged, too large, or not a supported picture.</exception>
    public static (int Width, int Height) SizeOf(ReadOnlySpan<byte> data, string name)
        => SkiaCodec.SizeOf(Check(data, name), data, name);

    /// <summary>Whether a file begins as those that masks are saved as: grey, or, where the header of a format does not
    /// say that, a WebP without loss.</summary>
    public static bool MayBeMask(ReadOnlySpan<byte> start)
    {
        PictureKind? kind = PictureKind.Of(start);
        if (kind == PictureKind.Png) return PngChunks.IsGrey(start);
        if (kind == PictureKind.Jpeg) return JpegHeader.Read(start)?.Channels == 1;
        return kind == PictureKind.WebP && start[12..].StartsWith("VP8L"u8);
    }

    /// <summary>Throws unless a picture of this size may be decoded.</summary>
    public static void CheckSize(long width, long height, string name)
    {
        if (width < 1 || height < 1)
            throw new ImageFormatException($"{name}: the size is {width}x{height}, expected at least 1x1.");
        if (width > MaxSide || height > MaxSide || width * height > MaxPixels)
        {
            throw new ImageFormatException($"{name}: {width}x{height} is too large; the limits are {MaxSide:N0} pixels "
                + $"a side and {MaxPixels:N0} in all.");
        }
    }

    /// <summary>The format that the name of a file promises.</summary>
    /// <exception cref="ArgumentException">None that is written.</exception>
    public static SKEncodedImageFormat FormatOf(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".png" => SKEncodedImageFormat.Png,
        ".jpg" or ".jpeg" or ".jpe" or ".jfif" => SKEncodedImageFormat.Jpeg,
        ".webp" => SKEncodedImageFormat.Webp,
        _ => throw new ArgumentException(
            $"Pictures are saved as PNG, JPEG or WebP; the path must end in .png, .jpg or .webp, got '{path}'."),
    };

    /// <summary>What the file is; throws unless it may be decoded.</summary>
    private static PictureKind Check(ReadOnlySpan<byte> data, string name)
    {
        if (data.IsEmpty) throw new ImageFormatException($"{name}: the file is empty.");
        PictureKind kind = PictureKind.Of(data) ?? throw new ImageFormatException(
            $"{name}: not a picture in a supported format (PNG, JPEG, WebP, GIF, BMP or ICO).");
        if (!kind.IsRead)
            throw new ImageFormatException($"{name}: {kind.Name} is not supported; {PictureKind.Remedy}.");

        CheckHeader(kind, data, name);
        return kind;
    }

    /// <summary>Refuses what a few bytes claim before a decoder believes it.</summary>
    private static void CheckHeader(PictureKind kind, ReadOnlySpan<byte> data, string name)
    {
        if (kind == PictureKind.Png)
        {
            (long width, long height) = PngChunks.Size(data);
            CheckSize(width, height, name);
            if (!PngChunks.CanHold(data))
                throw new ImageFormatException($"{name}: damaged PNG: too short for {width}x{height} pixels.");
            return;
        }
        if (kind != PictureKind.Jpeg) return;

        JpegHeader jpeg = JpegHeader.Read(data)
            ?? throw new ImageFormatException($"{name}: damaged JPEG: it ends before its pixels begin.");
        CheckSize(jpeg.Width, jpeg.Height, name);
        long bytes = jpeg.CoefficientBytes + 3L * jpeg.Width * jpeg.Height;
        if (jpeg.CoefficientBytes == 0 || bytes <= MaxScansBytes) return;
        throw new ImageFormatException($"{name}: {jpeg.Width}x{jpeg.Height} in several scans (progressive) needs "
            + $"{bytes:N0} bytes, more than the {MaxScansBytes:N0} allowed; save it as a baseline JPEG.");
    }

    private static void CheckBytes(long bytes, string name)
    {
        if (bytes > MaxFileBytes)
            throw new ImageFormatException($"{name}: {bytes:N0} bytes, more than the {MaxFileBytes:N0} allowed.");
    }
}
