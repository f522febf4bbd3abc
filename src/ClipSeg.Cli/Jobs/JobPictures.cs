using System.Text.Json;
using ClipSeg.Cli.Segmenting;
using ClipSeg.Formats;
using ClipSeg.Imaging;
using ClipSeg.Jobs;
using ClipSeg.Numerics;
using ClipSeg.Prompts;

namespace ClipSeg.Cli.Jobs;

/// <summary>What a worker does with pictures: what <c>clipseg segment</c> does, from a store into it.</summary>
/// <param name="store">Waits while it is away.</param>
/// <param name="model">A folder or file for all jobs; null for the one that a job names.</param>
/// <param name="threads">Null for one per processor.</param>
internal sealed class JobPictures(Terminal terminal, IStore store, string? model, int? threads) : IDisposable
{
    private Segmenter? _segmenter;
    private (JobModel, string Precision, int? Size) _opened;

    /// <summary>Gets ready for the pictures of a job.</summary>
    /// <exception cref="CheckpointException">The model is not here, or another.</exception>
    public ShardWork Open(JobRecord job)
    {
        JobWishes wishes = job.Wishes;
        Segmenter segmenter = Segmenter(wishes);
        CombinedPrompts prompts = PromptOptions.OfWords(wishes.Prompts, wishes.Nots, wishes.Template).Make(segmenter);
        SaveWishes save = new()
        {
            Kinds = wishes.Save,
            Ending = wishes.Ending,
            Quality = wishes.Quality,
            Background = SaveOptions.BackgroundOf(wishes.Background),
            Edits = wishes.Edits,
        };
        PictureWork work = new(segmenter, prompts, save, many: true)
        {
            NotFoundBelow = wishes.MinScore ?? segmenter.NotFoundBelow,
            OnlyFound = wishes.MinScore is not null,
            Fine = wishes.Fine,
            Parts = true,
            Rle = wishes.Rle,
            Save = (key, content) => store.Write(key, content, CancellationToken.None).GetAwaiter().GetResult(),
        };
        string[] names = [.. prompts.Prompts.Select(p => p.Name)];
        string kernels = Kernels(segmenter, PrecisionNames.Parse(wishes.Precision));
        return (shard, isCancelled) => Work(shard, isCancelled, work, names, wishes.Ending) is { } lines
            ? new(shard.Unit, kernels, wishes.Precision, lines) : null;
    }

    public void Dispose() => _segmenter?.Dispose();

    private List<ReceiptLine>? Work(
        ShardMessage shard, Func<bool> isCancelled, PictureWork work, string[] prompts, string? ending)
    {
        List<ReceiptLine> lines = [];
        bool cancelled = false;
        work.Run(_ => Pictures(), shard.Keys.Count, Fetch,
            job => lines.Add(new(shard.First + lines.Count, job.Result!.Error is not null,
                JsonSerializer.SerializeToElement(job.Result, Json.Line.PictureResult))));
        return cancelled ? null : lines;

        IEnumerable<PictureJob> Pictures()
        {
            for (int i = 0; i < shard.Keys.Count; i++)
            {
                if (cancelled = isCancelled()) yield break;
                string key = shard.Keys[i], stem = StoreKeys.Output(shard.Job, shard.First + i);
                yield return new(new(key), OutputNames.Of(stem, key, prompts, ending));
            }
        }

        void Fetch(PictureJob job)
        {
            string key = job.Source.Path;
            try
            {
                job.File = store.Read(key, PictureFile.MaxFileBytes, CancellationToken.None).GetAwaiter().GetResult();
                if (job.File is null) job.Result = new(key) { Error = $"{key}: there is no such picture any more." };
            }
            catch (InvalidDataException e)
            {
                job.Result = new(key) { Error = e.Message };
            }
        }
    }

    private static string Kernels(Segmenter segmenter, Precision precision)
    {
        using Compute.Entry entry = segmenter.Compute.Enter();
        string kind = GeneratedKernel.Supports(precision) ? "generated" : "portable";
        return $"{kind}, {string.Join(", ", Processor.Features)}";
    }

    private Segmenter Segmenter(JobWishes wishes)
    {
        (JobModel, string, int?) wanted = (wishes.Model, wishes.Precision, wishes.Size);
        if (_segmenter is not null && _opened == wanted) return _segmenter;
        _segmenter?.Dispose();
        _segmenter = null;
        Segmenter opened;
        try
        {
            opened = ModelOptions.Load(model ?? Locate(wishes.Model.Name), new()
            {
                Precision = PrecisionNames.Parse(wishes.Precision),
                Size = wishes.Size,
                Threads = threads,
            }, terminal);
        }
        catch (Exception e) when (CommandLine.IsBadFile(e) || e is UsageException)
        {
            throw new CheckpointException($"The model of this job cannot be opened: {e.Message} 'clipseg worker "
                + "--model' says where it is.", e);
        }
        string hash = ModelHash.Of(opened.Checkpoint!);
        if (hash != wishes.Model.Sha256)
        {
            opened.Dispose();
            throw new CheckpointException($"Model '{model ?? wishes.Model.Name}' has SHA-256 {hash}, the job was "
                + $"submitted for '{wishes.Model.Name}' with {wishes.Model.Sha256}: start the worker with that one.");
        }
        _opened = wanted;
        return _segmenter = opened;
    }

    /// <summary>The model in the box, or one that is pulled if it is not here.</summary>
    private string Locate(string name)
    {
        if (ModelOptions.Bundled(terminal.Home) is { } bundled && Path.GetFileName(bundled) == name) return bundled;
        return PullCommand.HubOf(terminal).Find(name) ?? (name.Contains('/')
            ? PullCommand.HubOf(terminal).Pull(name, cancel: terminal.Stop).GetAwaiter().GetResult()
            : throw new CheckpointException($"There is no model '{name}' here."));
    }
}
