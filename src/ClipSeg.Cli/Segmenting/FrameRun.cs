using ClipSeg.Imaging;
using ClipSeg.Numerics;

namespace ClipSeg.Cli.Segmenting;

/// <summary>Video frames from a stream, and a frame of results for each into another.</summary>
/// <param name="work">What is done with each.</param>
/// <param name="wishes">How they come.</param>
/// <param name="kind">What is written of each.</param>
/// <param name="prompts">How many there are.</param>
internal sealed class FrameRun(PictureWork work, FrameWishes wishes, ResultKind kind, int prompts)
{
    private bool _stopped, _found;
    private Tensor? _last;

    /// <summary>Where each frame is told of; null for nowhere.</summary>
    public RunReport? Report { get; init; }

    /// <summary>Runs to the end of the frames, or until it is stopped: then what has been read is finished.</summary>
    /// <returns>Whether anything was found in any frame.</returns>
    /// <exception cref="InvalidDataException">There is no frame, or the last one is not whole.</exception>
    /// <exception cref="OperationCanceledException">It was stopped before the end.</exception>
    public bool Run(Stream input, Stream output, CancellationToken stop)
    {
        int[] all = [.. Enumerable.Range(0, prompts)];
        Pipeline.Run(_ => Read(input, stop), _ => { }, Compute, job =>
        {
            RenderedPicture rendered = work.Render(job.Picture, job.Logits!);
            job.Logits = null;
            job.Result = rendered.Rendering.Raw(kind, all);
            job.Prompts = rendered.Prompts;
        }, job => Tell(job, output), ahead: Pipeline.UsualAhead);
        output.Flush();
        Report?.Complete(_stopped);
        if (_stopped) throw new OperationCanceledException();
        return _found;
    }

    private IEnumerable<FrameJob> Read(Stream input, CancellationToken stop)
    {
        for (int number = 0; ; number++)
        {
            if (_stopped = stop.IsCancellationRequested) yield break;
            Image picture = new(wishes.Width, wishes.Height);
            int read = input.ReadAtLeast(picture.Pixels, picture.Pixels.Length, throwOnEndOfStream: false);
            if (read == 0 && number > 0) yield break;
            if (read < picture.Pixels.Length)
            {
                throw new InvalidDataException($"Standard input ends in frame {number} after {read:N0} of its "
                    + $"{picture.Pixels.Length:N0} bytes: is the size {wishes.Width}x{wishes.Height}?");
            }
            yield return new(number, picture);
        }
    }

    private void Compute(FrameJob job)
    {
        Tensor logits = work.Logits(job.Picture);
        if (_last is { } last)
        {
            // What was smoothed before is smoothed in: older frames count less and less.
            Span<float> now = logits.Data, before = last.Data;
            for (int i = 0; i < now.Length; i++) now[i] += wishes.Kept * (before[i] - now[i]);
        }
        job.Logits = logits;
        if (wishes.Kept > 0) _last = logits;
    }

    private void Tell(FrameJob job, Stream output)
    {
        output.Write(job.Result);
        PictureResult result = new(PictureList.StandardInput)
        {
            Frame = job.Number,
            Seconds = Math.Round(job.Number / wishes.Fps, 3),
            Width = wishes.Width,
            Height = wishes.Height,
            Prompts = job.Prompts,
        };
        _found |= result.HasFound();
        Report?.Add(result, resumed: false);
    }

    private sealed class FrameJob(int number, Image picture)
    {
        public int Number { get; } = number;

        public Image Picture { get; } = picture;

        public Tensor? Logits { get; set; }

        public byte[] Result { get; set; } = [];

        public PromptResult[]? Prompts { get; set; }
    }
}
