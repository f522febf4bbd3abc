using System.Text.Json.Serialization;
using ClipSeg.Imaging;
using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Prompts;
using ClipSeg.Training.Data;
using ClipSeg.Training.Metrics;
using ClipSeg.Training.Reports;

namespace ClipSeg.Training.Evaluation;

/// <summary>
/// How much more CLIP sees the object that a mask marks when the picture is engineered: the paper's Table 2. A unit is
/// a picture and one of the things in it.
/// </summary>
/// <remarks>
/// training-and-evaluation.md §3.5. The probability of the object's name among the names of all that the picture
/// shows, by CLIP's two towers alone; ΔP is how much it gains on that of the plain picture, averaged, times 100. Two
/// rows of the paper's table were computed with other parameters than their labels say; as published, with those.
/// </remarks>
internal sealed class VisualPromptsTask : EvaluationTask
{
    private const string Template = "a photo of a {}";
    private const double LogitScale = 100;          // what CLIP's temperature has learned to be, in all its models
    private const int FewestNames = 3;
    private const double SmallestObject = 0.1, SmallestScored = 0.02;       // of the picture

    private static readonly string[] _shown = ["dark_10", "crop", "crop_blur_dark_10"];

    private readonly SegmentationData _data;
    private readonly bool _asPublished;
    private readonly Variant[] _variants;

    /// <param name="data">Whose samples know what else is in their pictures.</param>
    /// <param name="asPublished">
    /// Engineered pictures shrunk to the size that CLIP was made for, objects of a tenth of the picture and more, and
    /// the parameters of the paper's code.
    /// </param>
    public VisualPromptsTask(SegmentationData data, bool asPublished)
    {
        (_data, _asPublished) = (data, asPublished);
        _variants = [.. Variants(asPublished)];
        Settings["protocol"] = asPublished ? "published" : "standard";
    }

    public override string Name => "visual-prompts";

    public override TaskResult Run(Segmenter segmenter, string model, EvaluationRun run)
    {
        Bootstrap[] gains = [.. _variants.Select(_ => new Bootstrap())];
        Bootstrap plain = new();
        ExampleChoice examples = new();
        TaskResult result = Run(segmenter, model, run, _data.Count, GainsJson.Default.ObjectGains,
            unit => Measure(segmenter, unit, run.OnUnreadable), (unit, one) =>
            {
                if (one.Probabilities.Length != _variants.Length + 1) return (0, one.Skipped ? 1 : 0);
                plain.Add(one.Picture, one.Probabilities[0], 1);
                for (int v = 0; v < gains.Length; v++)
                    gains[v].Add(one.Picture, 100 * (one.Probabilities[v + 1] - one.Probabilities[0]), 1);
                examples.Add(unit, 0, one.Phrase, 100 * (one.Probabilities[^1] - one.Probabilities[0]));
                return (1, 0);
            });
        OrderedDictionary<string, Figure> figures = new()
        {
            ["plain"] = MaskTally.Of("probability of the object, plain picture", plain.Of()),
        };
        for (int v = 0; v < gains.Length; v++)
            figures.Add(_variants[v].Key, MaskTally.Of($"ΔP x 100, {_variants[v].Name}", gains[v].Of()));
        return result with
        {
            Figures = figures,
            Published = [PublishedScores.VisualPrompts],
            Examples = examples.All(),
        };
    }

    /// <summary>The object, and what CLIP sees of it: plain, darkened, cropped, and both with blur.</summary>
    public override PageExample? Show(Segmenter segmenter, TaskExample example)
    {
        if (Readable.Get(() => _data.Get(example.Unit), null) is not { } sample) return null;
        double[] found = Measure(segmenter, example.Unit, null).Probabilities;
        if (found.Length == 0) return null;
        List<ExamplePicture> pictures =
        [
            new(Overlay.Draw(sample.Picture, [sample.Mask], [TaskPage.Truth], 0.5f), "the object"),
            new(sample.Picture, Caption("plain", found[0])),
        ];
        for (int v = 0; v < _variants.Length; v++)
        {
            if (!_shown.Contains(_variants[v].Key)) continue;
            pictures.Add(new(segmenter.Prompts.Engineer(sample.Picture, sample.Mask, _variants[v].Engineering),
                Caption(_variants[v].Name, found[v + 1])));
        }
        return new(sample.Phrase, FormattableString.Invariant($"ΔP x 100: {example.Score:0.0}"), pictures);

        static string Caption(string name, double probability)
            => FormattableString.Invariant($"{name}: {probability:0.00}");
    }

    protected override string Unanswered(int units, int skipped) => $"{Data}: none of {units} objects is large enough "
        + $"in a picture with the names of {FewestNames} things.";

