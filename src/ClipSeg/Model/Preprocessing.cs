using System.Text.Json;
using ClipSeg.Formats;
using ClipSeg.Imaging;
using ClipSeg.Numerics;

namespace ClipSeg.Model;

/// <summary>
/// How a picture becomes the numbers that CLIP reads: resized to one size, scaled, normalised per channel.
/// </summary>
/// <remarks>
/// What a checkpoint's <c>preprocessor_config.json</c> says (formats.md §3); what it leaves out is what CLIPSeg was
/// trained with: 352 x 352, ImageNet's mean and deviation, bilinear. The picture is squashed to the size; nothing is
/// cut off.
/// </remarks>
internal sealed record Preprocessing
{
    /// <summary>The longest side. A longer one only costs: attention is quadratic in the pixels.</summary>
    public const int MaxSize = 2048;

    private const int Channels = 3;

    private static readonly float[] _imageNetMean = [0.485f, 0.456f, 0.406f];
    private static readonly float[] _imageNetStd = [0.229f, 0.224f, 0.225f];

    /// <summary>In pixels.</summary>
    public int Width { get; init; } = 352;

    /// <summary>In pixels.</summary>
    public int Height { get; init; } = 352;

    public Resample Filter { get; init; } = Resample.Bilinear;

    /// <summary>What an 8-bit value is multiplied with before the mean is subtracted.</summary>
    public float Rescale { get; init; } = 1 / 255f;

    /// <summary>Red, green, blue; of rescaled values.</summary>
    public IReadOnlyList<float> Mean { get; init; } = _imageNetMean;

    /// <summary>Red, green, blue; of rescaled values.</summary>
    public IReadOnlyList<float> Std { get; init; } = _imageNetStd;

    /// <summary>Reads the root of a <c>preprocessor_config.json</c>, or what is in another file in its place.</summary>
    /// <param name="file">What error messages call it.</param>
    /// <exception cref="CheckpointException">A value has the wrong kind or cannot be.</exception>
    public static Preprocessing Parse(JsonElement root, string file = "preprocessor_config.json")
    {
        try
        {
            return Parse(root);
        }
        catch (CheckpointException e)
        {
            throw new CheckpointException($"{file}: {e.Message}", e);
        }
    }

