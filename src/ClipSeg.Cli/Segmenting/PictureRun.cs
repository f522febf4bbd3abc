using ClipSeg.Formats;
using ClipSeg.Imaging;

namespace ClipSeg.Cli.Segmenting;

/// <summary>One run over pictures: reads them in their order, and tells what becomes of each in the same.</summary>
/// <param name="terminal">What is said and read.</param>
/// <param name="work">What is done with each.</param>
/// <param name="names">Of the files that are written.</param>
/// <param name="prompts">A name for each.</param>
internal sealed class PictureRun(Terminal terminal, PictureWork work, OutputNames names, IReadOnlyList<string> prompts)
{
    private bool _stopped, _failed, _found;

    public required SegmentReport Printed { get; init; }

    /// <summary>Where the one result goes; null for files.</summary>
    public Stream? Pipe { get; init; }

    /// <summary>Knows what earlier runs have finished; null for none.</summary>
    public Journal? Journal { get; init; }

    public RunReport? Report { get; init; }

    public CocoWriter? Coco { get; init; }

    /// <summary>Folders to follow after the pictures that are there; null for none.</summary>
    public WatchedFolders? Watched { get; init; }

    /// <summary>Runs to the end, or until it is stopped: then what has been read is finished.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="OperationCanceledException">It was stopped before the end.</exception>
    public int Run(IReadOnlyCollection<PictureSource> pictures)
    {
        int count = Watched is null ? pictures.Count : 0;
        terminal.Count("Segmenting", count, step => work.Run(
            failed => Read(pictures, failed), count, _ => { }, job => Tell(job, step)));
        Coco?.Complete();
        Report?.Complete(_stopped);
        if (_stopped && Watched is null) throw new OperationCanceledException();
        if (_failed) return CommandLine.BadFile;
        return _found || Watched is not null ? CommandLine.Done : CommandLine.NothingFound;
    }

    private IEnumerable<PictureJob> Read(IEnumerable<PictureSource> pictures, CancellationToken failed)
    {
        IEnumerable<PictureSource> all = Watched is null ? pictures
            : pictures.Concat(Watched.Follow(terminal.Stop, failed));
        foreach (PictureSource picture in all)
        {
            if (IsStopped()) yield break;
            Watched?.See(picture);
            PictureJob job = new(picture, names.For(picture.Path, prompts, picture.Place));
            try
            {
                job.Stamp = Journal is null ? null : PictureStamp.Of(picture.Path);
                job.Result = job.Stamp is null ? null : Journal!.Find(job.Stamp);
                job.IsResumed = job.Result is not null;
                if (!job.IsResumed) job.File = ReadFile(picture.Path);
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
        else if (!job.IsResumed && job.Stamp is { } stamp)
        {
            Journal?.Add(stamp, result);
        }
        _found |= result.HasFound();
        Annotate(job.Source, result);
        Report?.Add(result, job.IsResumed);
        if (job.Piped is { } bytes) Pipe!.Write(bytes);
        else if (Pipe is null && !job.IsResumed) Printed.Add(result);
        step();
    }

    private void Annotate(PictureSource source, PictureResult result)
    {
        if (result is not { Width: { } width, Height: { } height, Prompts: { } found }) return;
        string file = Path.Combine(source.Place, Path.GetFileName(source.Path)).Replace('\\', '/');
        Coco?.Add(file, width, height, found.Select((prompt, i) => (prompt, i))
            .Where(p => p.prompt.Found)
            .Select(p => new CocoFinding(p.i, CocoRle.Parse(p.prompt.Rle!, width, height), p.prompt.Score)));
    }
}
