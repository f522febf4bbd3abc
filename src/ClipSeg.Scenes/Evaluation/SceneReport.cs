using System.Text.Json;
using ClipSeg.Imaging;
using ClipSeg.Training.Metrics;
using ClipSeg.Training.Reports;

namespace ClipSeg.Scenes.Evaluation;

/// <summary>How well some masks were found, at the report's threshold.</summary>
/// <param name="Samples">The number of masks.</param>
/// <param name="ForegroundIou">Intersection over union of all pixels of all samples: large objects count more.</param>
/// <param name="MeanSampleIou">Intersection over union of each sample, averaged: every sample counts the same.</param>
internal sealed record SegmentationScore(int Samples, double ForegroundIou, double MeanSampleIou);

/// <summary>The score of prompts that are <paramref name="Weight"/> picture and the rest text.</summary>
/// <param name="Weight">0 is the text alone, 1 the picture alone.</param>
/// <param name="All">The same samples at every weight: those that a picture can show.</param>
/// <param name="Seen">Of these, the samples of seen concepts.</param>
/// <param name="HeldOut">Of these, the samples of held-out concepts.</param>
internal sealed record BlendPoint(
    double Weight, SegmentationScore? All, SegmentationScore? Seen, SegmentationScore? HeldOut);

/// <summary>What happened when something absent was asked for, once in every scene.</summary>
/// <param name="Scenes">All of them.</param>
/// <param name="Quiet">Those in which at least 90 % of the pixels stayed under the threshold.</param>
internal sealed record NegativeScore(int Scenes, int Quiet)
{
    public double QuietShare => Scenes == 0 ? 0 : (double)Quiet / Scenes;
}

/// <summary>What was chosen on the validation scenes.</summary>
/// <param name="Threshold">The best for masks of text prompts.</param>
/// <param name="Iou">At it: foreground IoU.</param>
/// <param name="IouAtHalf">The same at 0.5, which people use.</param>
/// <param name="NotFoundBelow">The score below which things are best taken for absent.</param>
/// <param name="Auroc">Of each of <see cref="PresenceTally.Measures"/>; null where it could not be measured.</param>
internal sealed record ValidationScore(
    double Threshold, double Iou, double IouAtHalf, double NotFoundBelow, IReadOnlyList<double?> Auroc);

/// <summary>One number that sums up a model.</summary>
/// <param name="Key">In JSON: "held_out_names".</param>
/// <param name="Label">In a table.</param>
/// <param name="Value">A foreground IoU, a ratio or a share; null if there was nothing to measure.</param>
/// <param name="Mean">The same from means of sample IoUs; null where there is no such number.</param>
internal sealed record Figure(string Key, string Label, double? Value, double? Mean = null);

/// <summary>What <see cref="SceneEvaluation"/> measured.</summary>
internal sealed class SceneReport
{
    private const double Half = 0.5;

    private readonly SceneTally _tally;

    internal SceneReport(double threshold, SceneTally tally) => (Threshold, _tally) = (threshold, tally);

    /// <summary>What the validation scenes said.</summary>
    public required ValidationScore Validation { get; init; }

    /// <summary>Chosen on the validation scenes, unless it was given; used for everything.</summary>
    public double Threshold { get; }

    public required SceneEvaluationOptions Options { get; init; }

    /// <summary>Sides of the scenes, in pixels.</summary>
    public required int Size { get; init; }

    public NegativeScore Negatives => new(_tally.NegativeScenes, _tally.QuietScenes);

    /// <summary>Of CLIP alone, one per art style.</summary>
    public required IReadOnlyList<RetrievalScore> Retrieval { get; init; }

    /// <summary>Scenes to look at.</summary>
    public required IReadOnlyList<SceneExample> Examples { get; init; }

    /// <summary>The best answers to words, of as many scenes.</summary>
    public required IReadOnlyList<SceneExample> Best { get; init; }

    /// <summary>The worst.</summary>
    public required IReadOnlyList<SceneExample> Worst { get; init; }

    /// <summary>The score by mixing weight, 0 to 1.</summary>
    public IReadOnlyList<BlendPoint> Blend => [.. SceneEvaluation.BlendWeights.Select(weight => new BlendPoint(weight,
        ScoreOf(c => IsBlend(c, weight)), ScoreOf(c => IsBlend(c, weight) && c.Exposure == Exposure.Seen),
        ScoreOf(c => IsBlend(c, weight) && c.Exposure == Exposure.HeldOut)))];

