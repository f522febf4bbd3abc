using ClipSeg.Imaging;
using ClipSeg.Training.Data;
using ClipSeg.Training.Metrics;

namespace ClipSeg.Training.Evaluation;

/// <summary>A question of a task with the model's answer.</summary>
internal sealed record Answer
{
    /// <summary>The query: the picture, what was asked for, and where that is.</summary>
    public required SegmentationSample Sample { get; init; }

    /// <summary>Probabilities, of the size of the query's mask.</summary>
    public required Mask Mask { get; init; }

    /// <summary>What was shown instead of being named; or null.</summary>
    public SegmentationSample? Support { get; init; }

    /// <summary>What the paper's mean IoU averages over; null where every question is a class of its own.</summary>
    public int? Class { get; init; }

    /// <summary>Which parts of the result it belongs to.</summary>
    public IReadOnlyList<PartName> Parts { get; init; } = [];

    /// <summary>A file's name for it, without extension; the same in every run.</summary>
    public required string Name { get; init; }
}

/// <summary>What a question scored: all that the numbers need of it.</summary>
/// <param name="Picture">Its number: questions on one picture are resampled together.</param>
/// <param name="Phrase">For people to read.</param>
/// <param name="Class">As <see cref="Answer.Class"/>.</param>
/// <param name="Parts">As <see cref="Answer.Parts"/>.</param>
/// <param name="Both">Pixels in prediction and mask, at the threshold.</param>
/// <param name="Predicted">Pixels in the prediction.</param>
/// <param name="There">Pixels in the mask.</param>
/// <param name="Boundary">The <see cref="BoundaryIou"/>.</param>
/// <param name="Levels">As <see cref="SegmentationMetrics.LevelsOf"/> says.</param>
internal sealed record SampleScore(
    long Picture, string Phrase, int? Class, IReadOnlyList<PartName> Parts, long Both, long Predicted, long There,
    double Boundary, long[] Levels)
{
    // Of the picture; PhraseCut's own evaluator draws the lines here, too.
    private const double Small = 0.02, Large = 0.2;

    public long Union => Predicted + There - Both;

    /// <summary>Pixels that count.</summary>
    public long Pixels => Levels.Where((_, i) => i % 3 > 0).Sum();

    /// <summary>1 if there is nothing and nothing was found.</summary>
    public double Iou => Union == 0 ? 1 : (double)Both / Union;

    /// <summary>Which of the sizes that scores are told apart by.</summary>
    /// <param name="there">Pixels of the thing.</param>
    /// <param name="all">Pixels of its picture that count.</param>
    public static string SizeOf(long there, long all) => (there / (double)Math.Max(1, all)) switch
    {
        0 => "nothing there",
        < Small => "under 2 % of the picture",
        <= Large => "2 to 20 %",
        _ => "over 20 %",
    };

    public static SampleScore Of(Answer answer, double threshold)
    {
        (float[] found, float[] mask) = (answer.Mask.Values, answer.Sample.Mask.Values);
        float[]? valid = answer.Sample.Valid?.Values;
        (long both, long predicted, long there, long scored) = (0, 0, 0, 0);
        for (int i = 0; i < mask.Length; i++)
        {
            if (valid is not null && valid[i] == 0) continue;
            bool taken = found[i] > threshold, on = mask[i] > 0.5f;
            scored++;
            if (taken) predicted++;
            if (on) there++;
            if (taken && on) both++;
        }
        string size = SizeOf(there, scored);
        string kind = answer.Sample.Kind;
        return new(answer.Sample.Group, answer.Sample.Phrase, answer.Class,
            [.. kind.Length > 0 ? [new("kind", kind)] : Array.Empty<PartName>(), new("size", size), .. answer.Parts],
            both, predicted, there, BoundaryIou.Of(Valid(answer.Mask), Valid(answer.Sample.Mask), threshold),
            SegmentationMetrics.LevelsOf(found, mask, valid));

        // What does not count is on neither.
        Mask Valid(Mask all) => valid is null ? all
            : new(all.Width, all.Height, [.. all.Values.Zip(valid, (p, v) => p * v)]);
    }
}
