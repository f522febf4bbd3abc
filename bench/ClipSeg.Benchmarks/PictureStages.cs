using System.Globalization;
using System.Numerics.Tensors;
using ClipSeg.Imaging;
using ClipSeg.Numerics;
using ClipSeg.Prompts;
using Tensor = ClipSeg.Numerics.Tensor;

namespace ClipSeg.Benchmarks;

/// <summary>What <c>clipseg segment</c> does with a picture and two prompts besides the network, on one thread.
/// </summary>
internal static class PictureStages
{
    private const int Prompts = 2, Side = 352, Rounds = 12;

    private static readonly string[] _names = ["a cup", "the table"];

    /// <summary>Prints a table: milliseconds of a processor, the fewest of the rounds.</summary>
    /// <param name="path">A photograph.</param>
    /// <param name="width">Of the picture that is made of it; the height keeps its proportion.</param>
    public static void Run(string path, int width)
    {
        using Compute one = new(threads: 1);
        using Compute.Entry entry = one.Enter();
        Image photo = Image.Load(path);
        Image picture = photo.Resize(width, photo.Height * width / photo.Width, Resample.Bicubic);
        byte[] file = picture.Encode(".jpg");
        Tensor logits = Logits(picture);

        Dictionary<string, double> times = [];
        for (int round = 0; round < Rounds; round++)
        {
            Time("JPEG decoded", () => Image.Decode(file));
            Mask[] masks = Time("masks enlarged", () => Segmenter.Masks(logits, picture.Width, picture.Height));
            Time("scores and peaks", () => masks.Sum(m => Presence.Score(m) + TensorPrimitives.Max(m.Values)));
            MaskEdits edits = new();
            Rendering rendering = Time("edges moved", () => new Rendering(picture, masks, _names, edits));
            Time("areas, boxes and parts", () => rendering.Edited.Sum(edited => edited.Area() + edited.Parts().Count));
            Time("run lengths", () => rendering.Edited.Sum(edited => edited.Runs().Area));
            OverlayMask[] drawn = [.. rendering.Edited.Select((edited, i) =>
                new OverlayMask(edited.Soft, Overlay.Colour(i), edited.Level, _names[i]))];
            Image overlay = Time("overlay drawn", () => Overlay.Draw(picture, drawn));
            Time("overlay as JPEG", () => overlay.Encode(".jpg"));
            Time("masks as PNG", () => rendering.Edited.Sum(edited => edited.Soft.EncodePng().Length));
        }
        Console.WriteLine($"{picture.Width}x{picture.Height}, {Prompts} prompts, one thread");
        foreach ((string name, double milliseconds) in times)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {milliseconds:0.0} |"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| together | {times.Values.Sum():0.0} |"));

        T Time<T>(string name, Func<T> work)
        {
            TimeSpan start = Environment.CpuUsage.TotalTime;
            T result = work();
            double milliseconds = (Environment.CpuUsage.TotalTime - start).TotalMilliseconds;
            times[name] = Math.Min(milliseconds, times.GetValueOrDefault(name, double.PositiveInfinity));
            return result;
        }
    }

    /// <summary>As a network's: smooth, with edges near those of the picture, and several parts.</summary>
    private static Tensor Logits(Image picture)
    {
        Image small = picture.Resize(Side / 16, Side / 16, Resample.Box).Resize(Side, Side, Resample.Bicubic);
        Tensor logits = Tensor.Empty(Prompts, Side, Side);
        for (int i = 0; i < Side * Side; i++)
        {
            logits.Data[i] = (small.Pixels[3 * i] - 128) / 12f;
            logits.Data[Side * Side + i] = (96 - small.Pixels[3 * i + 2]) / 12f;
        }
        return logits;
    }
}
