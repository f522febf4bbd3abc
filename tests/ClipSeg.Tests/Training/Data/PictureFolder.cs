using ClipSeg.Imaging;

namespace ClipSeg.Tests.Training.Data;

/// <summary>Pictures as somebody has them: red and blue squares on noise, a mask and a phrase for each.</summary>
internal static class PictureFolder
{
    public const int Size = 48;

    /// <summary>Writes pictures, masks and phrases.csv, in which picture0.png is on line 2.</summary>
    public static void Write(string folder, int count)
    {
        List<string> lines = ["image,mask,phrase"];
        for (int i = 0; i < count; i++)
        {
            Random random = new(i);
            Image picture = new(Size, Size);
            random.NextBytes(picture.Pixels);
            Mask mask = new(Size, Size);
            int x = random.Next(Size / 2), y = random.Next(Size / 2), side = Size / 3;
            for (int row = y; row < y + side; row++)
            {
                for (int column = x; column < x + side; column++)
                {
                    int pixel = row * Size + column;
                    mask.Values[pixel] = 1;
                    for (int c = 0; c < 3; c++) picture.Pixels[3 * pixel + c] = (byte)(c == i % 2 * 2 ? 255 : 0);
                }
            }
            picture.Save(Path.Combine(folder, $"picture{i}.png"));
            mask.Save(Path.Combine(folder, $"mask{i}.png"));
            lines.Add($"picture{i}.png,mask{i}.png,a {(i % 2 == 0 ? "red" : "blue")} square");
        }
        File.WriteAllLines(Path.Combine(folder, "phrases.csv"), lines);
    }
}
