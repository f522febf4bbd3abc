using System.Diagnostics;

namespace ClipSeg.Cli.Segmenting;

/// <summary>The file of <c>--report</c>: a line of JSON for each picture as it is done, and one that sums up.</summary>
/// <param name="path">Replaced if it exists; written line by line, so that a kill leaves what was done.</param>
internal sealed class RunReport(string path) : IDisposable
{
    private readonly StreamWriter _file = new(path) { AutoFlush = true, NewLine = "\n" };
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private int _pictures, _failed, _resumed, _found;

    /// <param name="result">What became of a picture.</param>
    /// <param name="resumed">Whether that was in an earlier run.</param>
    public void Add(PictureResult result, bool resumed)
    {
        _pictures++;
        if (resumed) _resumed++;
        if (result.Error is not null) _failed++;
        if (result.HasFound()) _found++;
        _file.WriteLine(Json.Of(result, Json.Line.PictureResult));
    }

    /// <summary>Writes the sum.</summary>
    /// <param name="stopped">Whether the run did not come to its end.</param>
    public void Complete(bool stopped)
    {
        double seconds = _watch.Elapsed.TotalSeconds;
        RunSummary summary = new(_pictures, _pictures - _failed - _resumed, _resumed, _failed, _found, stopped,
            Math.Round(seconds, 3), Math.Round((_pictures - _resumed) / seconds, 3));
        _file.WriteLine(Json.Of(new(summary), Json.Line.RunReportEnd));
    }

    public void Dispose() => _file.Dispose();
}

internal sealed record RunReportEnd(RunSummary Summary);

/// <summary>A run in figures.</summary>
/// <param name="Pictures">All that came up.</param>
/// <param name="Done">Finished in this run.</param>
/// <param name="Resumed">Finished in an earlier one.</param>
/// <param name="Failed">Could not be read.</param>
/// <param name="Found">With at least one prompt that was found.</param>
/// <param name="Stopped">Whether the run did not come to its end.</param>
/// <param name="Seconds">From the first picture to the last.</param>
/// <param name="PicturesPerSecond">Of this run.</param>
internal sealed record RunSummary(int Pictures, int Done, int Resumed, int Failed, int Found, bool Stopped,
    double Seconds, double PicturesPerSecond);
