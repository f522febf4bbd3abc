using System.Text.Json;
using ClipSeg.Imaging;
using ClipSeg.Numerics;
using ClipSeg.Prompts;
using ClipSeg.Scenes;
using ClipSeg.Scenes.Artwork;
using ClipSeg.Scenes.Evaluation;
using ClipSeg.Training.Data;
using ClipSeg.Training.Metrics;

namespace ClipSeg.Tests.Scenes.Evaluation;

public sealed class SceneEvaluationTests : IDisposable
{
    private static readonly SceneEvaluationOptions _few = new() { Scenes = 40, ValidationScenes = 20, Examples = 6 };

    private readonly Segmenter _segmenter = Segmenter.Load(Fixtures.At("model", "mini"));

    [Fact]
    public void Report_counts_the_pixels_of_every_phrase_of_the_scenes()
    {
        SceneReport report = Run(_few);

        (int samples, double iou, double mean) = Count(SceneSplit.Test, 20, report.Threshold);
        SegmentationScore score = report.Score(PromptSource.Text, ScenePart.Seen)!;
        Assert.Equal(samples, score.Samples);
        Assert.Equal(iou, score.ForegroundIou, 1e-9);
        Assert.Equal(mean, score.MeanSampleIou, 1e-9);
    }

    [Fact]
    public void Threshold_is_the_best_one_of_the_validation_scenes()
    {
        double threshold = Run(_few with { Scenes = 2 }).Threshold;

        double[] ious = [.. SegmentationMetrics.Thresholds.Select(t => Count(SceneSplit.Validation, 20, t).Iou)];
        Assert.True(ious.Max() > ious.Min());
        Assert.Equal(SegmentationMetrics.Thresholds[Array.IndexOf(ious, ious.Max())], threshold);
    }

    [Fact]
    public void A_threshold_that_is_given_is_taken()
    {
        SceneReport report = Run(_few with { Threshold = 0.42 });
        Assert.Equal(0.42, report.Threshold);
        (_, double iou, _) = Count(SceneSplit.Test, 20, 0.42);
        Assert.Equal(iou, report.Score(PromptSource.Text, ScenePart.Seen)!.ForegroundIou, 1e-9);
    }

    [Fact]
    public void Held_out_concepts_are_measured_beside_seen_ones()
    {
        SceneReport report = Run(_few);

        Assert.Null(report.Score(PromptSource.Text, ScenePart.Seen, exposure: Exposure.HeldOut));
        Assert.Null(report.Score(PromptSource.Text, ScenePart.Names, PhraseKind.Category));
        SegmentationScore heldOut = report.Score(PromptSource.Text, ScenePart.Names, exposure: Exposure.HeldOut)!;
        SegmentationScore seen = report.Score(PromptSource.Text, ScenePart.Names, exposure: Exposure.Seen)!;
        Assert.InRange(heldOut.Samples, 10, 200);
        Assert.InRange(seen.Samples, 10, 200);
        Assert.Equal(heldOut.ForegroundIou, ValueOf(report, "text_held_out_names"));
        Assert.Equal(heldOut.ForegroundIou / seen.ForegroundIou, ValueOf(report, "held_out_to_seen"));
        Assert.True(Names(report, PromptSource.Picture) <= Names(report, PromptSource.Text));

        static int Names(SceneReport r, PromptSource source) => r.Score(source, ScenePart.Names)!.Samples;
    }

    [Fact]
    public void Blends_go_from_the_text_to_the_picture_on_the_same_samples()
    {
        SceneReport report = Run(_few);
        SegmentationScore picture = report.Score(PromptSource.Picture)!;

        Assert.Equal(11, report.Blend.Count);
        int blended = Assert.Single(report.Blend.Select(point => point.All!.Samples).Distinct());
        Assert.InRange(blended, 1, picture.Samples);
        Assert.True(report.Score(PromptSource.Text)!.Samples > picture.Samples);        // relations
        Assert.Null(report.Score(PromptSource.Picture, kind: PhraseKind.Relation));
        Assert.NotEqual(report.Blend[0].All!.ForegroundIou, report.Blend[5].All!.ForegroundIou);
        Assert.Equal((900, 520), (report.PlotBlend().Width, report.PlotBlend().Height));
    }

