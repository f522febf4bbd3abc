using ClipSeg.Imaging;
using ClipSeg.Prompts;
using ClipSeg.Scenes;
using ClipSeg.Scenes.Evaluation;

namespace ClipSeg.Tests.Scenes.Evaluation;

public sealed class PresenceTallyTests
{
    [Fact]
    public void Auroc_counts_pairs_in_order_and_ties_half()
    {
        PresenceTally tally = new();
        Assert.Null(tally.Auroc(0));
        foreach (double score in (double[])[0.9, 0.5, 0.4]) Add(tally, present: true, score);
        foreach (double score in (double[])[0.5, 0.1]) Add(tally, present: false, score);
        Assert.Equal((2 + 1.5 + 1) / 6, tally.Auroc(0)!.Value, 1e-12);
    }

    [Fact]
    public void Best_threshold_makes_the_fewest_mistakes_and_kinds_are_counted_apart()
    {
        PresenceTally tally = new();
        foreach (double score in (double[])[0.9, 0.8, 0.6, 0.2]) Add(tally, present: true, score);
        foreach (double score in (double[])[0.5, 0.3, 0.1]) Add(tally, present: false, score);
        Add(tally, present: false, 0.95, PhraseKind.Attribute);

        Assert.Equal(0.6, tally.BestThreshold());
        Assert.Equal(0.25, tally.NotFound(present: true, 0.6));
        Assert.Equal(0.75, tally.NotFound(present: false, 0.6));
        Assert.Equal(1, tally.NotFound(present: false, 0.6, coloured: false));
        Assert.Equal(0, tally.NotFound(present: false, 0.6, coloured: true));
    }

    [Theory]
    [InlineData(0f, 0f, 0)]
    [InlineData(1f, 0f, 1)]
    [InlineData(0.5f, 0.5f, 0.5)]
    [InlineData(1f, 0.1f, (10 + 0.9) / (10 + 9))]
    public void Score_is_the_mean_of_probabilities_by_their_own_weight(float on, float off, double expected)
    {
        Mask mask = new(10, 10);
        mask.Values.AsSpan().Fill(off);
        mask.Values.AsSpan(0, 10).Fill(on);
        Assert.Equal(expected, Presence.Score(mask), 1e-6);
    }

    private static void Add(PresenceTally tally, bool present, double score, PhraseKind kind = PhraseKind.Name)
        => tally.Add(new(present, kind, [score, score, score, score]));
}
