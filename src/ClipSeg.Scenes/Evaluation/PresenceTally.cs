using ClipSeg.Imaging;
using ClipSeg.Prompts;

namespace ClipSeg.Scenes.Evaluation;

/// <summary>A phrase, whether it holds in the scene, and how sure the mask is by each measure.</summary>
internal sealed record PresenceSample(bool Present, PhraseKind Kind, double[] Scores);

/// <summary>How well scores tell what is there from what is not: as many phrases of one as of the other.</summary>
internal sealed class PresenceTally
{
    private readonly List<PresenceSample> _samples = [];

    /// <summary>The measures: the first is the library's own.</summary>
    public static IReadOnlyList<string> Measures { get; } = ["score", "peak", "mean_found", "clip"];

    /// <summary>What the measures say of a mask.</summary>
    /// <param name="similarity">CLIP's, of the picture and the phrase.</param>
    /// <param name="threshold">From where on a pixel is found.</param>
    public static double[] ScoresOf(Mask mask, double similarity, double threshold)
    {
        (double peak, double sum, int count) = (0, 0, 0);
        foreach (float p in mask.Values)
        {
            peak = Math.Max(peak, p);
            if (p > threshold) (sum, count) = (sum + p, count + 1);
        }
        return [Presence.Score(mask), peak, count == 0 ? peak : sum / count, similarity];
    }

    public void Add(PresenceSample sample) => _samples.Add(sample);

    public void Merge(PresenceTally other) => _samples.AddRange(other._samples);

    /// <summary>
    /// The chance that a phrase that holds scores higher than one that does not; ties count half. Null without both.
    /// </summary>
    public double? Auroc(int measure)
    {
        PresenceSample[] sorted = [.. _samples.OrderBy(s => s.Scores[measure])];
        double present = sorted.Count(s => s.Present), absent = sorted.Length - present, ranks = 0;
        if (present == 0 || absent == 0) return null;
        for (int first = 0; first < sorted.Length;)
        {
            int end = first;
            while (end < sorted.Length && sorted[end].Scores[measure] == sorted[first].Scores[measure]) end++;
            double rank = (first + 1 + end) / 2.0;                  // the mean of ranks first + 1 to end
            for (; first < end; first++)
                if (sorted[first].Present) ranks += rank;
        }
        return (ranks - present * (present + 1) / 2) / (present * absent);
    }

    /// <summary>The score below which things count as absent with the fewest mistakes; 0 without samples.</summary>
    public double BestThreshold()
    {
        double[] candidates = [.. _samples.Select(s => s.Scores[0]).Distinct().Order()];
        return candidates.Length == 0 ? 0
            : candidates.MinBy(t => (NotFound(true, t) ?? 0) + 1 - (NotFound(false, t) ?? 0));
    }

    /// <summary>The share of phrases below a score; null if there are none.</summary>
    /// <param name="present">Of those that hold, or of the others.</param>
    /// <param name="threshold">The score.</param>
    /// <param name="coloured">Only those that say a colour, or only those that do not; null for all.</param>
    public double? NotFound(bool present, double threshold, bool? coloured = null)
    {
        PresenceSample[] some = [.. _samples.Where(s => s.Present == present && (coloured is null
            || coloured == s.Kind is PhraseKind.Attribute or PhraseKind.Colour))];
        return some.Length == 0 ? null : some.Count(s => s.Scores[0] < threshold) / (double)some.Length;
    }
}