    [Fact]
    public void Report_is_the_same_every_time_and_complete_as_json()
    {
        SceneEvaluationOptions options = _few with { Scenes = 6 };
        string text = Json(Run(options));
        Assert.Equal(text, Json(Run(options)));
        Assert.NotEqual(text, Json(Run(options with { Seed = 2 })));

        using JsonDocument json = JsonDocument.Parse(text);
        JsonElement root = json.RootElement;
        Assert.Equal(6, root.GetProperty("scenes").GetInt32());
        Assert.Equal(48, root.GetProperty("size").GetInt32());
        Assert.Equal(11, root.GetProperty("blend").GetArrayLength());
        Assert.Equal(1, root.GetProperty("retrieval").GetArrayLength());
        JsonElement figures = root.GetProperty("figures");
        Assert.InRange(figures.GetProperty("negatives_quiet").GetProperty("value").GetDouble(), 0, 1);
        int[] samples = [.. root.GetProperty("cells").EnumerateArray()
            .Where(c => c.GetProperty("prompt").GetString() == "text" && c.GetProperty("part").GetString() == "seen")
            .Select(c => c.GetProperty("samples").GetInt32())];
        Assert.InRange(samples.Sum(), 3, 12);
    }

    [Fact]
    public void Answers_to_all_questions_together_are_those_to_each_alone()
    {
        SceneReport report = Run(_few with { Scenes = 6 });
        Dictionary<double, SegmentationMetrics> blends =
            SceneEvaluation.BlendWeights.ToDictionary(weight => weight, _ => new SegmentationMetrics());
        int quiet = 0;
        for (int i = 0; i < 6; i++)
        {
            SceneGenerator generator = new(TestArtwork.Catalogue,
                new() { Size = 48, Pool = i % 2 == 1 ? ConceptPool.Mixed : ConceptPool.Seen });
            Scene scene = generator.Generate(SceneSplit.Test, 1, i / 2);
            List<Phrase> phrases = SceneFiles.PhrasesOf(scene, i, 4);
            bool blended = i / 2 % 2 == 0;
            for (int k = 0; k < phrases.Count && blended; k++)
            {
                RandomStream supports = new(RandomUse.EvaluatedSupports, 1, (long)i << 8 | (uint)k);
                if (SceneData.FindSupport(generator, SceneSplit.Test, 1, phrases[k], ref supports) is not { } support)
                    continue;
                Prompt picture = _segmenter.Prompt(support.Picture, support.Mask);
                foreach ((double weight, SegmentationMetrics metrics) in blends)
                {
                    Prompt blend = Prompt.Mix(picture, _segmenter.Prompt(phrases[k].Text), (float)weight);
                    metrics.AddProbabilities(_segmenter.Segment(scene.Picture, blend).Values,
                        scene.Mask(phrases[k].Objects).Values, classId: 0);
                }
                blended = false;
            }
            RandomStream random = new(RandomUse.EvaluatedNegatives, 1, i);
            Mask absent = _segmenter.Segment(scene.Picture, new ScenePhrases(scene).Negative(ref random).Text);
            if (absent.Values.Count(p => p <= (float)report.Threshold) >= 0.9 * absent.Values.Length) quiet++;
        }
        Assert.All(report.Blend, point => Assert.Equal(
            blends[point.Weight].Plain().ForegroundIou.At(report.Threshold), point.All!.ForegroundIou, 1e-9));
        Assert.Equal(quiet, report.Negatives.Quiet);
    }

