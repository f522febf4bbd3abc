using System.Buffers.Binary;
using System.Text;

namespace ClipSeg.Imaging;

/// <summary>What kind of picture a file is, told from its contents.</summary>
/// <param name="Name">As people call it.</param>
/// <param name="IsRead">Whether this library reads it.</param>
internal sealed record PictureKind(string Name, bool IsRead = false)
{
    private const int SvgProbe = 1024;

    /// <summary>What a message recommends where a picture cannot be read.</summary>
    public const string Remedy = "convert the picture to PNG or JPEG";

    public static PictureKind Png { get; } = new("PNG", IsRead: true);

    public static PictureKind Jpeg { get; } = new("JPEG", IsRead: true);

    public static PictureKind WebP { get; } = new("WebP", IsRead: true);

    public static PictureKind Gif { get; } = new("GIF", IsRead: true);

    private static readonly PictureKind _bmp = new("BMP", IsRead: true), _ico = new("ICO", IsRead: true);

    /// <summary>The kind of a file that begins so; null if it is none that is known.</summary>
    public static PictureKind? Of(ReadOnlySpan<byte> data)
    {
        if (data.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10])) return Png;
        if (data.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF])) return Jpeg;
        if (data.StartsWith("GIF87a"u8) || data.StartsWith("GIF89a"u8)) return Gif;
        if (data.StartsWith("RIFF"u8) && At(data, 8, "WEBP"u8)) return WebP;
        if (data.StartsWith("BM"u8)) return _bmp;
        if (data.StartsWith("\0\0\x01\0"u8)) return _ico;
        return Unread(data) is { } name ? new(name) : null;
    }

    private static string? Unread(ReadOnlySpan<byte> data)
    {
        if (At(data, 4, "ftyp"u8)) return IsoMedia(data);
        if (data.StartsWith("II*\0"u8) || data.StartsWith("MM\0*"u8)) return "TIFF";
        if (data.StartsWith("II+\0"u8) || data.StartsWith("MM\0+"u8)) return "BigTIFF";
        if (data.StartsWith("\0\0\0\x0CJXL "u8) || data.StartsWith((ReadOnlySpan<byte>)[0xFF, 0x0A])) return "JPEG XL";
        if (data.StartsWith("\0\0\0\x0CjP  "u8)) return "JPEG 2000";
        if (data.StartsWith((ReadOnlySpan<byte>)[0xFF, 0x4F, 0xFF, 0x51])) return "JPEG 2000";
        if (data.StartsWith("8BPS"u8)) return "PSD (Photoshop)";
        if (data.Length > 2 && data[0] == 'P' && data[1] is >= (byte)'1' and <= (byte)'7' && data[2] <= ' ')
            return "PPM (Netpbm)";
        if (data.StartsWith("%PDF"u8)) return "PDF";
        if (data.StartsWith("%!PS"u8)) return "PostScript";
        if (data.StartsWith("qoif"u8)) return "QOI";
        if (data.StartsWith("DDS "u8)) return "DDS";
        if (data.StartsWith("#?RADIANCE"u8)) return "Radiance HDR";
        if (data.StartsWith("\x76\x2F\x31\x01"u8)) return "OpenEXR";
        if (data.StartsWith("icns"u8)) return "ICNS";
        string start = Encoding.Latin1.GetString(data[..Math.Min(data.Length, SvgProbe)]);
        return start.Contains("<svg", StringComparison.OrdinalIgnoreCase) ? "SVG" : null;
    }

    /// <summary>
    /// HEIC and AVIF share a container, and a major brand, "mif1"; the compatible brands behind it tell them apart.
    /// </summary>
    private static string IsoMedia(ReadOnlySpan<byte> data)
    {
        int end = (int)Math.Clamp(BinaryPrimitives.ReadUInt32BigEndian(data), 8, (uint)Math.Min(data.Length, 256));
        string brands = Encoding.Latin1.GetString(data[8..end]);
        if (brands.Contains("avif") || brands.Contains("avis")) return "AVIF";
        return brands.Contains("hei") || brands.Contains("hev") || brands.Contains("mif1") ? "HEIC" : "MP4 (video)";
    }

    private static bool At(ReadOnlySpan<byte> data, int offset, ReadOnlySpan<byte> mark)
        => data.Length >= offset + mark.Length && data[offset..].StartsWith(mark);
}
