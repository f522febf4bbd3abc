using System.Diagnostics;
using System.Text.Json;

namespace ClipSeg.Peers;

/// <summary>A whole program: from its start to a mask on disk, and the memory it took.</summary>
/// <param name="Milliseconds">From the start to the end of the process.</param>
/// <param name="PeakBytes">The largest resident memory.</param>
internal sealed record PeerCold(double Milliseconds, long PeakBytes)
{
    private static readonly TimeSpan _look = TimeSpan.FromMilliseconds(10), _limit = TimeSpan.FromMinutes(5);

    /// <summary>Runs <c>clipseg segment</c>, or another engine as it is run for one picture.</summary>
    /// <param name="clipseg">The program of src/ClipSeg.Cli.</param>
    /// <exception cref="PeerException">It fails, or writes no mask.</exception>
    public static PeerCold Run(PeerEngine engine, string clipseg, PeerModel model, string picture, int threads)
    {
        string folder = Path.Combine(model.Folder, engine.Folder);
        string output = Path.Combine(model.Folder, "cold"), mask = Path.Combine(output, "mask.png");
        if (Directory.Exists(output)) Directory.Delete(output, recursive: true);
        Directory.CreateDirectory(output);
        ProcessStartInfo start = engine.IsOurs
            ? new(clipseg, [
                "segment", picture, PeerModel.Prompt, "--model", folder, "-o", output, "--threads", $"{threads}",
                "--precision", engine.Precision])
            : new(engine.Program[0], [
                .. engine.Program.Skip(1), folder, picture, JsonSerializer.Serialize(model.Ids(1)), mask,
                $"{model.Side}", $"{threads}"]);
        start.RedirectStandardOutput = start.RedirectStandardError = true;

        long began = Stopwatch.GetTimestamp();
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(), words = process.StandardOutput.ReadToEndAsync();
        long peak = 0;
        while (!process.WaitForExit(_look))
        {
            peak = Math.Max(peak, Peak(process));
            if (Stopwatch.GetElapsedTime(began) < _limit) continue;
            process.Kill();
            throw new PeerException($"{engine.Name}: a cold start takes more than {_limit.TotalMinutes} minutes.");
        }
        double time = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        if (process.ExitCode != 0 || Directory.GetFiles(output, "*.png").Length == 0)
            throw new PeerException($"{engine.Name}: {errors.Result.Trim().Split('\n')[0]} {words.Result}");
        return new(time, peak);
    }

    /// <summary>The largest so far, which the system keeps; 0 if the process has just ended.</summary>
    private static long Peak(Process process)
    {
        try
        {
            process.Refresh();
            return process.PeakWorkingSet64;
        }
        catch (InvalidOperationException)
        {
            return 0;
        }
    }
}