    private static Preprocessing Parse(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object) throw Bad("root", root, "an object");
        if (IsOff(root, "do_resize"))
            throw Bad("do_resize", root.GetProperty("do_resize"), "true: pictures have any size");
        (int width, int height) = Size(root);
        return new()
        {
            Width = width,
            Height = height,
            Filter = root.TryGetProperty("resample", out JsonElement id) ? FilterOf(id) : Resample.Bilinear,
            Rescale = IsOff(root, "do_rescale") ? 1
                : root.TryGetProperty("rescale_factor", out JsonElement factor) ? Positive("rescale_factor", factor)
                : 1 / 255f,
            Mean = IsOff(root, "do_normalize") ? [0, 0, 0] : Triple(root, "image_mean", _imageNetMean, Number),
            Std = IsOff(root, "do_normalize") ? [1, 1, 1] : Triple(root, "image_std", _imageNetStd, Positive),
        };
    }

    /// <summary>What is written as a <c>preprocessor_config.json</c>.</summary>
    public PreprocessorFile ToFile() => new("ViTImageProcessor", "CLIPSegProcessor", DoResize: true, new(Height, Width),
        IdOf(Filter), DoRescale: true, Rescale, DoNormalize: true, Mean, Std);

    /// <summary>What keeps a network with this patch size from reading this size; null if nothing does.</summary>
    public string? Misfit(int patchSize)
    {
        int side = Width < 1 || Width > MaxSize || Width % patchSize != 0 ? Width : Height;
        if (side is < 1 or > MaxSize) return $"Size {side} is not in 1..{MaxSize}.";
        if (side % patchSize == 0) return null;
        int below = side / patchSize * patchSize, above = below + patchSize;
        return $"Size {side} is not a multiple of the model's patch size {patchSize}; "
            + (below == 0 ? $"{above} is." : $"{below} and {above} are.");
    }

    /// <summary>The picture, normalised: [1, 3, Height, Width]. Alpha is ignored.</summary>
    public Tensor Apply(Image image)
    {
        Image opaque = image.Alpha is null ? image : new(image.Width, image.Height, image.Pixels);
        Tensor pixels = Tensor.Empty(1, Channels, Height, Width);
        Normalize(opaque.Resize(Width, Height, Filter), pixels.Data);
        return pixels;
    }

    /// <summary>The picture at the size it has, normalised: fills [3, height, width].</summary>
    public void Normalize(Image image, Span<float> planes)
    {
        int count = image.Width * image.Height;
        if (planes.Length != Channels * count) Throw.LengthMismatch(nameof(Normalize), planes.Length, Channels * count);
        Span<float> valueOf = stackalloc float[256];
        for (int channel = 0; channel < Channels; channel++)
        {
            for (int level = 0; level < valueOf.Length; level++)
                valueOf[level] = (level * Rescale - Mean[channel]) / Std[channel];
            Span<float> plane = planes.Slice(channel * count, count);
            for (int i = 0; i < count; i++) plane[i] = valueOf[image.Pixels[i * Channels + channel]];
        }
    }

    /// <summary>The picture that normalised pixels are of: [3, height, width], rounded to 8 bits.</summary>
    public Image Denormalize(Tensor planes)
    {
        (int height, int width) = (planes[1], planes[2]);
        Image image = new(width, height);
        for (int i = 0; i < image.Pixels.Length; i++)
        {
            (int pixel, int channel) = Math.DivRem(i, Channels);
            float level = (planes.Data[channel * height * width + pixel] * Std[channel] + Mean[channel]) / Rescale;
            image.Pixels[i] = (byte)Math.Clamp(level + 0.5f, 0, 255);
        }
        return image;
    }

    /// <summary>A mask at the size of the pictures, by nearest neighbour: [Height, Width].</summary>
    public Tensor Apply(Mask mask)
    {
        Tensor values = Tensor.Empty(Height, Width);
        Interpolation.Nearest(mask.Values, 1, mask.Height, mask.Width, values.Data, Height, Width);
        return values;
    }

    private static (int Width, int Height) Size(JsonElement root)
    {
        Preprocessing defaults = new();
        if (!root.TryGetProperty("size", out JsonElement size)) return (defaults.Width, defaults.Height);
        if (size.ValueKind == JsonValueKind.Object
            && size.TryGetProperty("height", out JsonElement height)
            && size.TryGetProperty("width", out JsonElement width))
            return (Side(width), Side(height));
        return (Side(size), Side(size));
    }

    private static int Side(JsonElement side)
        => side.ValueKind == JsonValueKind.Number && side.TryGetInt32(out int n) && n is >= 1 and <= MaxSize
            ? n
            : throw Bad("size", side, $"a number of pixels in 1..{MaxSize}, or one as height and one as width");

    // The numbers are Pillow's.
    private static Resample FilterOf(JsonElement id)
        => (id.ValueKind == JsonValueKind.Number ? id.GetRawText() : "") switch
        {
            "0" => Resample.Nearest,
            "1" => Resample.Lanczos,
            "2" => Resample.Bilinear,
            "3" => Resample.Bicubic,
            "4" => Resample.Box,
            _ => throw Bad("resample", id, "0 nearest, 1 lanczos, 2 bilinear, 3 bicubic or 4 box"),
        };

    private static int IdOf(Resample filter) => filter switch
    {
        Resample.Nearest => 0,
        Resample.Lanczos => 1,
        Resample.Bilinear => 2,
        Resample.Bicubic => 3,
        _ => 4,
    };

    private static bool IsOff(JsonElement root, string name)
        => root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.False;

    private static float[] Triple(
        JsonElement root, string name, float[] otherwise, Func<string, JsonElement, float> number)
    {
        if (!root.TryGetProperty(name, out JsonElement list)) return otherwise;
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() != Channels)
            throw Bad(name, list, "three numbers");
        return [.. list.EnumerateArray().Select(value => number(name, value))];
    }

    private static float Number(string name, JsonElement value)
        => value.ValueKind == JsonValueKind.Number && value.TryGetSingle(out float x) && float.IsFinite(x)
            ? x
            : throw Bad(name, value, "numbers");

    private static float Positive(string name, JsonElement value)
        => Number(name, value) is > 0 and float x ? x : throw Bad(name, value, "more than 0");

    private static CheckpointException Bad(string name, JsonElement found, string expected)
        => new($"'{name}' is {JsonText.Shown(found)}, expected {expected}.");
}
