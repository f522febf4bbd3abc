using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using SkiaSharp;

namespace ClipSeg.Imaging;

/// <summary>Decodes and encodes with SkiaSharp: no colour management, colour not multiplied by alpha.</summary>
internal static unsafe class SkiaCodec
{
    private const int BandRows = 64;        // of a JPEG at a time, so that they stay in the cache

    /// <summary>The size that a picture's header says, within the limits.</summary>
    public static (int Width, int Height) SizeOf(PictureKind kind, ReadOnlySpan<byte> file, string name)
    {
        fixed (byte* bytes = file)
        {
            using SKData data = SKData.Create((nint)bytes, file.Length);
            using SKCodec codec = Open(data, kind, name);
            return (codec.Info.Width, codec.Info.Height);
        }
    }

    public static Image Decode(PictureKind kind, ReadOnlySpan<byte> file, string name, out int orientation)
    {
        fixed (byte* bytes = file)
        {
            using SKData data = SKData.Create((nint)bytes, file.Length);
            using SKCodec codec = Open(data, kind, name);
            orientation = (int)codec.EncodedOrigin;
            bool opaque = codec.Info.AlphaType == SKAlphaType.Opaque;
            SKImageInfo info = Info(codec.Info.Width, codec.Info.Height, opaque);

            // Skia shows what there is of a JPEG that is cut off; its scan lines tell that it is.
            bool inBands = kind == PictureKind.Jpeg;
            int rows = inBands ? Math.Min(BandRows, info.Height) : info.Height;
            byte* buffer = (byte*)NativeMemory.Alloc((nuint)rows * (nuint)info.RowBytes);
            try
            {
                byte[] pixels = new byte[3 * info.Width * info.Height];
                byte[]? alpha = opaque ? null : new byte[info.Width * info.Height];
                SKCodecResult result = inBands ? codec.StartScanlineDecode(info) : codec.GetPixels(info, (nint)buffer);
                if (result != SKCodecResult.Success) throw Damaged(kind, name, result);
                for (int y = 0; y < info.Height; y += rows)
                {
                    int count = Math.Min(rows, info.Height - y), at = y * info.Width;
                    if (inBands && codec.GetScanlines((nint)buffer, count, info.RowBytes) != count)
                        throw Damaged(kind, name, SKCodecResult.IncompleteInput);
                    ReadOnlySpan<byte> band = new(buffer, count * info.RowBytes);
                    RgbaPixels.Split(band, pixels.AsSpan(3 * at), alpha.AsSpan(opaque ? 0 : at));
                }
                bool hasAlpha = alpha.AsSpan().ContainsAnyExcept((byte)255);
                return new(info.Width, info.Height, pixels, hasAlpha ? alpha : null);
            }
            finally
            {
                NativeMemory.Free(buffer);
            }
        }
    }

    /// <param name="quality">0 to 100, of JPEG and WebP.</param>
    public static byte[] Encode(Image image, SKEncodedImageFormat format, int quality)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(quality);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(quality, PictureFile.BestQuality);
        if (format == SKEncodedImageFormat.Jpeg && image.Alpha is not null)
            throw new ArgumentException("JPEG has no transparency; lay the picture on a colour first, or save a PNG.");

        SKImageInfo info = Info(image.Width, image.Height, image.Alpha is null);
        byte* buffer = (byte*)NativeMemory.Alloc((nuint)info.BytesSize64);
        try
        {
            RgbaPixels.Join(image.Pixels, image.Alpha, new(buffer, info.BytesSize));
            return Encode(info, buffer, format, quality);
        }
        finally
        {
            NativeMemory.Free(buffer);
        }
    }

    /// <summary>Grey of 8 bits: 0 black, 1 white.</summary>
    public static byte[] Encode(Mask mask, SKEncodedImageFormat format, int quality)
    {
        fixed (byte* pixels = GreyLevels.Of(mask))
        {
            SKImageInfo info = new(mask.Width, mask.Height, SKColorType.Gray8, SKAlphaType.Opaque, null);
            return Encode(info, pixels, format, quality);
        }
    }

    private static SKCodec Open(SKData data, PictureKind kind, string name)
    {
        SKCodec codec = SKCodec.Create(data)
            ?? throw new ImageFormatException($"{name}: damaged {kind.Name}: its header cannot be read.");
        try
        {
            PictureFile.CheckSize(codec.Info.Width, codec.Info.Height, name);
            return codec;
        }
        catch
        {
            codec.Dispose();
            throw;
        }
    }

    /// <summary>Pixels in memory of the caller's.</summary>
    public static byte[] Encode(SKImageInfo info, byte* pixels, SKEncodedImageFormat format, int quality)
    {
        using SKPixmap pixmap = new(info, (nint)pixels, info.RowBytes);
        using SKData? data = format switch
        {
            SKEncodedImageFormat.Png => pixmap.Encode(new SKPngEncoderOptions(SKPngEncoderFilterFlags.Sub, 1)),
            SKEncodedImageFormat.Jpeg => pixmap.Encode(new SKJpegEncoderOptions(quality)),
            _ when quality == PictureFile.BestQuality
                => pixmap.Encode(new SKWebpEncoderOptions(SKWebpEncoderCompression.Lossless, 0)),
            _ => pixmap.Encode(new SKWebpEncoderOptions(SKWebpEncoderCompression.Lossy, quality)),
        };
        return data?.ToArray()
            ?? throw new ArgumentException($"A picture of {info.Width}x{info.Height} cannot be written as {format}.");
    }

    private static SKImageInfo Info(int width, int height, bool opaque)
        => new(width, height, SKColorType.Rgba8888, opaque ? SKAlphaType.Opaque : SKAlphaType.Unpremul, null);

    private static ImageFormatException Damaged(PictureKind kind, string name, SKCodecResult result)
    {
        string what = result == SKCodecResult.IncompleteInput ? "it ends too early" : "its pixels make no sense";
        return new($"{name}: damaged {kind.Name}: {what}.");
    }
}
