using System.Numerics.Tensors;
using ClipSeg.Files;
using ClipSeg.Formats;
using ClipSeg.Imaging;
using ClipSeg.Numerics;
using ClipSeg.Prompts;
using Tensor = ClipSeg.Numerics.Tensor;

namespace ClipSeg.Cli.Segmenting;

/// <summary>A picture on its way through the stages, with what the next one needs.</summary>
internal sealed class PictureJob(PictureSource source, ResultNames names)
{
    public PictureSource Source { get; } = source;

    public ResultNames Names { get; } = names;

    /// <summary>The bytes of its file, until they are decoded.</summary>
    public byte[]? File { get; set; }

    public Image? Picture { get; set; }

    /// <summary>[P, H, W], at the model's resolution.</summary>
    public Tensor? Logits { get; set; }

    /// <summary>Its file as it was read; null if nobody needs to know.</summary>
    public PictureStamp? Stamp { get; set; }

    /// <summary>Whether an earlier run has finished it.</summary>
    public bool IsResumed { get; set; }

    /// <summary>What became of it; from then on it passes through.</summary>
    public PictureResult? Result { get; set; }

    /// <summary>What goes to standard output instead of into a file; null if nothing does.</summary>
    public byte[]? Piped { get; set; }
}

/// <summary>A picture's masks, and what is said of each prompt.</summary>
internal sealed record RenderedPicture(Rendering Rendering, PromptResult[] Prompts);

/// <summary>What is done with each picture, stage by stage: from the bytes of its file to the files of its results.
/// </summary>
internal sealed class PictureWork
{
    private const int MostWebPSide = 16_383;
    private const int LargePicture = 4_000_000;     // pixels
    private const int LeastApart = 4;               // pictures for each thread, so that each thread has its own

    private readonly Segmenter _segmenter;
    private readonly CombinedPrompts _prompts;
    private readonly string[] _names;
    private readonly SaveWishes _wishes;
    private readonly bool _many;

    /// <param name="segmenter">What segments.</param>
    /// <param name="prompts">At least one.</param>
    /// <param name="wishes">Which files are written.</param>
    /// <param name="many">Whether pictures are worked on side by side, each by one thread.</param>
    public PictureWork(Segmenter segmenter, CombinedPrompts prompts, SaveWishes wishes, bool many)
    {
        (_segmenter, _prompts, _wishes) = (segmenter, prompts, wishes);
        _names = [.. prompts.Prompts.Select(p => p.Name)];
        _many = many;
    }

    /// <summary>What scores less is not found, and neither is what has no pixel above the threshold; what is not found
    /// is on no overlay and no label map.</summary>
    public float NotFoundBelow { get; init; }

    /// <summary>Whether prompts have no files of their own where they are not found.</summary>
    public bool OnlyFound { get; init; }

    /// <summary>Whether pictures are read in tiles, too.</summary>
    public bool Fine { get; init; }

    /// <summary>Whether boxes and connected parts are wanted.</summary>
    public bool Parts { get; init; }

    /// <summary>Whether run lengths are wanted.</summary>
    public bool Rle { get; init; }

    /// <summary>A file for the raw logits; null for none.</summary>
    public string? LogitsFile { get; init; }

    /// <summary>Whether the one result is kept for standard output.</summary>
    public bool Piped { get; init; }

    /// <summary>Writes a file of this name; on several threads at once.</summary>
    public Action<string, ReadOnlyMemory<byte>> Save { get; init; } = OutputFile.Write;

    /// <summary>Takes pictures through, several at a time, and reports them in their order.</summary>
    /// <remarks>
    /// Of many, each is one thread's from its file to its results, so that no thread waits for another, and one more is
    /// under way than there are threads, as one may wait for a disk. Of few, all threads share the network, and what
    /// comes before and after it is done beside. What they need is read by <paramref name="read"/>.
    /// </remarks>
    /// <param name="pictures">As <see cref="Pipeline.Run"/> has them.</param>
    /// <param name="count">How many there are; 0 if nobody knows.</param>
    /// <param name="read">Gets a picture's bytes, if it has none yet; on several threads at once.</param>
    /// <param name="report">On one after another, in their order.</param>
    public void Run(Func<CancellationToken, IEnumerable<PictureJob>> pictures, int count, Action<PictureJob> read,
        Action<PictureJob> report)
    {
        int threads = _segmenter.Compute.Workers.Count;
        if (count >= LeastApart * threads)
        {
            Pipeline.Run(pictures, job =>
            {
                using Workers.Turn turn = Workers.Alone();
                read(job);
                Decode(job);
                Compute(job);
                Finish(job);
            }, _ => { }, _ => { }, report, ahead: threads, threads + 1);
            return;
        }
        Pipeline.Run(pictures, job =>
        {
            read(job);
            Decode(job);
        }, Compute, Finish, report, ahead: count == 1 ? 1 : Pipeline.UsualAhead);
    }

    /// <summary>From bytes to pixels; one that is damaged becomes an error.</summary>
    private static void Decode(PictureJob job)
    {
        if (job.File is not { } file) return;
        job.File = null;
        try
        {
            string path = job.Source.Path;
            job.Picture = Image.Decode(file, path == PictureList.StandardInput ? "standard input" : path);
        }
        catch (Exception e) when (CommandLine.IsBadFile(e))
        {
            job.Result = new(job.Source.Path) { Error = e.Message };
        }
    }

