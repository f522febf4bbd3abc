using System.Diagnostics;
using System.Globalization;
using ClipSeg.Cli;
using ClipSeg.Imaging;
using ClipSeg.Numerics;
using ClipSeg.Prompts;

namespace ClipSeg.Benchmarks;

/// <summary>A folder of photographs through <c>clipseg segment</c>, beside what the network alone takes.</summary>
internal static class FolderBenchmark
{
    private const int Width = 1024, Height = 768, InMemory = 10, Rounds = 3;

    private static readonly string[] _texts = ["a cup", "the table"];

    /// <summary>Makes the pictures, measures both in turns, and prints a table.</summary>
    /// <param name="model">A folder or a name.</param>
    /// <param name="count">How many pictures.</param>
    /// <param name="precision">As segment's option has it.</param>
    /// <param name="sources">Photographs that the pictures are parts of.</param>
    public static void Run(string model, int count, string precision, string[] sources)
    {
        string folder = Directory.CreateTempSubdirectory("clipseg-bench-").FullName;
        try
        {
            string input = Directory.CreateDirectory(Path.Combine(folder, "in")).FullName;
            Image[] pictures = [.. sources.Select(path => Image.Load(path))];
            for (int i = 0; i < count; i++)
                Part(pictures[i % pictures.Length], i).Save(Path.Combine(input, $"{i:0000}.jpg"));

            Precision value = precision switch
            {
                "bf16" => Precision.BFloat16,
                "int8" => Precision.Int8,
                _ => Precision.Float32,
            };
            string[] args = ["segment", input, "-p", _texts[0], "-p", _texts[1], "-m", model, "--precision", precision,
                "-o", Path.Combine(folder, "out")];
            Console.WriteLine($"{count} pictures of {Width}x{Height}, {_texts.Length} prompts, {precision}, {model}");
            Console.WriteLine("| round | network alone | whole command | ratio | cores, network | cores, command "
                + "| ratio of CPU |");
            Console.WriteLine("|---|---|---|---|---|---|---|");
            using Segmenter segmenter = Segmenter.Load(model, new() { Precision = value });
            Prompt[] prompts = segmenter.Prompts.Texts(_texts);
            Image[] loaded = [.. Directory.GetFiles(input).Order().Take(InMemory).Select(path => Image.Load(path))];
            Network(segmenter, prompts, loaded, InMemory);
            for (int round = 1; round <= Rounds; round++)
            {
                (double network, double networkCores) = Measure(() => Network(segmenter, prompts, loaded, count));
                (double whole, double wholeCores) = Measure(() => Command(args));
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"| {round} | {network:0.00} s | {whole:0.00} s | {whole / network:0.00} | {networkCores:0.00} "
                    + $"| {wholeCores:0.00} | {whole * wholeCores / (network * networkCores):0.00} |"));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Network(Segmenter segmenter, Prompt[] prompts, Image[] pictures, int count)
    {
        for (int i = 0; i < count; i++) segmenter.Logits(segmenter.Encode(pictures[i % pictures.Length]), prompts);
    }

    private static void Command(string[] args)
    {
        using StringWriter output = new(), errors = new();
        int code = Cli.CommandLine.Run(args, new(output, errors, _ => null, CancellationToken.None));
        if (code != 0) throw new InvalidOperationException($"clipseg segment ended with {code}: {errors}");
    }

    private static (double Seconds, double Cores) Measure(Action work)
    {
        TimeSpan before = Environment.CpuUsage.TotalTime;
        Stopwatch watch = Stopwatch.StartNew();
        work();
        double seconds = watch.Elapsed.TotalSeconds;
        return (seconds, (Environment.CpuUsage.TotalTime - before).TotalSeconds / seconds);
    }

    /// <summary>Another part of a photograph each time, enlarged: no two files are alike.</summary>
    private static Image Part(Image picture, int number)
    {
        int width = Math.Min(picture.Width, picture.Height * Width / Height) * 9 / 10, height = width * Height / Width;
        Random random = new(number);
        Image part = picture.Crop(
            random.Next(picture.Width - width + 1), random.Next(picture.Height - height + 1), width, height);
        return part.Resize(Width, Height, Resample.Bicubic);
    }
}