    [Fact]
    public void Scores_by_size_and_by_group_are_parts_of_those_of_all_phrases()
    {
        SceneReport report = Run(_few with { Scenes = 10 });
        int all = report.Score(PromptSource.Text)!.Samples;
        Assert.Equal(all, report.Parts("size").Sum(part => part.Score.Samples));
        Assert.Equal(all, report.Parts("group").Sum(part => part.Score.Samples));
        Assert.Empty(report.Parts("group").Select(part => part.Name).Except(["animal", "food", "shape", "several"]));
        Assert.Empty(report.Parts("size").Select(part => part.Name)
            .Except(["under 2 % of the picture", "2 to 20 %", "over 20 %"]));
        Assert.Contains("\"by\": \"size\"", Json(report));
    }

    [Fact]
    public void Examples_alternate_between_seen_and_mixed_scenes()
    {
        IReadOnlyList<SceneExample> examples = Run(_few).Examples;
        Assert.Equal(6, examples.Count);
        Assert.Equal([true, false, true, false, true, false], examples.Select(e => e.Phrase.Exposure == Exposure.Seen));
        Assert.All(examples, e => Assert.Contains(1f, e.Truth.Values));
        Assert.Contains(examples, e => e.ByPicture is not null && e.Support is not null && e.SupportMask is not null);
    }

    [Fact]
    public void Scenes_of_another_size_than_the_models_are_measured_at_their_own()
    {
        SceneReport report = Run(_few with { Scenes = 2, ValidationScenes = 1, Size = 80 });
        Assert.Equal(80, report.Size);
        Assert.All(report.Examples, e => Assert.Equal((80, 80), (e.ByText.Width, e.ByText.Height)));
    }

    [Fact]
    public void Words_alone_are_measured_as_beside_pictures()
    {
        SceneEvaluationOptions few = _few with { Scenes = 6 };
        SceneReport all = Run(few), words = Run(few with { WordsOnly = true });
        Assert.Equal(all.Score(PromptSource.Text), words.Score(PromptSource.Text));
        Assert.Null(words.Score(PromptSource.Picture));
        Assert.All(words.Blend, point => Assert.Null(point.All));
        Assert.InRange(words.Figures.Single(f => f.Key == "combined_or").Mean ?? 0, 0.01, 1);
    }

    [Fact]
    public void Masks_are_measured_as_the_options_make_them()
    {
        SceneEvaluationOptions few = _few with { Scenes = 4, Size = 96, WordsOnly = true };
        Mask plain = Run(few).Examples[0].ByText;
        SceneExample guided = Run(few with { Guided = 3 }).Examples[0];
        Assert.Equal(plain.GuidedFilter(guided.Picture, 3).Values, guided.ByText.Values);
        SceneExample fine = Run(few with { Fine = true }).Examples[0];
        Mask alone = _segmenter.Segment(_segmenter.Encode(fine.Picture, fine: true), [fine.Phrase.Text])[0];
        // A prompt alone, and several at once: sums in another order.
        Assert.InRange(alone.Values.Zip(fine.ByText.Values, (a, b) => Math.Abs(a - b)).Max(), 0, 1e-6f);
        Assert.NotEqual(plain.Values, fine.ByText.Values);
    }

    [Fact]
    public void Combined_phrases_mean_what_both_either_or_the_first_alone_mean()
    {
        SceneGenerator generator = new(TestArtwork.Catalogue, new() { Size = 48 });
        int found = 0;
        for (int i = 0; i < 12; i++)
        {
            Scene scene = generator.Generate(SceneSplit.Test, 1, i);
            for (int way = 0; way < 3; way++)
            {
                RandomStream random = new(RandomUse.Tests, 0, i);
                if (CombinedTally.Choose(scene, way, random) is not var (expression, objects)) continue;
                found++;
                uint[] means = [.. expression.Phrases.Select(text =>
                    new ScenePhrases(scene).All().First(phrase => phrase.Text == text).Objects)];
                Assert.Contains($" {CombinedTally.Operators[way]} ", expression.ToString());
                Mask expected = expression.Combine([.. means.Select(scene.Mask)]);
                Assert.Equal(expected.Values, scene.Mask(objects).Values);
                Assert.NotEqual(expected.Values, scene.Mask(means[0]).Values);
            }
        }
        Assert.InRange(found, 15, 36);
    }

