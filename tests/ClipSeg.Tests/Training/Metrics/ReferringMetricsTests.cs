using ClipSeg.Training.Metrics;

namespace ClipSeg.Tests.Training.Metrics;

public sealed class ReferringMetricsTests
{
    [Fact]
    public void Scores_equal_those_computed_by_hand()
    {
        ReferringMetrics metrics = new(threshold: 0.5);
        Assert.Equal((1, 2), metrics.Add([0.9f, 0.8f, 0.5f, 0], [0, 1, 0, 0]));     // IoU 1/2
        Assert.Equal((3, 4), metrics.Add([0.9f, 0.8f, 0.7f, 0], [1, 1, 1, 1]));     // IoU 3/4
        Assert.Equal((0, 1), metrics.Add([0, 0, 0.1f, 0], [0, 0, 0, 1]));           // there, and missed
        Assert.Equal((0, 0), metrics.Add([0, 0, 0.2f, 0], [0, 0, 0, 0]));           // nothing, and nothing found
        Assert.Equal((0, 2), metrics.Add([0.6f, 0.6f, 0, 0], [0, 0, 0, 0]));        // nothing, and something found

        Assert.Equal(5, metrics.Samples);
        Assert.Equal((0.5 + 0.75 + 0 + 1 + 0) / 5, metrics.GeneralisedIou, 1e-12);
        Assert.Equal(4 / 9.0, metrics.CumulativeIou, 1e-12);
        Assert.Equal(2 / 3.0, metrics.TargetAccuracy, 1e-12);
        Assert.Equal(1 / 2.0, metrics.NoTargetAccuracy, 1e-12);
        Assert.Equal([2 / 3.0, 1 / 3.0, 1 / 3.0, 0, 0], ReferringMetrics.Levels.Select(metrics.PrecisionAt));
        Assert.Throws<ArgumentException>(() => metrics.PrecisionAt(0.55));
    }

    [Fact]
    public void What_was_never_asked_has_no_score()
    {
        ReferringMetrics metrics = new(0.5);
        metrics.Add([0], [0]);
        Assert.Equal(1, metrics.GeneralisedIou);
        Assert.Equal(double.NaN, metrics.CumulativeIou);
        Assert.Equal(double.NaN, metrics.TargetAccuracy);
        Assert.Throws<ArgumentException>(() => metrics.Add([0, 0], [0]));
    }

    [Fact]
    public void Confusion_equals_what_is_counted_by_hand()
    {
        ConfusionMatrix matrix = new(4);
        matrix.Add([0, 0, 1, 1, 2, 2, 0, 1], [0, 0, 1, 0, 2, 1, 255, 1]);
        // Background: 2 of 3; class 1: 2 of 4; class 2: 1 of 2; class 3 does not occur; the seventh pixel is void.
        Assert.Equal([2 / 3.0, 2 / 4.0, 1 / 2.0, double.NaN], Enumerable.Range(0, 4).Select(matrix.Iou));
        Assert.Equal((2 / 3.0 + 1) / 3, ConfusionMatrix.MeanIou(Ious(0, 1, 2, 3)), 1e-12);
        Assert.Equal(1 / 2.0, ConfusionMatrix.MeanIou(Ious(1, 2, 3)), 1e-12);
        Assert.Equal(1 / 3.0, ConfusionMatrix.AuthorsMeanIou(Ious(1, 2, 3)), 1e-12);
        Assert.Equal(double.NaN, ConfusionMatrix.MeanIou(Ious(3)));
        Assert.Equal([0, 2, 3, 1, 2, 4, 2, 1, 2], matrix.Unions());
        Assert.Equal(0.48, ConfusionMatrix.HarmonicMean(0.4, 0.6), 1e-12);
        Assert.Equal(0, ConfusionMatrix.HarmonicMean(0, 0));

        ConfusionMatrix sum = new(4);
        sum.Merge(matrix);
        sum.Merge(matrix);
        Assert.Equal(matrix.Iou(1), sum.Iou(1));
        Assert.Throws<ArgumentException>(() => sum.Add([4], [0]));
        Assert.Throws<ArgumentException>(() => sum.Add([0], [0, 1]));

        double[] Ious(params int[] classes) => Array.ConvertAll(classes, matrix.Iou);
    }

    [Fact]
    public void Classes_have_the_intervals_of_a_ratio_each()
    {
        ClassBootstrap classes = new(3);
        Bootstrap one = new();
        for (int picture = 0; picture < 50; picture++)
        {
            classes.Add(picture, [0, picture % 3, 4, 2, 1, 1]);
            one.Add(picture, picture % 3, 4);
        }
        Assert.Equal(one.Of(), classes.Of(ious => ious[0]));
        Interval mean = classes.Of(ConfusionMatrix.MeanIou);
        Assert.Equal((one.Of().Score + 1) / 2, mean.Score, 1e-12);      // class 1 has no pixel
        Assert.InRange(mean.Low, (one.Of().Low + 1) / 2 - 1e-9, mean.Score);
        Assert.Throws<ArgumentException>(() => classes.Add(0, [3, 1, 1]));
    }

    [Fact]
    public void Bootstrap_has_the_width_that_statistics_give_it()
    {
        // 400 pictures, half of which score 1, half 0: the mean is 0.5, its standard error 0.025.
        Bootstrap bootstrap = new();
        for (int picture = 0; picture < 400; picture++) bootstrap.Add(picture, picture % 2, 1);
        Interval interval = bootstrap.Of();
        Assert.Equal(0.5, interval.Score, 1e-12);
        Assert.InRange(interval.Low, 0.5 - 1.96 * 0.025 - 0.01, 0.5 - 1.96 * 0.025 + 0.01);
        Assert.InRange(interval.High, 0.5 + 1.96 * 0.025 - 0.01, 0.5 + 1.96 * 0.025 + 0.01);

        Bootstrap other = new();
        for (int picture = 399; picture >= 0; picture--) other.Add(picture, picture % 2, 1);
        Assert.Equal(interval.Low, other.Of().Low, 1e-12);
        Assert.Equal(double.NaN, new Bootstrap().Of().Score);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.36, 0)]           // 1/e is 0.3679
    [InlineData(0.37, 1)]
    [InlineData(0.73, 1)]           // 2/e is 0.7358
    [InlineData(0.74, 2)]
    [InlineData(0.92, 3)]           // 2.5/e is 0.9197
    public void Poisson_draws_have_its_probabilities(double u, int times) => Assert.Equal(times, Bootstrap.Poisson(u));
}
