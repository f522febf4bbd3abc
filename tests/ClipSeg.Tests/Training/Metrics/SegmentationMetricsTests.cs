using System.Text.Json;
using ClipSeg.Numerics;
using ClipSeg.Training.Metrics;

namespace ClipSeg.Tests.Training.Metrics;

public sealed class SegmentationMetricsTests
{
    private const int Pixels = 40 * 56;

    private static readonly Dictionary<string, Tensor> _fixture = FixtureTensors.ReadAll("metrics/metrics.safetensors");

    [Theory]
    [InlineData("plain")]
    [InlineData("valid")]
    public void Authors_equal_the_reference(string name)
    {
        AuthorsMetrics actual = Score(Enumerable.Range(0, 12), name == "valid").Authors();
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Fixtures.At("metrics", "metrics.json")));
        int checkedCurves = 0;
        foreach (JsonProperty expected in json.RootElement.GetProperty(name).EnumerateObject())
        {
            if (expected.Name == "ap")
            {
                Assert.Equal(expected.Value.GetDouble(), actual.AveragePrecision, 1e-6);
                continue;
            }
            IouCurve curve = expected.Name.Split('_')[0] switch
            {
                "fgiou" => actual.ForegroundIou,
                "biniou" => actual.BinaryIou,
                "miou" or "mean" => actual.MeanIou,
                _ => throw new InvalidDataException($"Nothing checks the reference's {expected.Name}."),
            };
            if (expected.Value.ValueKind == JsonValueKind.Array)
            {
                double[] scores = [.. expected.Value.EnumerateArray().Select(v => v.GetDouble())];
                Assert.Equal(scores.Length, curve.Scores.Count);
                for (int j = 0; j < scores.Length; j++) Assert.Equal(scores[j], curve.Scores[j], 1e-6);
                checkedCurves++;
                continue;
            }
            string which = expected.Name[(expected.Name.IndexOf('_') + 1)..];
            double value = which switch
            {
                "best" => curve.Best,
                "best_t" => curve.BestThreshold,
                _ => curve.At(double.Parse(which)),
            };
            Assert.Equal(expected.Value.GetDouble(), value, 1e-6);
        }
        Assert.Equal(3, checkedCurves);
    }

    [Theory]
    [InlineData(new[] { 0.1, 0.5, 0.9 }, new[] { 1, 0.9, 0.5 }, 0.68)]
    [InlineData(new[] { 0.1, 0.3, 0.5, 0.8, 0.95 }, new[] { 1, 0.95, 0.9, 0.6, 0.2 }, 0.68375)]
    [InlineData(new[] { 0.1, 0.3, 0.5, 0.8 }, new[] { 1, 0.95, 0.9, 0.6 }, 0.609375)]
    [InlineData(new[] { 0.0, 0.5 }, new[] { 1, 0.5 }, 0.375)]
    [InlineData(new[] { 0.5 }, new[] { 1.0 }, 0)]
    [InlineData(new double[0], new double[0], 0)]
    public void Simpson_equals_values_computed_by_hand(double[] x, double[] y, double expected)
        => Assert.Equal(expected, AuthorsMetrics.Simpson(x, y), 1e-12);

    [Fact]
    public void Simpson_takes_points_above_each_other()
        // Two of the three have no distance: what divides by it counts as 0, so (0.5 / 6) (1 * 2 + 0.25 * 2).
        => Assert.Equal(0.5 / 6 * 2.5, AuthorsMetrics.Simpson([0.5, 0.5, 1], [1, 0.5, 0.25]), 1e-12);

    [Fact]
    public void Plain_equals_its_definitions_counted_pixel_by_pixel()
    {
        PlainMetrics actual = Score(Enumerable.Range(0, 12), withValid: false).Plain();
        foreach (double threshold in (double[])[0.02, 0.1, 0.3, 0.5, 0.98])
        {
            (int both, int either, int neither, int notBoth) = (0, 0, 0, 0);
            (double sum, int scored) = (0, 0);
            for (int n = 0; n < 12; n++)
            {
                (int intersection, int union) = (0, 0);
                for (int i = n * Pixels; i < (n + 1) * Pixels; i++)
                {
                    bool predicted = 1 / (1 + Math.Exp(-_fixture["logits"].Data[i])) > threshold;
                    bool there = _fixture["masks"].Data[i] == 1;
                    if (predicted && there) intersection++;
                    if (predicted || there) union++;
                    if (!predicted && !there) neither++;
                    if (!predicted || !there) notBoth++;
                }
                both += intersection;
                either += union;
                if (union == 0) continue;
                sum += (double)intersection / union;
                scored++;
            }
            Assert.Equal((double)both / either, actual.ForegroundIou.At(threshold), 1e-12);
            double binary = ((double)both / either + (double)neither / notBoth) / 2;
            Assert.Equal(binary, actual.BinaryIou.At(threshold), 1e-12);
            Assert.Equal(sum / scored, actual.MeanSampleIou.At(threshold), 1e-12);
        }
    }

    [Fact]
    public void Plain_average_precision_equals_its_definition()
    {
        // Probabilities in the middles of the levels, so that nothing is lost to them.
        Random random = new(42);
        float[] p = new float[3000];
        float[] mask = new float[p.Length];
        for (int i = 0; i < p.Length; i++)
        {
            int level = random.Next(1000);
            p[i] = (level + 0.5f) / 1000;
            mask[i] = random.Next(1000) < level / 2 ? 1 : 0;
        }
        SegmentationMetrics metrics = new();
        metrics.AddProbabilities(p, mask, 0);

        double expected = 0;
        double recall = 0;
        foreach (float cut in p.Distinct().OrderDescending())
        {
            int found = Enumerable.Range(0, p.Length).Count(i => p[i] >= cut && mask[i] == 1);
            double newRecall = found / (double)mask.Sum();
            expected += (newRecall - recall) * found / p.Count(v => v >= cut);
            recall = newRecall;
        }
        Assert.Equal(expected, metrics.Plain().AveragePrecision, 1e-9);
    }

    [Fact]
    public void Thresholds_are_strict_and_compared_in_float32()
    {
        for (int j = 1; j <= 49; j++)
        {
            float threshold = (float)(j * 0.02);
            Assert.False(IsTaken(threshold, j));
            Assert.True(IsTaken(MathF.BitIncrement(threshold), j));
            if (j > 1) Assert.True(IsTaken(threshold, j - 1));
            if (j < 49) Assert.False(IsTaken(MathF.BitIncrement(threshold), j + 1));
        }

        static bool IsTaken(float probability, int j)
        {
            SegmentationMetrics metrics = new();
            metrics.AddProbabilities([probability], [1], 0);
            return metrics.Plain().ForegroundIou.At(j / 50.0) == 1;
        }
    }

    [Fact]
    public void Probabilities_out_of_range_count_as_its_ends()
    {
        SegmentationMetrics metrics = new();
        metrics.AddProbabilities([float.NaN, float.NegativeInfinity, -1, 2, 1 / 0f], [0, 0, 0, 1, 1], 0);
        Assert.All(metrics.Plain().ForegroundIou.Scores, score => Assert.Equal(1, score));
    }

    [Fact]
    public void Nothing_found_where_there_is_nothing_has_no_score_and_zero_by_the_authors()
    {
        SegmentationMetrics metrics = new();
        metrics.AddProbabilities([0, 0.01f], [0, 0], 7);
        Assert.Equal(double.NaN, metrics.Plain().MeanSampleIou.At(0.5));
        Assert.Equal(double.NaN, metrics.Plain().ForegroundIou.Best);
        Assert.Equal(double.NaN, metrics.Plain().AveragePrecision);
        Assert.Equal(1, metrics.Plain().BinaryIou.At(0.5));     // the background's alone
        Assert.False(metrics.HasForeground);
        Assert.Equal(0, metrics.Authors().MeanIou.At(0.5));
        Assert.Equal(1 / 3.0, metrics.Authors().BinaryIou.At(0.5), 1e-12);
        Assert.Equal(0, metrics.Authors().AveragePrecision);
    }

    [Fact]
    public void A_class_for_each_sample_is_what_no_class_is_taken_for()
    {
        SegmentationMetrics without = new(), with = new();
        for (int n = 0; n < 12; n++)
        {
            Range range = (n * Pixels)..((n + 1) * Pixels);
            without.AddLogits(_fixture["logits"].Data[range], _fixture["masks"].Data[range], classId: null);
            with.AddLogits(_fixture["logits"].Data[range], _fixture["masks"].Data[range], classId: n);
        }
        for (int j = 0; j < 49; j++)
            Assert.Equal(with.Authors().MeanIou.Scores[j], without.Authors().MeanIou.Scores[j], 1e-12);
    }

    [Fact]
    public void Merge_equals_adding_everything_to_one()
    {
        SegmentationMetrics merged = Score([0, 3, 5, 11], withValid: true);
        merged.Merge(Score([1, 2, 4, 6, 7, 8, 9, 10], withValid: true));
        SegmentationMetrics one = Score(Enumerable.Range(0, 12), withValid: true);
        Assert.Equal(12, merged.Samples);
        Assert.Equal(one.Authors().AveragePrecision, merged.Authors().AveragePrecision, 1e-12);
        Assert.Equal(one.Plain().AveragePrecision, merged.Plain().AveragePrecision, 1e-12);
        for (int j = 0; j < 49; j++)
        {
            Assert.Equal(one.Authors().MeanIou.Scores[j], merged.Authors().MeanIou.Scores[j], 1e-12);
            Assert.Equal(one.Plain().MeanSampleIou.Scores[j], merged.Plain().MeanSampleIou.Scores[j], 1e-12);
        }
    }

    [Fact]
    public void Add_refuses_lengths_that_differ_and_results_without_samples()
    {
        SegmentationMetrics metrics = new();
        Assert.Throws<ArgumentException>(() => metrics.AddLogits([1, 2], [1], 0));
        Assert.Throws<ArgumentException>(() => metrics.AddProbabilities([1, 2], [1, 0], 0, [1]));
        Assert.Throws<InvalidOperationException>(() => metrics.Authors());
        Assert.Throws<InvalidOperationException>(() => metrics.Plain());
    }

    [Theory]
    [InlineData(0.25)]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(double.NaN)]
    public void Curve_refuses_a_threshold_it_has_no_score_for(double threshold)
    {
        SegmentationMetrics metrics = new();
        metrics.AddProbabilities([1], [1], 0);
        Assert.Throws<ArgumentException>(() => metrics.Plain().ForegroundIou.At(threshold));
    }

    private static SegmentationMetrics Score(IEnumerable<int> samples, bool withValid)
    {
        SegmentationMetrics metrics = new();
        foreach (int n in samples)
        {
            Range range = (n * Pixels)..((n + 1) * Pixels);
            metrics.AddLogits(_fixture["logits"].Data[range], _fixture["masks"].Data[range],
                (int)_fixture["classes"].Data[n], withValid ? _fixture["valid"].Data[range] : default);
        }
        return metrics;
    }
}
