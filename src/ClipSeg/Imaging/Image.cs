using ClipSeg.Files;
using SkiaSharp;

namespace ClipSeg.Imaging;

/// <summary>A picture in memory: 8-bit RGB, and alpha where the file has it.</summary>
/// <remarks>
/// The network sees the colours as they are stored, whatever alpha says, as the published code does (Pillow's
/// <c>convert("RGB")</c>). Where what lies under transparency should not count, lay the picture on a colour first:
/// <see cref="On"/>.
/// </remarks>
public sealed class Image
{
    /// <summary>Of a JPEG or WebP, where the caller does not say.</summary>
    internal const int DefaultQuality = 90;

    /// <param name="width">In pixels, at least 1.</param>
    /// <param name="height">In pixels, at least 1.</param>
    /// <param name="pixels">[height, width, 3], owned by the image from then on.</param>
    /// <param name="alpha">[height, width], 255 opaque; or null.</param>
    public Image(int width, int height, byte[] pixels, byte[]? alpha = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (pixels.Length != (long)width * height * 3)
        {
            throw new ArgumentException(
                $"{width}x{height} RGB needs {(long)width * height * 3} bytes, got {pixels.Length}.");
        }
        if (alpha is not null && alpha.Length != (long)width * height)
        {
            throw new ArgumentException(
                $"{width}x{height} alpha needs {(long)width * height} bytes, got {alpha.Length}.");
        }
        (Width, Height, Pixels, Alpha) = (width, height, pixels, alpha);
    }

    public Image(int width, int height) : this(width, height, new byte[checked(width * height * 3)]) { }

    public int Width { get; }

    public int Height { get; }

    /// <summary>[height, width, 3], red first. As stored: not multiplied by alpha.</summary>
    public byte[] Pixels { get; }

    /// <summary>[height, width], or null for an opaque picture.</summary>
    public byte[]? Alpha { get; }

    /// <summary>
    /// Reads a PNG, JPEG, WebP, GIF (first frame), BMP or ICO (largest picture) file; its contents decide which, not
    /// its name.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="applyOrientation">Turn the picture upright if its EXIF data says how the camera was held.</param>
    /// <exception cref="ImageFormatException">The file is damaged, too large, or not a supported picture.</exception>
    public static Image Load(string path, bool applyOrientation = true)
        => Decode(PictureFile.Read(path), path, applyOrientation);

    /// <summary>As <see cref="Load(string, bool)"/>, from where a stream stands to its end; it stays open.</summary>
    /// <param name="stream">Need not be able to seek.</param>
    /// <param name="name">What error messages call the picture.</param>
    /// <param name="applyOrientation">Turn the picture upright if its EXIF data says how the camera was held.</param>
    /// <exception cref="ImageFormatException">The data is damaged, too large, or not a supported picture.</exception>
    public static Image Load(Stream stream, string name = "picture", bool applyOrientation = true)
        => Decode(PictureFile.Read(stream, name), name, applyOrientation);

    /// <summary>As <see cref="Load(string, bool)"/>, of a file that is already in memory.</summary>
    /// <param name="data">The whole file.</param>
    /// <param name="name">What error messages call the picture.</param>
    /// <param name="applyOrientation">Turn the picture upright if its EXIF data says how the camera was held.</param>
    /// <exception cref="ImageFormatException">The data is damaged, too large, or not a supported picture.</exception>
    public static Image Decode(ReadOnlySpan<byte> data, string name = "picture", bool applyOrientation = true)
    {
        Image image = PictureFile.Decode(data, name, out int orientation);
        return applyOrientation ? Orientation.Apply(image, orientation) : image;
    }

    /// <summary>
    /// Writes a PNG, JPEG or WebP, as the path ends. The file appears under its name only once it is complete.
    /// </summary>
    /// <param name="path">Ends in .png, .jpg or .webp.</param>
    /// <param name="quality">0 to 100, of JPEG and WebP; a WebP of 100 loses nothing.</param>
    /// <exception cref="ArgumentException">The path ends otherwise, or a JPEG is to be transparent.</exception>
    public void Save(string path, int quality = DefaultQuality)
        => OutputFile.Write(path, SkiaCodec.Encode(this, PictureFile.FormatOf(path), quality));

    /// <summary>This picture as a PNG file: RGB, or RGBA where it has alpha.</summary>
    public byte[] EncodePng() => SkiaCodec.Encode(this, SKEncodedImageFormat.Png, DefaultQuality);

