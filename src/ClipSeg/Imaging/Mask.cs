using ClipSeg.Files;
using SkiaSharp;

namespace ClipSeg.Imaging;

/// <summary>One value per pixel, in [0, 1]: a probability map, or a binary mask (0 and 1).</summary>
public sealed partial class Mask
{
    // Black in a JPEG is seldom 0; what is as dark as this is its noise.
    private const byte JpegBlack = 15;

    /// <param name="width">In pixels, at least 1.</param>
    /// <param name="height">In pixels, at least 1.</param>
    /// <param name="values">[height, width], owned by the mask from then on.</param>
    public Mask(int width, int height, float[] values)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (values.Length != (long)width * height)
            throw new ArgumentException($"{width}x{height} needs {(long)width * height} values, got {values.Length}.");
        (Width, Height, Values) = (width, height, values);
    }

    public Mask(int width, int height) : this(width, height, new float[checked(width * height)]) { }

    /// <summary>A mask whose values are still to be written.</summary>
    internal static Mask Uninitialized(int width, int height)
        => new(width, height, GC.AllocateUninitializedArray<float>(checked(width * height)));

    public int Width { get; }

    public int Height { get; }

    /// <summary>[height, width], in [0, 1].</summary>
    public float[] Values { get; }

    public float this[int x, int y]
    {
        get => Values[y * Width + x];
        set => Values[y * Width + x] = value;
    }

    /// <summary>
    /// Reads a mask from a picture: black is 0, white is 1; of a coloured pixel (RGB or palette) the largest channel
    /// counts, so that any colour but black is set. 16-bit grey PNGs keep their precision. Where some pixels are more
    /// transparent than others, as in a cut-out, alpha is the mask.
    /// </summary>
    /// <remarks>
    /// What a file means by white is for <see cref="Foreground"/> to say: many have 0 and 1, or a dark colour.
    /// </remarks>
    /// <exception cref="ImageFormatException">The file is damaged, too large, or not a supported picture.</exception>
    public static Mask Load(string path) => Decode(PictureFile.Read(path), path);

    /// <summary>As <see cref="Load"/>, of a file that is already in memory.</summary>
    /// <param name="data">The whole file.</param>
    /// <param name="name">What error messages call the picture.</param>
    /// <exception cref="ImageFormatException">The data is damaged, too large, or not a supported picture.</exception>
    public static Mask Decode(ReadOnlySpan<byte> data, string name = "mask")
    {
        if (PngChunks.IsGrey16(data)) return DecodeGrey16(data, name);

        Image image = Image.Decode(data, name);
        Mask mask = new(image.Width, image.Height);
        if (image.Alpha is { } alpha && alpha.AsSpan().ContainsAnyExcept(alpha[0]))
        {
            for (int i = 0; i < alpha.Length; i++) mask.Values[i] = alpha[i] / 255f;
            return mask;
        }
        ReadOnlySpan<byte> rgb = image.Pixels;
        byte black = PictureKind.Of(data) == PictureKind.Jpeg ? JpegBlack : (byte)0;
        for (int i = 0; i < mask.Values.Length; i++)
        {
            byte value = Math.Max(rgb[i * 3], Math.Max(rgb[i * 3 + 1], rgb[i * 3 + 2]));
            mask.Values[i] = value > black ? value / 255f : 0;
        }
        return mask;
    }

    private static Mask DecodeGrey16(ReadOnlySpan<byte> data, string name)
    {
        Image bytes = Image.Decode(PngChunks.Grey16AsGreyAlpha(data), name);
        Mask mask = new(bytes.Width, bytes.Height);
        for (int i = 0; i < mask.Values.Length; i++)
            mask.Values[i] = (bytes.Pixels[3 * i] << 8 | (bytes.Alpha?[i] ?? 255)) / 65535f;
        return mask;
    }

    /// <summary>Writes a grey picture, as the path ends: 0 black, 1 white, of 8 or, in a PNG, 16 bits.</summary>
    /// <param name="path">Ends in .png, .webp (lossless) or .jpg.</param>
    /// <param name="bits16">Of a PNG; other formats have 8 bits.</param>
    /// <exception cref="ArgumentException">The path ends otherwise, or its format has no 16 bits.</exception>
    public void Save(string path, bool bits16 = false)
    {
        SKEncodedImageFormat format = PictureFile.FormatOf(path);
        if (bits16 && format != SKEncodedImageFormat.Png)
            throw new ArgumentException($"Only a PNG has 16 bits; the path must end in .png, got '{path}'.");
        OutputFile.Write(path, bits16 ? EncodePng(bits16) : Encode(path));
    }

    /// <summary>This mask as a grey PNG file: 0 black, 1 white, rounded to 8 or 16 bits.</summary>
    public byte[] EncodePng(bool bits16 = false) => bits16 ? PngChunks.EncodeGrey16(this) : PngChunks.EncodeGrey(this);

    /// <summary>This mask as a grey file of 8 bits in one of the formats.</summary>
    /// <param name="ending">.png, .webp (lossless) or .jpg.</param>
    internal byte[] Encode(string ending)
    {
        SKEncodedImageFormat format = PictureFile.FormatOf(ending);
        return format == SKEncodedImageFormat.Png ? EncodePng()
            : SkiaCodec.Encode(this, format, PictureFile.BestQuality);
    }

    /// <summary>This mask at another size: bilinear, pixel areas aligned, not averaged when it shrinks.</summary>
    public Mask Resize(int width, int height)
    {
        Mask resized = new(width, height);
        Interpolation.Bilinear(Values, 1, Height, Width, resized.Values, height, width, alignCorners: false);
        return resized;
    }

    /// <summary>The picture with this mask on it: a tint by probability and an outline at 0.5.</summary>
    /// <param name="picture">Stays as it is; the mask is resized where it is not of the picture's size.</param>
    /// <param name="colour">The colour of both; by default the first of <see cref="Imaging.Overlay.Colour"/>.</param>
    public Image Overlay(Image picture, Rgb? colour = null)
        => Imaging.Overlay.Draw(picture, [this], [colour ?? Imaging.Overlay.Colour(0)], threshold: 0.5f);
}