    /// <summary>The numbers that sum the model up.</summary>
    public IReadOnlyList<Figure> Figures
    {
        get
        {
            SegmentationScore? heldOut = Score(PromptSource.Text, ScenePart.Names, exposure: Exposure.HeldOut);
            SegmentationScore? beside = Score(PromptSource.Text, ScenePart.Names, exposure: Exposure.Seen);
            BlendPoint best = Blend.MaxBy(point => point.All?.ForegroundIou ?? 0)!;
            return
            [
                Of("text", "text, all phrases, all scenes", Score(PromptSource.Text)),
                new("text_at_half", "the same at threshold 0.5", ForegroundIouAt(Half)),
                new("boundary", "boundary IoU, text, all phrases", null,
                    _tally.BoundarySamples == 0 ? null : _tally.BoundarySum / _tally.BoundarySamples),
                Of("text_seen", "text, all phrases, scenes of seen concepts", Score(PromptSource.Text, ScenePart.Seen)),
                Of("text_names", "text, names, scenes of seen concepts",
                    Score(PromptSource.Text, ScenePart.Seen, PhraseKind.Name)),
                Of("text_held_out_names", "text, held-out names, mixed scenes", heldOut),
                Of("text_seen_names_beside", "text, seen names, the same mixed scenes", beside),
                new("held_out_to_seen", "held-out to seen names, in these scenes",
                    heldOut?.ForegroundIou / beside?.ForegroundIou, heldOut?.MeanSampleIou / beside?.MeanSampleIou),
                Of("picture", "picture, all phrases, all scenes", Score(PromptSource.Picture)),
                Of("picture_names", "picture of the same concept, scenes of seen concepts",
                    Score(PromptSource.Picture, ScenePart.Seen, PhraseKind.Name)),
                Of("picture_held_out_names", "picture of the same held-out concept, mixed scenes",
                    Score(PromptSource.Picture, ScenePart.Names, exposure: Exposure.HeldOut)),
                Of("picture_seen_names_beside", "picture of the same seen concept, the same mixed scenes",
                    Score(PromptSource.Picture, ScenePart.Names, exposure: Exposure.Seen)),
                Of("best_blend", FormattableString.Invariant($"best blend, {best.Weight:0.0} picture"), best.All),
                Of("blend_text", "text alone, the same samples", Blend[0].All),
                new("negatives_quiet", "absent: scenes with 90 % under the threshold", Negatives.QuietShare),
                .. PresenceFigures, .. WordingFigures, .. CombinedFigures,
            ];
        }
    }

    private IEnumerable<Figure> PresenceFigures
    {
        get
        {
            PresenceTally presence = _tally.Presence;
            double limit = Validation.NotFoundBelow;
            string below = FormattableString.Invariant($"score below {limit:0.00}");
            for (int measure = 0; measure < PresenceTally.Measures.Count; measure++)
            {
                string name = PresenceTally.Measures[measure];
                yield return new($"auroc_{name}", $"present against absent: AUROC of {name}", presence.Auroc(measure));
            }
            yield return new("present_not_found", $"present, but {below}", presence.NotFound(true, limit));
            yield return new("absent_not_found", $"absent, and {below}", presence.NotFound(false, limit));
            yield return new("absent_colour_not_found", "of these, in the wrong colour",
                presence.NotFound(false, limit, coloured: true));
            yield return new("absent_thing_not_found", "of these, another thing",
                presence.NotFound(false, limit, coloured: false));
        }
    }

    private IEnumerable<Figure> WordingFigures => WordingTally.Ways.Select((name, way) => new Figure(
        $"wording_{name}", $"names with {name.Replace('_', ' ')}: IoU changes by", _tally.Wording.Change(way),
        _tally.Wording.Gain(way)));

    private IEnumerable<Figure> CombinedFigures => CombinedTally.Operators.SelectMany((name, way) =>
    {
        string key = $"combined_{name.ToLowerInvariant().Replace(' ', '_')}";
        return (IEnumerable<Figure>)
        [
            new(key, $"two phrases, a {name} b", null, _tally.Combined.Iou(way)),
            new($"{key}_boundary", "their boundary IoU", null, _tally.Combined.Boundary(way)),
        ];
    });

    /// <summary>The score of some samples; null if there are none.</summary>
    /// <param name="source">Text or picture.</param>
    /// <param name="part">Null for the balanced phrases of all scenes: not <see cref="ScenePart.Names"/>.</param>
    /// <param name="kind">Null for all.</param>
    /// <param name="exposure">Null for all.</param>
    public SegmentationScore? Score(
        PromptSource source, ScenePart? part = null, PhraseKind? kind = null, Exposure? exposure = null)
        => ScoreOf(c => c.Source == source && (part is null ? c.Part != ScenePart.Names : c.Part == part)
            && (kind ?? c.Kind) == c.Kind && (exposure ?? c.Exposure) == c.Exposure);

