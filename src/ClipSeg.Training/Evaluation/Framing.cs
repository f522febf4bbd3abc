using ClipSeg.Imaging;
using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Prompts;
using ClipSeg.Training.Data;

namespace ClipSeg.Training.Evaluation;

/// <summary>How a picture comes to the network, and where its answer is scored.</summary>
/// <remarks>
/// The first is how the model is used; the others are how the paper's code scores a benchmark each.
/// training-and-evaluation.md §6.2.
/// </remarks>
internal enum Framing
{
    /// <summary>As the model reads pictures; scored at the picture's own size.</summary>
    Whole,

    /// <summary>PhraseCut: bilinear with aligned corners, not averaged; scored at the network's size.</summary>
    AlignedCorners,

    /// <summary>COCO-20i: as the model reads pictures; scored at the network's size.</summary>
    Squashed,

    /// <summary>Pascal zero-shot: bilinear by pixels' centres, not averaged; scored at the network's size.</summary>
    NotAveraged,

    /// <summary>
    /// Pascal-5i, by PFENet's code: the longer side shrunk to the network's, both then cut to multiples of 8, placed
    /// in a black square's corner; the answer stretched over a square of the picture's longer side, as if there were no
    /// cuts, and scored there.
    /// </summary>
    Canvas,
}

/// <summary>Pictures, masks and answers in a <see cref="Framing"/>.</summary>
internal static class Framed
{
    private const int CanvasMultiple = 8;

    /// <summary>The answers to prompts, where they are scored.</summary>
    public static Mask[] Ask(this Framing framing, Segmenter segmenter, Image picture, IReadOnlyList<Prompt> prompts)
    {
        (int width, int height) = framing.SizeOf(segmenter, picture);
        Preprocessing input = segmenter.Preprocessing;
        if (framing == Framing.Whole) return segmenter.Segment(segmenter.Encode(picture), prompts);
        using TensorScope scope = new();
        Tensor pixels = framing.Pixels(input, picture);                             // [1, 3, H, W]
        Mask[] masks = segmenter.Segment(segmenter.EncodePixels(pixels, input.Width, input.Height), prompts);
        return framing == Framing.Canvas ? Array.ConvertAll(masks, mask => Stretch(mask, width, height)) : masks;
    }

    /// <summary>A sample with its mask where answers are scored.</summary>
    public static SegmentationSample Fit(this Framing framing, Segmenter segmenter, SegmentationSample sample)
    {
        if (framing == Framing.Whole) return sample;
        (int width, int height) = framing.SizeOf(segmenter, sample.Picture);
        if (framing != Framing.Canvas)
        {
            return sample with
            {
                Picture = sample.Picture.Resize(width, height),
                Mask = Nearest(sample.Mask, width, height),
                Valid = sample.Valid is { } valid ? Nearest(valid, width, height) : null,
            };
        }
        Mask all = sample.Valid ?? new(sample.Mask.Width, sample.Mask.Height,
            [.. Enumerable.Repeat(1f, sample.Mask.Values.Length)]);
        return sample with
        {
            Picture = Place(sample.Picture, width),
            Mask = Place(sample.Mask, width),
            Valid = Place(all, width),      // the padding does not count
        };
    }

    /// <summary>What a support picture is: on the canvas as well, its mask 0 in the padding.</summary>
    public static SegmentationSample Support(this Framing framing, Segmenter segmenter, SegmentationSample sample)
    {
        if (framing != Framing.Canvas) return sample;
        int side = segmenter.Preprocessing.Width;
        (int width, int height) = Shrunk(sample.Picture, side);
        Image small = sample.Picture.Width == width && sample.Picture.Height == height
            ? sample.Picture : Shrink(sample.Picture, width, height);
        return sample with
        {
            Picture = Place(small, side),
            Mask = Place(Nearest(sample.Mask, width, height), side),
            Valid = null,
        };
    }

