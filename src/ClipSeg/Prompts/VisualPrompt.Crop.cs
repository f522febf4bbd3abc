using ClipSeg.Numerics;

namespace ClipSeg.Prompts;

public sealed partial record VisualPrompt
{
    // The columns and rows that hold a part of the object, and the context around them, within the picture; all of the
    // picture if there is no object (§3.2.1). Unlike the authors' code it is right for pictures that are not square.
    private static Box ObjectBox(Tensor mask, double context)
    {
        (int height, int width) = (mask[0], mask[1]);
        (int left, int top, int right, int bottom) = (width, height, 0, 0);
        for (int y = 0; y < height; y++)
        {
            ReadOnlySpan<float> row = mask.Data.Slice(y * width, width);
            int first = row.IndexOfAnyExcept(0f);
            if (first < 0) continue;
            left = Math.Min(left, first);
            right = Math.Max(right, row.LastIndexOfAnyExcept(0f) + 1);
            top = Math.Min(top, y);
            bottom = y + 1;
        }
        if (bottom == 0) return new(0, 0, width, height);

        // In double precision and truncated: the borders fall on the pixels that the authors' do.
        double dx = context * (right - left);
        double dy = context * (bottom - top);
        return new(
            (int)Math.Max(0, left - dx), (int)Math.Max(0, top - dy),
            (int)Math.Min(width, right + dx), (int)Math.Min(height, bottom + dy));
    }

    // The box, in the middle of a square of zeros, at ImageSize x ImageSize by nearest neighbour.
    private Tensor Crop(Tensor y, Box box)
    {
        (int width, int height) = (box.Right - box.Left, box.Bottom - box.Top);
        int side = Math.Max(width, height);
        int padLeft = (side - width) / 2;
        int padTop = (side - height) / 2;

        // PyTorch's nearest neighbour: the scale in float32, rounded down.
        float scale = (float)side / ImageSize;
        int[] source = new int[ImageSize];
        for (int i = 0; i < ImageSize; i++) source[i] = Math.Min((int)(i * scale), side - 1);

        Tensor result = Tensor.Zeros(3, ImageSize, ImageSize);
        for (int channel = 0; channel < 3; channel++)
        {
            for (int i = 0; i < ImageSize; i++)
            {
                int row = source[i] - padTop;
                if (row < 0 || row >= height) continue;
                ReadOnlySpan<float> from = y.Data.Slice((channel * y[1] + box.Top + row) * y[2] + box.Left, width);
                Span<float> to = result.Data.Slice((channel * ImageSize + i) * ImageSize, ImageSize);
                for (int j = 0; j < to.Length; j++)
                {
                    int column = source[j] - padLeft;
                    if ((uint)column < (uint)from.Length) to[j] = from[column];
                }
            }
        }
        return result;
    }

    private readonly record struct Box(int Left, int Top, int Right, int Bottom);
}