    private ObjectGains Measure(Segmenter segmenter, int unit, Action<string>? onUnreadable)
    {
        long picture = _data.GroupOf(unit);
        IReadOnlyList<string> others = _data.OthersIn(unit);
        if (others.Count + 1 < FewestNames) return new(picture, "", [], Skipped: false);
        if (Readable.Get(() => _data.Get(unit), onUnreadable) is not { } sample)
            return new(picture, "", [], Skipped: true);
        double share = sample.Mask.Values.Sum() / sample.Mask.Values.Length;
        if (share < (_asPublished ? SmallestObject : SmallestScored)) return new(picture, "", [], Skipped: false);

        Prompt[] names = [.. others.Prepend(sample.Phrase).Select(name => segmenter.Prompt(name, Template))];
        List<double> probabilities = [Probability(Shown(segmenter, sample, new VisualPrompt()), names)];
        foreach (Variant variant in _variants)
        {
            Prompt shown = variant.Masking is { } masking
                ? segmenter.Prompt(sample.Picture, sample.Mask, Within(segmenter, masking))
                : Shown(segmenter, sample, variant.Engineering!);
            probabilities.Add(Probability(shown, names));
        }
        return new(picture, sample.Phrase, [.. probabilities], Skipped: false);
    }

    /// <summary>CLIP's embedding of the engineered picture.</summary>
    private Prompt Shown(Segmenter segmenter, SegmentationSample sample, VisualPrompt engineering)
    {
        if (!_asPublished) return segmenter.Prompt(sample.Picture, sample.Mask, engineering);
        using TensorScope scope = new();
        Preprocessing input = segmenter.Preprocessing;
        Tensor pixels = input.Apply(sample.Picture).Reshape(3, input.Height, input.Width);
        Tensor shown = (engineering with { ImageSize = input.Height }).Apply(pixels, input.Apply(sample.Mask));
        int side = segmenter.Engine.Config.ImageSize;
        Tensor small = Tensor.Empty(1, 3, side, side);
        Interpolation.Bilinear(shown.Data, 3, shown[1], shown[2], small.Data, side, side, alignCorners: false);
        return new("picture", segmenter.Engine.EmbedPictures(small).Data);
    }

    /// <summary>The paper's last block but one; shallower towers have theirs.</summary>
    private static ClipMasking Within(Segmenter segmenter, ClipMasking masking)
        => masking with { Layer = masking.Layer is null ? null : segmenter.Engine.Config.Vision.Layers - 1 };

    /// <summary>Of the first name, among all of them.</summary>
    private static double Probability(Prompt picture, Prompt[] names)
    {
        double[] logits = [.. names.Select(name => LogitScale * Prompt.Cosine(picture, name))];
        double highest = logits.Max();
        return Math.Exp(logits[0] - highest) / logits.Sum(l => Math.Exp(l - highest));
    }

    private static IEnumerable<Variant> Variants(bool asPublished)
    {
        yield return new("clip_cls_11", "CLIP masking, CLS in the last layer", new(AttentionMaskScope.ClassToken, 11));
        yield return new("clip_cls", "CLIP masking, CLS in all layers", new(AttentionMaskScope.ClassToken));
        yield return new("clip_all", "CLIP masking, all in all layers", new(AttentionMaskScope.Patches));
        yield return new("dye", "red object in a grey picture", new VisualPrompt { Colorize = true });
        yield return new("outline", "red outline", new VisualPrompt { Outline = true });
        yield return new("dark_50", "background at 50 %", new VisualPrompt { BackgroundFactor = 0.5f });
        yield return new("dark_10", "background at 10 %", new VisualPrompt { BackgroundFactor = 0.1f });
        yield return new("dark_0", "background at 0 %", new VisualPrompt { BackgroundFactor = 0 });
        yield return new("blur", "background blurred", new VisualPrompt { Blur = 3 });
        yield return new("blur_dark_10", "blurred, at 10 %", new VisualPrompt { Blur = 3, BackgroundFactor = 0.1f });
        yield return new("crop_large", "crop, much context", new VisualPrompt { CenterContext = 0.5 });
        yield return new("crop", "crop", new VisualPrompt { CenterContext = 0.1 });
        yield return new("crop_blur", "crop, blurred",
            new VisualPrompt { CenterContext = asPublished ? 0.5 : 0.1, Blur = 3 });
        yield return new("crop_dark_10", "crop, at 10 %", asPublished
            ? new VisualPrompt { Blur = 3, BackgroundFactor = 0.1f }
            : new VisualPrompt { CenterContext = 0.1, BackgroundFactor = 0.1f });
        yield return new("crop_blur_dark_10", "crop, blurred, at 10 %",
            new VisualPrompt { CenterContext = 0.1, Blur = 3, BackgroundFactor = 0.1f });
    }

    /// <summary>A row of the table: one way to show an object.</summary>
    private sealed record Variant(string Key, string Name, VisualPrompt? Engineering, ClipMasking? Masking = null)
    {
        public Variant(string key, string name, ClipMasking masking) : this(key, name, null, masking) { }
    }
}

/// <summary>What an object gained: a line of the journal.</summary>
/// <param name="Picture">Its number.</param>
/// <param name="Phrase">The object's name.</param>
/// <param name="Probabilities">Of its name: in the plain picture, then in each engineered one; empty if not scored.
/// </param>
/// <param name="Skipped">Whether it could not be read.</param>
internal sealed record ObjectGains(long Picture, string Phrase, double[] Probabilities, bool Skipped);

/// <summary>The JSON of journals of gains.</summary>
[JsonSourceGenerationOptions(RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ObjectGains))]
internal sealed partial class GainsJson : JsonSerializerContext;
