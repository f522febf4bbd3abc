namespace ClipSeg.Imaging;

/// <summary>Pictures as files: which decoder reads one, how large one may be, how one is written.</summary>
internal static class PictureFile
{
    /// <summary>The largest picture that is decoded, in pixels. Its RGB takes 384 MiB.</summary>
    public const int MaxPixels = 1 << 27;

    /// <summary>The largest width and height that is decoded.</summary>
    public const int MaxSide = 65_535;

    /// <summary>The largest file that is read.</summary>
    public const int MaxFileBytes = 1 << 29;

    public static byte[] Read(string path)
    {
        using FileStream file = File.OpenRead(path);
        if (file.Length > MaxFileBytes)
            throw new ImageFormatException($"{path}: {file.Length:N0} bytes, more than the {MaxFileBytes:N0} allowed.");
        byte[] data = new byte[file.Length];
        file.ReadExactly(data);
        return data;
    }

    /// <param name="data">The whole file.</param>
    /// <param name="name">What error messages call the picture.</param>
    /// <param name="orientation">EXIF's, 1 to 8; 1 if the file says nothing.</param>
    public static Image Decode(ReadOnlySpan<byte> data, string name, out int orientation)
    {
        orientation = 1;
        if (data.IsEmpty) throw new ImageFormatException($"{name}: the file is empty.");
        if (PngDecoder.Recognises(data)) return new PngDecoder(data, name).Decode(out orientation);
        if (JpegDecoder.Recognises(data)) return new JpegDecoder(data, name).Decode(out orientation);
        if (GifDecoder.Recognises(data)) return new GifDecoder(data, name).Decode();
        if (BmpDecoder.Recognises(data)) return new BmpDecoder(data, name).Decode();
        string? other = OtherFormat(data);
        if (other is not null)
            throw new ImageFormatException($"{name}: {other} is not supported; convert the picture to PNG or JPEG.");
        throw new ImageFormatException($"{name}: not a picture in a supported format (PNG, JPEG, GIF or BMP).");
    }

    private static string? OtherFormat(ReadOnlySpan<byte> data)
    {
        if (data.StartsWith("RIFF"u8) && data.Length >= 12 && data[8..].StartsWith("WEBP"u8)) return "WebP";
        if (data.StartsWith("II*\0"u8) || data.StartsWith("MM\0*"u8)) return "TIFF";
        if (data.Length >= 12 && data[4..].StartsWith("ftyp"u8))
            return data[8..].StartsWith("avi"u8) ? "AVIF" : "HEIC";
        if (data.StartsWith("\0\0\0\x0CJXL "u8) || data.StartsWith((ReadOnlySpan<byte>)[0xFF, 0x0A])) return "JPEG XL";
        return null;
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

    /// <summary>Writes under a temporary name in the same folder, then renames: nobody ever sees half a file.</summary>
    public static void WritePng(string path, byte[] png)
    {
        string full = Path.GetFullPath(path);
        if (!full.EndsWith(".png", StringComparison.OrdinalIgnoreCase))
            throw new ArgumentException($"Pictures are saved as PNG; the path must end in .png, got '{path}'.");

        string temporary = Path.Combine(Path.GetDirectoryName(full)!, $".{Guid.NewGuid():N}.tmp");
        try
        {
            File.WriteAllBytes(temporary, png);
            File.Move(temporary, full, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);     // does nothing once the file has moved
        }
    }
}
