using ClipSeg.Numerics;

namespace ClipSeg.Prompts;

public sealed partial record VisualPrompt
{
    private const int OutlineReach = 3;     // what OpenCV's line of thickness 5 covers beside its middle

    // A red object on grey, in colours and then normalised again (§3.2, step 7).
    private Tensor Dye(Tensor image, Tensor mask)
    {
        int size = mask.Length;
        Tensor y = Tensor.Empty(image.Shape);
        ReadOnlySpan<float> tint = [1, 0.2f, 0.2f];
        for (int i = 0; i < size; i++)
        {
            float luma = 0.299f * Colour(0) + 0.587f * Colour(1) + 0.114f * Colour(2);
            float m = mask.Data[i];
            for (int channel = 0; channel < 3; channel++)
            {
                float dyed = tint[channel] * luma * m + BackgroundFactor * luma * (1 - m);
                y.Data[channel * size + i] = Normalised(dyed, channel);
            }

            float Colour(int channel)
            {
                float x = Brightness * image.Data[channel * size + i];
                return Math.Clamp(x * _std[channel] + _mean[channel], 0, 1);
            }
        }
        return y;
    }

    // Red on every pixel near the border of an object; borders of holes are not drawn (§3.2, step 8).
    private static void DrawOutline(Tensor y, Tensor mask)
    {
        (int height, int width) = (mask[0], mask[1]);
        bool[] outside = Outside(mask);
        for (int row = 0; row < height; row++)
        {
            for (int column = 0; column < width; column++)
            {
                if (IsOutside(column, row)) continue;
                if (IsOutside(column - 1, row) || IsOutside(column + 1, row)
                    || IsOutside(column, row - 1) || IsOutside(column, row + 1))
                    DrawDisc(y, column, row);
            }
        }

        bool IsOutside(int column, int row)
            => column < 0 || column >= width || row < 0 || row >= height || outside[row * width + column];
    }

    private static void DrawDisc(Tensor y, int centreX, int centreY)
    {
        (int height, int width) = (y[1], y[2]);
        for (int row = Math.Max(0, centreY - OutlineReach); row <= Math.Min(height - 1, centreY + OutlineReach); row++)
        {
            int dy = row - centreY;
            int reach = (int)Math.Sqrt(OutlineReach * OutlineReach - dy * dy);
            int left = Math.Max(0, centreX - reach);
            int right = Math.Min(width - 1, centreX + reach);
            for (int channel = 0; channel < 3; channel++)
            {
                float red = Normalised(channel == 0 ? 1 : 0, channel);
                y.Data.Slice((channel * height + row) * width + left, right - left + 1).Fill(red);
            }
        }
    }

    // What can be reached from beyond the picture's edge without crossing an object.
    private static bool[] Outside(Tensor mask)
    {
        (int height, int width) = (mask[0], mask[1]);
        bool[] outside = new bool[mask.Length];
        Stack<int> open = [];
        for (int x = 0; x < width; x++)
        {
            Visit(x, 0);
            Visit(x, height - 1);
        }
        for (int y = 0; y < height; y++)
        {
            Visit(0, y);
            Visit(width - 1, y);
        }
        while (open.TryPop(out int at))
        {
            (int y, int x) = Math.DivRem(at, width);
            Visit(x - 1, y);
            Visit(x + 1, y);
            Visit(x, y - 1);
            Visit(x, y + 1);
        }
        return outside;

        void Visit(int x, int y)
        {
            if (x < 0 || x >= width || y < 0 || y >= height) return;
            int at = y * width + x;
            if (outside[at] || mask.Data[at] != 0) return;
            outside[at] = true;
            open.Push(at);
        }
    }

    private static float Normalised(float colour, int channel) => (colour - _mean[channel]) / _std[channel];
}