    [Fact]
    public void Combined_answers_are_averaged_for_each_operator()
    {
        CombinedTally one = new(), two = new();
        one.Add(1, 0.5, 0.25);
        two.Add(1, 0.75, 0.5);
        one.Merge(two);
        Assert.Equal((0.625, 0.375), (one.Iou(1), one.Boundary(1)));
        Assert.Null(one.Iou(0));
    }

    [Fact]
    public void Absent_phrase_is_quiet_where_nine_pixels_of_ten_are_not_above_the_threshold()
    {
        SceneTally tally = new();
        foreach (int loud in (int[])[0, 1, 2])
        {
            float[] values = new float[10];
            values.AsSpan().Fill(0.5f);
            values.AsSpan(0, loud).Fill(0.51f);
            tally.AddNegative(new(10, 1, values), threshold: 0.5);
        }
        Assert.Equal((3, 2), (tally.NegativeScenes, tally.QuietScenes));
    }

    [Fact]
    public void Evaluation_tells_how_far_it_is_and_can_be_stopped()
    {
        List<EvaluationProgress> told = [];
        SceneEvaluation.Run(_segmenter, TestArtwork.Catalogue, _few with { Scenes = 34 }, told.Add);
        Assert.Equal([new("Test scenes", 0, 34), new("Test scenes", 32, 34), new("Test scenes", 34, 34)],
            told.Where(p => p.Stage == "Test scenes"));
        Assert.Equal(3, told.Select(p => p.Stage).Distinct().Count());

        using CancellationTokenSource stop = new();
        void Stop(EvaluationProgress progress)
        {
            Assert.NotEqual("Test scenes", progress.Stage);
            stop.Cancel();
        }
        Assert.Throws<OperationCanceledException>(
            () => SceneEvaluation.Run(_segmenter, TestArtwork.Catalogue, _few, Stop, stop.Token));
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Run(_few with { Scenes = 1 }));
        Assert.Throws<ArgumentException>(() => Run(_few with { ValidationScenes = 0 }));
        Assert.Throws<ArgumentException>(() => Run(_few with { PhrasesPerScene = 0 }));
        Assert.Throws<ArgumentException>(() => Run(_few with { Size = 8 }));
    }

    public void Dispose() => _segmenter.Dispose();

    private SceneReport Run(SceneEvaluationOptions options)
        => SceneEvaluation.Run(_segmenter, TestArtwork.Catalogue, options);

    /// <summary>The same from its definition, one pixel after the other.</summary>
    private (int Samples, double Iou, double MeanIou) Count(SceneSplit split, int scenes, double threshold)
    {
        SceneGenerator generator = new(TestArtwork.Catalogue, new() { Size = 48 });
        (int samples, double sum, long both, long either) = (0, 0, 0, 0);
        for (int i = 0; i < scenes; i++)
        {
            Scene scene = generator.Generate(split, 1, i);
            foreach (Phrase phrase in SceneFiles.PhrasesOf(scene, split == SceneSplit.Test ? 2 * i : i, 4))
            {
                Mask found = _segmenter.Segment(scene.Picture, phrase.Text).Threshold((float)threshold);
                float[] truth = scene.Mask(phrase.Objects).Values;
                int and = truth.Zip(found.Values).Count(p => p is { First: 1, Second: 1 });
                int or = truth.Zip(found.Values).Count(p => p.First + p.Second > 0);
                (samples, sum, both, either) = (samples + 1, sum + (double)and / or, both + and, either + or);
            }
        }
        return (samples, (double)both / either, sum / samples);
    }

    private static double? ValueOf(SceneReport report, string key) => report.Figures.Single(f => f.Key == key).Value;

    private static string Json(SceneReport report)
        => JsonSerializer.Serialize(report.ToFile(), ReportJson.Default.ReportFile);
}