    /// <summary>The network's part.</summary>
    private void Compute(PictureJob job)
    {
        if (job.Picture is not { } picture) return;
        job.Logits = Logits(picture);
        if (_many || picture.Width * picture.Height < LargePicture) return;

        // What is drawn of it takes far more memory than the network, which gives back its own first.
        _segmenter.Trim();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive);
    }

    /// <summary>What the network says of a picture: [P, H, W], at the model's resolution.</summary>
    public Tensor Logits(Image picture) => _segmenter.Logits(_segmenter.Encode(picture, Fine), _prompts.Leaves);

    /// <summary>From logits to masks, and what is said of them.</summary>
    public RenderedPicture Render(Image picture, Tensor logits)
    {
        using Workers.Turn turn = Workers.Alone(_many);
        Mask[] masks = _prompts.Combine(Segmenter.Masks(logits, picture.Width, picture.Height));
        PromptResult[] results = [.. masks.Select((mask, i) => new PromptResult(_names[i])
        {
            Score = Presence.Score(mask),
            Peak = TensorPrimitives.Max(mask.Values),
        })];
        bool overwrite = !_wishes.Kinds.Contains(ResultKind.Heatmap);
        Rendering rendering = new(picture, masks, _names, _wishes.Edits, _wishes.Background, overwrite: overwrite);
        return new(rendering, [.. results.Select((result, i) => Describe(i, result, rendering.Edited[i]))]);
    }

    /// <summary>From logits to masks, pictures, files and what is said of them.</summary>
    private void Finish(PictureJob job)
    {
        if (job is not { Picture: { } picture, Logits: { } logits }) return;
        (job.Picture, job.Logits) = (null, null);
        if (_wishes.Ending == ".webp" && Math.Max(picture.Width, picture.Height) > MostWebPSide)
        {
            job.Result = new(job.Source.Path)
            {
                Error = $"{job.Source.Path}: {picture.Width}x{picture.Height} is too large for WebP, which has at most "
                    + $"{MostWebPSide:N0} pixels a side; write --format png or jpg.",
            };
            return;
        }

        if (LogitsFile is not null) NpyFile.Write(LogitsFile, logits.Shape, logits.Data.ToArray());
        (Rendering rendering, PromptResult[] results) = Render(picture, logits);
        Output[] outputs = [.. Outputs(results)];
        using Workers.Turn turn = Workers.Alone(_many);
        Workers.Each(outputs.Length, i => Write(outputs[i], rendering, job));

        foreach (Output output in outputs)
        {
            if (Rendering.IsOfPrompt(output.Kind))
                results[output.Prompts[0]] = WithFile(results[output.Prompts[0]], output.Kind, NameIn(job, output));
        }
        job.Result = new(job.Source.Path)
        {
            Width = picture.Width,
            Height = picture.Height,
            Threshold = _wishes.Edits.Threshold.Number,
            Overlay = _wishes.Kinds.Contains(ResultKind.Overlay) ? job.Names[ResultKind.Overlay] : null,
            Labels = _wishes.Kinds.Contains(ResultKind.Labels) ? job.Names[ResultKind.Labels] : null,
            Prompts = results,
        };
    }

    private PromptResult Describe(int i, PromptResult judged, EditedMask edited)
    {
        PromptResult result = judged with
        {
            Area = (double)edited.Area() / edited.Soft.Values.Length,
            Found = judged.Score >= NotFoundBelow && edited.HasFound,
            Threshold = _wishes.Edits.Threshold.Number is null ? edited.Threshold : null,
            Rle = Rle ? edited.Runs().ToString() : null,
            Truncated = _prompts.Prompts[i].Truncated,
        };
        return Parts ? result.WithParts(edited.Parts()) : result;
    }

    private IEnumerable<Output> Outputs(PromptResult[] results)
    {
        int[] all = [.. Enumerable.Range(0, results.Length)], found = [.. all.Where(i => results[i].Found)];
        return _wishes.Kinds.SelectMany(kind => Rendering.IsOfPrompt(kind)
            ? (OnlyFound ? found : all).Select(i => new Output(kind, [i]))
            : [new Output(kind, found)]);
    }

    private void Write(Output output, Rendering rendering, PictureJob job)
    {
        Mask? values = output.Kind == ResultKind.Npy ? rendering.Edited[output.Prompts[0]].Soft : null;
        byte[] bytes = values is not null
            ? NpyFile.Encode([values.Height, values.Width], values.Values)
            : rendering.Encode(output.Kind, output.Prompts, job.Names.EndingOf(output.Kind), _wishes.Quality);
        if (Piped) job.Piped = bytes;
        else Save(NameIn(job, output), bytes);
    }

    private static string NameIn(PictureJob job, Output output)
        => job.Names[output.Kind, output.Prompts.FirstOrDefault()];

    private static PromptResult WithFile(PromptResult result, ResultKind kind, string file) => kind switch
    {
        ResultKind.Mask => result with { Mask = file },
        ResultKind.Binary => result with { Binary = file },
        ResultKind.CutOut => result with { CutOut = file },
        ResultKind.Heatmap => result with { Heatmap = file },
        _ => result with { Npy = file },
    };

    /// <summary>A file to write.</summary>
    /// <param name="Prompts">The numbers of those that are on it.</param>
    private sealed record Output(ResultKind Kind, int[] Prompts);
}
