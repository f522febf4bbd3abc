using ClipSeg.Imaging;

namespace ClipSeg.Scenes.Evaluation;

/// <summary>How much masks change when the same name is said a little differently.</summary>
internal sealed class WordingTally
{
    private readonly double[] _change = new double[Ways.Count], _gain = new double[Ways.Count];
    private readonly int[] _samples = new int[Ways.Count];

    /// <summary>Beside the bare name.</summary>
    public static IReadOnlyList<string> Ways { get; } = ["plural", "article", "full_stop", "capital"];

    /// <summary>The name, and the name in every way; null where there is none, such as a plural of "bread".</summary>
    public static IReadOnlyList<string?> Say(Phrase phrase) =>
    [
        phrase.Name, Wording.PluralOf(phrase), phrase.Term.TakesArticle ? phrase.Term.WithArticle : null,
        phrase.Name + ".",
        char.ToUpperInvariant(phrase.Name[0]) + phrase.Name[1..],
    ];

    /// <summary>Adds what came of <see cref="Say"/>, in its order: each mask's IoU with the truth, or null.</summary>
    public void Add(IReadOnlyList<double?> ious)
    {
        for (int way = 0; way < Ways.Count; way++)
        {
            if (ious[way + 1] is not { } iou || ious[0] is not { } bare) continue;
            _change[way] += Math.Abs(iou - bare);
            _gain[way] += iou - bare;
            _samples[way]++;
        }
    }

    public void Merge(WordingTally other)
    {
        for (int way = 0; way < Ways.Count; way++)
        {
            _change[way] += other._change[way];
            _gain[way] += other._gain[way];
            _samples[way] += other._samples[way];
        }
    }

    /// <summary>By how much the IoU changes, up or down, on average; null without samples.</summary>
    public double? Change(int way) => _samples[way] == 0 ? null : _change[way] / _samples[way];

    /// <summary>The mean IoU in this way less that of the bare name; null without samples.</summary>
    public double? Gain(int way) => _samples[way] == 0 ? null : _gain[way] / _samples[way];

    /// <summary>Intersection over union at a threshold; 1 if both are empty.</summary>
    public static double Iou(Mask mask, Mask truth, double threshold)
    {
        (int both, int either) = (0, 0);
        for (int i = 0; i < truth.Values.Length; i++)
        {
            bool on = mask.Values[i] > (float)threshold, real = truth.Values[i] > 0.5f;
            if (on && real) both++;
            if (on || real) either++;
        }
        return either == 0 ? 1 : both / (double)either;
    }
}