    /// <summary>This picture as a file of another format.</summary>
    /// <param name="ending">.png, .jpg or .webp.</param>
    /// <param name="quality">0 to 100, of JPEG and WebP.</param>
    internal byte[] Encode(string ending, int quality = DefaultQuality)
        => SkiaCodec.Encode(this, PictureFile.FormatOf(ending), quality);

    /// <summary>A copy of the rectangle, which must lie within the picture.</summary>
    public Image Crop(int x, int y, int width, int height)
    {
        if (width < 1 || height < 1 || x < 0 || y < 0 || x > Width - width || y > Height - height)
            throw new ArgumentException($"A {width}x{height} crop at ({x}, {y}) does not lie within {Width}x{Height}.");

        Image crop = new(width, height, new byte[width * height * 3], Alpha is null ? null : new byte[width * height]);
        for (int row = 0; row < height; row++)
        {
            int from = (y + row) * Width + x;
            Pixels.AsSpan(from * 3, width * 3).CopyTo(crop.Pixels.AsSpan(row * width * 3));
            Alpha?.AsSpan(from, width).CopyTo(crop.Alpha.AsSpan(row * width));
        }
        return crop;
    }

    /// <summary>This picture with a mask as its alpha, times the alpha that it has: what a cut-out is.</summary>
    /// <param name="mask">Resized where it is not of the picture's size.</param>
    public Image CutOut(Mask mask)
    {
        if ((mask.Width, mask.Height) != (Width, Height)) mask = mask.Resize(Width, Height);
        byte[] alpha = new byte[Width * Height];
        for (int i = 0; i < alpha.Length; i++)
            alpha[i] = (byte)(Math.Clamp(mask.Values[i], 0, 1) * (Alpha?[i] ?? 255) + 0.5f);
        return new(Width, Height, (byte[])Pixels.Clone(), alpha);
    }

    /// <summary>This picture laid on a colour, which shows through as alpha says; opaque.</summary>
    public Image On(Rgb background)
    {
        Image result = new(Width, Height, (byte[])Pixels.Clone());
        for (int i = 0; Alpha is not null && i < Alpha.Length; i++)
        {
            Span<byte> pixel = result.Pixels.AsSpan(3 * i, 3);
            Rgb mixed = background.Mix(new(pixel[0], pixel[1], pixel[2]), Alpha[i] / 255f);
            (pixel[0], pixel[1], pixel[2]) = (mixed.R, mixed.G, mixed.B);
        }
        return result;
    }

    /// <summary>This picture laid on another one, which shows through as alpha says; opaque.</summary>
    /// <param name="background">Where it has another size, it is made to cover all, and its middle is seen.</param>
    public Image Over(Image background)
    {
        if ((background.Width, background.Height) != (Width, Height)) background = background.Cover(Width, Height);
        Image result = new(Width, Height, (byte[])Pixels.Clone());
        for (int i = 0; Alpha is not null && i < Alpha.Length; i++)
        {
            int alpha = Alpha[i];
            if (alpha == 255) continue;
            for (int c = 3 * i; c < 3 * i + 3; c++)
                result.Pixels[c] = (byte)((Pixels[c] * alpha + background.Pixels[c] * (255 - alpha) + 127) / 255);
        }
        return result;
    }

    /// <summary>This picture out of focus: nearly a Gaussian blur; alpha stays as it is.</summary>
    /// <param name="sigma">In pixels, above 0.</param>
    public Image Blur(float sigma)
    {
        if (!(sigma > 0)) throw new ArgumentException($"A blur's sigma is above 0, got {sigma}.");
        using Drawing drawing = new(Width, Height, default);
        drawing.PasteBlurred(this, sigma);
        return new(Width, Height, drawing.ToImage().Pixels, (byte[]?)Alpha?.Clone());
    }

    /// <summary>The largest middle part of this proportion, at this size.</summary>
    private Image Cover(int width, int height)
    {
        int partWidth = Math.Clamp((int)Math.Round((double)Height * width / height), 1, Width);
        int partHeight = Math.Clamp((int)Math.Round((double)Width * height / width), 1, Height);
        return Crop((Width - partWidth) / 2, (Height - partHeight) / 2, partWidth, partHeight).Resize(width, height);
    }

    /// <summary>This picture at another size, to the exact pixels of Pillow's <c>resize</c>.</summary>
    /// <remarks>Colour and alpha are resized each on their own: colour is not weighted by alpha.</remarks>
    public Image Resize(int width, int height, Resample filter = Resample.Bilinear)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        byte[] pixels = PillowResize.Resize(Pixels, 3, Height, Width, height, width, filter);
        byte[]? alpha = Alpha is null ? null : PillowResize.Resize(Alpha, 1, Height, Width, height, width, filter);
        return new(width, height, pixels, alpha);
    }
}
