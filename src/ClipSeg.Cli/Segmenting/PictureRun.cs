using ClipSeg.Imaging;

namespace ClipSeg.Cli.Segmenting;

/// <summary>One run over pictures: reads them in their order, and tells what becomes of each in the same.</summary>
/// <param name="terminal">What is said and read.</param>
/// <param name="work">What is done with each.</param>
/// <param name="names">Of the files that are written.</param>
/// <param name="prompts">A name for each.</param>
internal sealed class PictureRun(Terminal terminal, PictureWork work, OutputNames names, IReadOnlyList<string> prompts)
{
    /// <summary>The exit code if a smallest score was asked for and nothing in any picture has it.</summary>
    public const int NothingFound = 4;

    private bool _stopped, _failed, _found;

    public required SegmentReport Report { get; init; }

    /// <summary>Where the one result goes; null for files.</summary>
    public Stream? Pipe { get; init; }

    /// <summary>Runs to the end, or until it is stopped: then what has been read is finished.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="OperationCanceledException">It was stopped before the end.</exception>
    public int Run(IReadOnlyCollection<PictureSource> pictures)
    {
        int ahead = pictures.Count == 1 ? 1 : Math.Clamp(Environment.ProcessorCount, 2, 8);
        terminal.Count("Segmenting", pictures.Count, step =>
            Pipeline.Run(_ => Read(pictures), work.Decode, work.Compute, work.Finish, job => Tell(job, step), ahead));
        if (_stopped) throw new OperationCanceledException();
        if (_failed) return CommandLine.BadFile;
        return _found ? CommandLine.Done : NothingFound;
    }

    private IEnumerable<PictureJob> Read(IEnumerable<PictureSource> pictures)
    {
        foreach (PictureSource picture in pictures)
        {
            if (IsStopped()) yield break;
            PictureJob job = new(picture, names.For(picture.Path, prompts, picture.Place));
            try
            {
                job.File = ReadFile(picture.Path);
            }
            catch (Exception e) when (CommandLine.IsBadFile(e))
            {
                job.Result = new(picture.Path) { Error = e.Message };
            }
            if (IsStopped()) yield break;
            yield return job;
        }
    }

    private bool IsStopped() => _stopped = terminal.Stop.IsCancellationRequested;

    private byte[] ReadFile(string path)
    {
        if (path != PictureList.StandardInput) return PictureFile.Read(path);
        using Stream input = terminal.OpenInput()
            ?? throw new UsageException("'-' reads a picture from standard input, and nothing is piped into it.");
        return PictureFile.Read(input, "standard input");
    }

    private void Tell(PictureJob job, Action step)
    {
        PictureResult result = job.Result!;
        if (result.Error is { } error)
        {
            _failed = true;
            terminal.Warn(error);
        }
        _found |= result.HasFound();
        if (Pipe is null) Report.Add(result);
        else if (job.Piped is { } bytes) Pipe.Write(bytes);
        step();
    }
}