    /// <summary>The size that answers are scored at.</summary>
    private static (int Width, int Height) SizeOf(this Framing framing, Segmenter segmenter, Image picture)
        => framing switch
        {
            Framing.Whole => (picture.Width, picture.Height),
            Framing.Canvas => (Math.Max(picture.Width, picture.Height), Math.Max(picture.Width, picture.Height)),
            _ => (segmenter.Preprocessing.Width, segmenter.Preprocessing.Height),
        };

    private static Tensor Pixels(this Framing framing, Preprocessing input, Image picture)
    {
        if (framing == Framing.Squashed) return input.Apply(picture);
        (int width, int height) = framing == Framing.Canvas
            ? Shrunk(picture, input.Width) : (input.Width, input.Height);
        float[] planes = new float[3 * picture.Width * picture.Height];
        input.Normalize(picture, planes);
        Tensor pixels = Tensor.Empty(1, 3, height, width);
        Interpolation.Bilinear(planes, 3, picture.Height, picture.Width, pixels.Data, height, width,
            alignCorners: framing == Framing.AlignedCorners);
        if (framing != Framing.Canvas) return pixels;

        Tensor canvas = Tensor.Empty(1, 3, input.Height, input.Width);
        float[] black = new float[3];
        input.Normalize(new Image(1, 1), black);
        for (int channel = 0; channel < 3; channel++)
        {
            canvas.Data.Slice(channel * input.Height * input.Width, input.Height * input.Width).Fill(black[channel]);
            for (int y = 0; y < height; y++)
            {
                pixels.Data.Slice((channel * height + y) * width, width)
                    .CopyTo(canvas.Data[((channel * input.Height + y) * input.Width)..]);
            }
        }
        return canvas;
    }

    /// <summary>PFENet's size of a picture: smaller ones stay, but for the cut.</summary>
    private static (int Width, int Height) Shrunk(Image picture, int side)
    {
        double scale = Math.Min(1, (double)side / Math.Max(picture.Width, picture.Height));
        return (Cut(picture.Width), Cut(picture.Height));

        int Cut(int length) => scale == 1 ? length
            : Math.Max(CanvasMultiple, (int)(length * scale) / CanvasMultiple * CanvasMultiple);
    }

    private static Image Shrink(Image picture, int width, int height)
    {
        float[] planes = new float[picture.Pixels.Length], small = new float[3 * width * height];
        int count = picture.Width * picture.Height;
        for (int i = 0; i < planes.Length; i++) planes[i % 3 * count + i / 3] = picture.Pixels[i];
        Interpolation.Bilinear(planes, 3, picture.Height, picture.Width, small, height, width, alignCorners: false);
        byte[] pixels = new byte[small.Length];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = (byte)MathF.Round(small[i % 3 * width * height + i / 3]);
        return new(width, height, pixels);
    }

    private static Mask Stretch(Mask mask, int width, int height)
    {
        Mask stretched = new(width, height);
        Interpolation.Bilinear(
            mask.Values, 1, mask.Height, mask.Width, stretched.Values, height, width, alignCorners: true);
        return stretched;
    }

    private static Mask Nearest(Mask mask, int width, int height)
    {
        Mask resized = new(width, height);
        Interpolation.Nearest(mask.Values, 1, mask.Height, mask.Width, resized.Values, height, width);
        return resized;
    }

    private static Mask Place(Mask mask, int side)
    {
        Mask placed = new(side, side);
        for (int y = 0; y < mask.Height; y++)
            mask.Values.AsSpan(y * mask.Width, mask.Width).CopyTo(placed.Values.AsSpan(y * side));
        return placed;
    }

    private static Image Place(Image picture, int side)
    {
        Image placed = new(side, side);
        for (int y = 0; y < picture.Height; y++)
        {
            picture.Pixels.AsSpan(3 * y * picture.Width, 3 * picture.Width)
                .CopyTo(placed.Pixels.AsSpan(3 * y * side));
        }
        return placed;
    }
}