    /// <summary>The scores of balanced phrases in words, by "size" or by "group" of concepts.</summary>
    public IEnumerable<(string Name, SegmentationScore Score)> Parts(string by)
        => _tally.Parts.Where(part => part.Key.By == by).Select(part => (part.Key.Name, Of(part.Value)));

    /// <summary>All balanced phrases of all scenes, at every threshold.</summary>
    public SegmentationMetrics Metrics(PromptSource source)
        => Sum(cell => cell.Source == source && cell.Part != ScenePart.Names);

    /// <summary>IoU against the mixing weight.</summary>
    public Image PlotBlend() => LinePlot.Draw("From words to pictures: blended prompts",
        "weight of the picture prompt (0: words alone, 1: picture alone)", "foreground IoU", BlendLines());

    /// <summary>Foreground IoU against the mixing weight: of all, of seen and of held-out concepts.</summary>
    public IReadOnlyList<Series> BlendLines()
    {
        IReadOnlyList<BlendPoint> blend = Blend;
        return
        [
            new("all", Line(p => p.All)), new("seen", Line(p => p.Seen)), new("held out", Line(p => p.HeldOut)),
        ];

        (double, double)[] Line(Func<BlendPoint, SegmentationScore?> score)
            => [.. blend.Select(p => (p.Weight, score(p)?.ForegroundIou ?? double.NaN))];
    }

    /// <summary>All numbers.</summary>
    public ReportFile ToFile() => new(
        Options.Scenes, Options.ValidationScenes, Options.PhrasesPerScene, Options.Seed, Size,
        Photos: Options.Photos is not null, Threshold,
        new([
            new("iou", Finite(Validation.Iou)),
            new("iou_at_half", Finite(Validation.IouAtHalf)),
            new("not_found_below", Finite(Validation.NotFoundBelow)),
            .. PresenceTally.Measures.Zip(Validation.Auroc,
                (name, value) => KeyValuePair.Create($"auroc_{name}", Finite(value))),
        ]),
        new(Figures.Select(f => KeyValuePair.Create(f.Key, new FigureFile(Finite(f.Value), Finite(f.Mean))))),
        [.. _tally.Cells.Keys.Where(cell => cell.Source != PromptSource.Blend).Select(FileOf)],
        [.. _tally.Parts.Select(part => new PartFile(part.Key.By, part.Key.Name, Of(part.Value)))], Blend, Retrieval);

    private static bool IsBlend(SceneCell cell, double weight)
        => cell.Source == PromptSource.Blend && cell.Weight == weight;

    private static Figure Of(string key, string label, SegmentationScore? score)
        => new(key, label, score?.ForegroundIou, score?.MeanSampleIou);

    /// <summary>Of text prompts of all scenes.</summary>
    private double? ForegroundIouAt(double threshold)
        => Metrics(PromptSource.Text) is { Samples: > 0 } all ? all.Plain().ForegroundIou.At(threshold) : null;

    private SegmentationScore? ScoreOf(Func<SceneCell, bool> included)
    {
        SegmentationMetrics sum = Sum(included);
        return sum.Samples == 0 ? null : Of(sum);
    }

    private SegmentationScore Of(SegmentationMetrics metrics)
    {
        PlainMetrics plain = metrics.Plain();
        return new(metrics.Samples, plain.ForegroundIou.At(Threshold), plain.MeanSampleIou.At(Threshold));
    }

    private SegmentationMetrics Sum(Func<SceneCell, bool> included)
    {
        SegmentationMetrics sum = new();
        foreach ((SceneCell cell, SegmentationMetrics metrics) in _tally.Cells)
        {
            if (included(cell)) sum.Merge(metrics);
        }
        return sum;
    }

    private CellFile FileOf(SceneCell cell)
    {
        SegmentationScore score = ScoreOf(c => c == cell)!;
        return new(Name(cell.Source), Name(cell.Part), Name(cell.Kind), Name(cell.Exposure),
            score.Samples, score.ForegroundIou, score.MeanSampleIou);
    }

    private static string Name<T>(T value) where T : struct, Enum
        => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    private static double? Finite(double? value) => value is { } number && double.IsFinite(number) ? number : null;
}
