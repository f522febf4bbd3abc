using System.Numerics;
using System.Runtime.InteropServices;
using ClipSeg.Numerics;

namespace ClipSeg.Prompts;

/// <summary>
/// How a support picture and its mask become the picture that CLIP sees: background darkened, blurred and cropped away.
/// The paper calls it visual prompt engineering.
/// </summary>
/// <remarks>
/// training-and-evaluation.md §3.2. It works on normalised pictures, as the authors' code does: darkening fades towards
/// the mean colour, a grey, and so does the padding of a crop. Presets: <see cref="Named"/>.
/// </remarks>
public sealed partial record VisualPrompt
{
    private const int RectHalfWidth = 2;
    private const double RectContext = 0.1;

    // The colours of what CLIPSeg reads, RGB. Only what paints in colours needs them.
    private static readonly float[] _mean = [0.485f, 0.456f, 0.406f];
    private static readonly float[] _std = [0.229f, 0.224f, 0.225f];

    /// <summary>What training and the paper's results use: blur 3, background 0.1, 10 % context.</summary>
    public static VisualPrompt Default { get; } = Named("crop_blur_highlight352");

    /// <summary>Multiplies the picture before anything else.</summary>
    public float Brightness { get; init; } = 1;

    /// <summary>The background's blur: sigma in pixels, over 15 of them; 0 for none.</summary>
    public float Blur { get; init; }

    /// <summary>Whether the background shows the green channel only.</summary>
    public bool Grayscale { get; init; }

    /// <summary>Multiplies the background; 1 leaves it, 0 makes it the mean colour.</summary>
    public float BackgroundFactor { get; init; } = 1;

    /// <summary>Added where the mask is.</summary>
    public float ForegroundOffset { get; init; }

    /// <summary>Added everywhere.</summary>
    public float Offset { get; init; }

    /// <summary>Paints a box around the object.</summary>
    public bool Rect { get; init; }

    /// <summary>
    /// Crops to the object and this much around it, as a part of the object's width and height; null for no crop.
    /// The result is <see cref="ImageSize"/> x <see cref="ImageSize"/>.
    /// </summary>
    public double? CenterContext { get; init; }

    /// <summary>The side of a cropped picture, in pixels.</summary>
    public int ImageSize { get; init; } = 224;

    /// <summary>A red object in a grey picture, instead of everything but <see cref="BackgroundFactor"/>.</summary>
    public bool Colorize { get; init; }

    /// <summary>Draws the object's outline in red.</summary>
    public bool Outline { get; init; }

    /// <summary>
    /// The picture to show CLIP. [3, H, W] and [H, W] → [3, H, W], or if it crops → [3, S, S] with S the image size.
    /// </summary>
    /// <param name="image">Normalised.</param>
    /// <param name="mask">1 on the object, 0 elsewhere.</param>
    /// <exception cref="ArgumentException">The shapes do not fit, or an option does not fit the others.</exception>
    internal Tensor Apply(Tensor image, Tensor mask)
    {
        if (image.Rank != 3 || image[0] != 3 || image[1] < 1 || image[2] < 1)
            Throw.Shape(nameof(VisualPrompt), image.Shape, "[3, height, width]");
        if (!mask.Shape.SequenceEqual(image.Shape[1..]))
            Throw.ShapeMismatch(nameof(VisualPrompt), mask.Shape, image.Shape[1..]);
        if (CenterContext is not null && (Colorize || Outline))
            throw new ArgumentException("A visual prompt that crops can neither colorize nor outline.");
        if (CenterContext is not null and not >= 0)
            throw new ArgumentException($"{nameof(CenterContext)} is {CenterContext}, expected 0 or more.");
        if (ImageSize < 1) throw new ArgumentException($"{nameof(ImageSize)} is {ImageSize}, expected 1 or more.");

        using TensorScope scope = new();
        Tensor y = Colorize ? Dye(image, mask) : Blend(image, mask);
        if (Rect && !Colorize) DrawRect(y, mask);
        if (CenterContext is { } context) y = Crop(y, ObjectBox(mask, context));
        if (Outline) DrawOutline(y, mask);
        return scope.Keep(y);
    }

    // [3, H, W] → [3, H, W]. The blur and the brightness commute, so the brightness is part of the factors.
    private Tensor Blend(Tensor image, Tensor mask)
    {
        int size = mask.Length;
        Tensor background = Blur > 0 && BackgroundFactor != 0 ? GaussianBlur(image, Blur) : image;
        Tensor y = Tensor.Empty(image.Shape);
        for (int channel = 0; channel < 3; channel++)
        {
            ReadOnlySpan<float> b = background.Data.Slice((Grayscale ? 1 : channel) * size, size);
            BlendPlane(image.Data.Slice(channel * size, size), b, mask.Data, y.Data.Slice(channel * size, size));
        }
        return y;
    }

    // y = (brightness x + foreground offset) m + factor brightness b (1 - m) + offset
    private void BlendPlane(ReadOnlySpan<float> x, ReadOnlySpan<float> b, ReadOnlySpan<float> m, Span<float> y)
    {
        float factor = BackgroundFactor * Brightness;
        Vector<float> shift = new(ForegroundOffset);
        Vector<float> offset = new(Offset);
        ReadOnlySpan<Vector<float>> xv = MemoryMarshal.Cast<float, Vector<float>>(x);
        ReadOnlySpan<Vector<float>> bv = MemoryMarshal.Cast<float, Vector<float>>(b);
        ReadOnlySpan<Vector<float>> mv = MemoryMarshal.Cast<float, Vector<float>>(m);
        Span<Vector<float>> yv = MemoryMarshal.Cast<float, Vector<float>>(y);
        for (int i = 0; i < yv.Length; i++)
            yv[i] = (Brightness * xv[i] + shift) * mv[i] + factor * bv[i] * (Vector<float>.One - mv[i]) + offset;
        for (int i = yv.Length * Vector<float>.Count; i < y.Length; i++)
            y[i] = (Brightness * x[i] + ForegroundOffset) * m[i] + factor * b[i] * (1 - m[i]) + Offset;
    }

    // The red of a picture with values in [0, 255], far out of range in a normalised one: as the authors have it.
    private static void DrawRect(Tensor y, Tensor mask)
    {
        Box box = ObjectBox(mask, RectContext);
        int width = mask[1];
        for (int row = Math.Max(0, box.Top - RectHalfWidth); row < Math.Min(mask[0], box.Bottom + RectHalfWidth); row++)
        {
            bool edgeRow = row < box.Top + RectHalfWidth || row >= box.Bottom - RectHalfWidth;
            for (int x = Math.Max(0, box.Left - RectHalfWidth); x < Math.Min(width, box.Right + RectHalfWidth); x++)
            {
                if (!edgeRow && x >= box.Left + RectHalfWidth && x < box.Right - RectHalfWidth) continue;
                int at = row * width + x;
                (y.Data[at], y.Data[at + mask.Length], y.Data[at + 2 * mask.Length]) = (255, 0, 0);
            }
        }
    }
}
