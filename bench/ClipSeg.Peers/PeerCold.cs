using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using ClipSeg.Imaging;
using ClipSeg.Model;
using ClipSeg.Numerics;

namespace ClipSeg.Peers;

/// <summary>A whole program: from its start to a mask on disk, and the memory it took.</summary>
/// <param name="Milliseconds">From the start to the end of the process.</param>
/// <param name="ProcessorMilliseconds">That its threads ran for, but for its last 10 ms.</param>
/// <param name="PeakBytes">The largest resident memory.</param>
internal sealed record PeerCold(double Milliseconds, double ProcessorMilliseconds, long PeakBytes)
{
    private static readonly TimeSpan _look = TimeSpan.FromMilliseconds(10), _limit = TimeSpan.FromMinutes(5);

    /// <summary>The program of an engine for one picture and, of ours, <c>clipseg segment</c> as well.</summary>
    /// <param name="clipseg">The program of src/ClipSeg.Cli; "" if there is none.</param>
    public static IEnumerable<(string Name, string[] Command)> WaysOf(
        PeerEngine engine, string clipseg, PeerModel model, string picture, int threads)
    {
        if (engine.IsSplit) yield break;
        string folder = Path.Combine(model.Folder, engine.Folder), output = Output(model);
        yield return (engine.Name, [
            .. engine.Program, folder, picture, JsonSerializer.Serialize(model.Ids(1)),
            Path.Combine(output, "mask.png"), $"{model.Side}", $"{threads}"]);
        if (!engine.IsOurs || clipseg.Length == 0) yield break;
        yield return ($"{engine.Name}, the whole command", [
            clipseg, "segment", picture, PeerModel.Prompt, "--model", folder, "-o", output, "--threads", $"{threads}",
            "--precision", engine.Precision]);
    }

    /// <summary>One picture, one prompt, from a file to a file: what the programs in .NET do.</summary>
    public static void Once(IPeer peer, string picture, int[] ids, string mask, int side)
    {
        Image image = Image.Load(picture);
        Tensor pixels = new Preprocessing { Width = side, Height = side }.Apply(image);
        float[] logits = peer.Segment(pixels.Data.ToArray(), new("", 1, side, [ids]), each: false)[0];
        float[] values = new float[image.Width * image.Height];
        Interpolation.Bilinear(logits, 1, side, side, values, image.Height, image.Width, alignCorners: false);
        Kernels.Apply<SigmoidFunction>(values, values);
        new Mask(image.Width, image.Height, values).Save(mask);
    }

    /// <summary>Runs one of <see cref="WaysOf"/>.</summary>
    /// <exception cref="PeerException">It fails, or writes no mask.</exception>
    public static PeerCold Run(string name, string[] command, PeerModel model)
    {
        string output = Output(model);
        if (Directory.Exists(output)) Directory.Delete(output, recursive: true);
        Directory.CreateDirectory(output);
        ProcessStartInfo start = new(command[0], command.Skip(1))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        long began = Stopwatch.GetTimestamp();
        using Process process = PeerProcess.Start(name, start);
        Task<string> errors = process.StandardError.ReadToEndAsync(), words = process.StandardOutput.ReadToEndAsync();
        (double processor, long peak) = (0, 0);
        while (!process.WaitForExit(_look))
        {
            (double processorNow, long peakNow) = Used(process);
            (processor, peak) = (Math.Max(processor, processorNow), Math.Max(peak, peakNow));
            if (Stopwatch.GetElapsedTime(began) < _limit) continue;
            process.Kill();
            throw new PeerException($"{name}: a cold start takes more than {_limit.TotalMinutes} minutes.");
        }
        double time = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        if (process.ExitCode != 0 || Directory.GetFiles(output, "*.png").Length == 0)
            throw new PeerException($"{name}: {errors.Result.Trim().Split('\n')[0]} {words.Result}");
        return new(time, processor, peak);
    }

    private static string Output(PeerModel model) => Path.Combine(model.Folder, "cold");

    /// <summary>Processor time in milliseconds and peak memory so far; 0 if the process has just ended.</summary>
    private static (double Processor, long Peak) Used(Process process)
    {
        try
        {
            process.Refresh();
            return (process.TotalProcessorTime.TotalMilliseconds, process.PeakWorkingSet64);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception)
        {
            return default;
        }
    }
}
