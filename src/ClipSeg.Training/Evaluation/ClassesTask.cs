using System.Globalization;
using System.Text.Json.Serialization;
using ClipSeg.Imaging;
using ClipSeg.Prompts;
using ClipSeg.Training.Data;
using ClipSeg.Training.Metrics;
using ClipSeg.Training.Reports;

namespace ClipSeg.Training.Evaluation;

/// <summary>What becomes of pixels that are of no class that has a name.</summary>
internal enum BackgroundRule
{
    /// <summary>A class like the others where the data has it; a pixel is its own if no name is likely there.</summary>
    Threshold,

    /// <summary>Its pixels are not scored, and it is never predicted: "VOC20", "Context59".</summary>
    Ignored,

    /// <summary>Asked for by its name, with three times its probability, as the paper does.</summary>
    Published,
}

/// <summary>
/// Open-vocabulary segmentation: every pixel gets the class whose name is likeliest there. With classes that training
/// did not see it is generalised zero-shot segmentation, the paper's Table 4. A unit is a picture.
/// </summary>
/// <remarks>training-and-evaluation.md §6.2.</remarks>
internal sealed class ClassesTask : EvaluationTask
{
    private const float PublishedFactor = 3;
    private const string Template = "a photo of a {}.";

    private readonly ClassData _data;
    private readonly BackgroundRule _rule;
    private readonly double _threshold;
    private readonly IReadOnlyList<string> _backgroundNames;
    private readonly int _background;
    private Prompt[]? _prompts;

    /// <param name="data">The pictures.</param>
    /// <param name="rule">What the background is.</param>
    /// <param name="threshold">Of <see cref="BackgroundRule.Threshold"/>.</param>
    /// <param name="backgroundNames">What the background is made of, such as sky and wall; these compete, too.</param>
    public ClassesTask(ClassData data, BackgroundRule rule, double threshold, IReadOnlyList<string> backgroundNames)
    {
        (_data, _rule, _threshold, _backgroundNames) = (data, rule, threshold, backgroundNames);
        _background = Enumerable.Range(0, data.Names.Count)
            .FirstOrDefault(c => data.Names[c][0] == ClassData.BackgroundName, -1);
        Settings["protocol"] = rule == BackgroundRule.Published ? "published" : "standard";
        Settings["background"] = rule == BackgroundRule.Threshold
            ? threshold.ToString(CultureInfo.InvariantCulture) : rule.ToString().ToLowerInvariant();
        if (backgroundNames.Count > 0) Settings["background-names"] = string.Join(", ", backgroundNames);
        if (data.Unseen.Count > 0)
            Settings["unseen"] = string.Join(", ", data.Unseen.Select(c => data.Names[c][0]));
    }

    public override string Name => _data.Unseen.Count > 0 ? "zero-shot" : "classes";

    /// <summary>What has been published on such pictures.</summary>
    public IReadOnlyList<PublishedRow> Published { get; init; } = [];

    private Framing Framing => _rule == BackgroundRule.Published ? Framing.NotAveraged : Framing.Whole;

    public override TaskResult Run(Segmenter segmenter, string model, EvaluationRun run)
    {
        ConfusionMatrix matrix = new(_data.Names.Count);
        int skipped = 0, scored = 0;
        int[] units = EvaluationLoop.Units(_data.Count, run.Limit);
        _prompts = Prompts(segmenter);
        EvaluationLoop.Run(segmenter.Compute, units, About(run, model), ConfusionJson.Default.PictureConfusion,
            unit => Measure(segmenter, unit, run), (_, picture) =>
            {
                if (picture.Skipped) skipped++;
                else scored++;
                matrix.Add(picture.Counts);
            });
        if (scored == 0) throw new DataFormatException($"None of the {skipped} pictures can be read.");
        return new()
        {
            Task = Name,
            Data = Data,
            Model = model,
            Settings = Settings,
            Units = units.Length,
            Samples = scored,
            Skipped = skipped,
            Figures = Figures(matrix),
            Published = Published,
            Parts = [.. Enumerable.Range(0, _data.Names.Count).Where(IsScored).Select(c => new TaskPart(
                "class", _data.Names[c][0] + (_data.Unseen.Contains(c) ? " (unseen)" : ""), scored,
                new() { ["iou"] = MaskTally.Number(matrix.Iou(c)) }))],
        };
    }

    /// <summary>The class of every pixel, where it is scored.</summary>
    public byte[] Predict(Segmenter segmenter, Image picture)
    {
        _prompts ??= Prompts(segmenter);
        Mask[] masks = Framing.Ask(segmenter, picture, _prompts);
        int pixels = masks[0].Values.Length;
        byte[] best = new byte[pixels];
        float[] highest = new float[pixels];
        Array.Fill(highest, -1);
        bool cut = _rule == BackgroundRule.Threshold && _background >= 0;
        if (cut)
        {
            Array.Fill(best, (byte)_background);
            Array.Fill(highest, (float)_threshold);
        }
        int next = 0;
        for (int c = 0; c < _data.Names.Count; c++)
        {
            float factor = c == _background && _rule == BackgroundRule.Published ? PublishedFactor : 1;
            for (int name = NamesOf(c).Count; name > 0; name--)
            {
                float[] values = masks[next++].Values;
                for (int i = 0; i < pixels; i++)
                {
                    if (factor * values[i] <= highest[i]) continue;
                    (best[i], highest[i]) = ((byte)c, factor * values[i]);
                }
            }
        }
        return best;
    }

    private PictureConfusion Measure(Segmenter segmenter, int unit, EvaluationRun run)
    {
        if (Readable.Get(() => _data.Get(unit), run.OnUnreadable) is not { } picture) return new([], Skipped: true);
        byte[] predicted = Predict(segmenter, picture.Picture), labels = Fit(segmenter, picture);
        run.OnClasses?.Invoke(new($"{unit:D6}", picture.Picture, predicted, labels,
            Framing == Framing.Whole ? picture.Picture.Width : segmenter.Preprocessing.Width));
        if (_rule == BackgroundRule.Ignored && _background >= 0)
            labels = Array.ConvertAll(labels, label => label == _background ? byte.MaxValue : label);
        return new(ConfusionMatrix.Count(predicted, labels, _data.Names.Count), Skipped: false);
    }

    private byte[] Fit(Segmenter segmenter, ClassPicture picture)
    {
        if (Framing == Framing.Whole) return picture.Labels;
        (int width, int height) = (segmenter.Preprocessing.Width, segmenter.Preprocessing.Height);
        float[] resized = new float[width * height];
        Interpolation.Nearest(Array.ConvertAll(picture.Labels, label => (float)label), 1, picture.Picture.Height,
            picture.Picture.Width, resized, height, width);
        return Array.ConvertAll(resized, label => (byte)label);
    }

    private OrderedDictionary<string, Figure> Figures(ConfusionMatrix matrix)
    {
        int[] all = [.. Enumerable.Range(0, _data.Names.Count).Where(IsScored)];
        int[] seen = [.. all.Except(_data.Unseen)], things = [.. all.Where(c => c != _background)];
        Func<IEnumerable<int>, double> mean =
            _rule == BackgroundRule.Published ? matrix.AuthorsMeanIou : matrix.MeanIou;
        OrderedDictionary<string, Figure> figures = new() { ["miou"] = MaskTally.Of("mIoU of all classes", mean(all)) };
        if (things.Length < all.Length)
            figures["miou_things"] = MaskTally.Of("mIoU of all but the background", mean(things));
        if (_data.Unseen.Count > 0)
        {
            (double ofSeen, double ofUnseen) = (mean(seen), mean(_data.Unseen));
            figures["seen_miou"] = MaskTally.Of("mIoU of seen classes", ofSeen);
            figures["unseen_miou"] = MaskTally.Of("mIoU of unseen classes", ofUnseen);
            figures["harmonic_miou"] =
                MaskTally.Of("harmonic mean of both", ConfusionMatrix.HarmonicMean(ofSeen, ofUnseen));
        }
        figures["pixel_accuracy"] = MaskTally.Of("pixels of the right class", matrix.Accuracy());
        return figures;
    }

    private bool IsScored(int c) => _rule != BackgroundRule.Ignored || c != _background;

    private Prompt[] Prompts(Segmenter segmenter)
    {
        string template = _rule == BackgroundRule.Published ? "{}" : Template;
        return [.. Enumerable.Range(0, _data.Names.Count).SelectMany(NamesOf)
            .Select(name => segmenter.Prompt(name, template))];
    }

    /// <summary>What a class is asked for by; nothing for a background that is not asked for.</summary>
    private IReadOnlyList<string> NamesOf(int c)
    {
        if (c != _background || _rule == BackgroundRule.Published) return _data.Names[c];
        return _rule == BackgroundRule.Ignored ? [] : _backgroundNames;
    }
}

/// <summary>A picture with the class that each of its pixels got, and the one that it has.</summary>
/// <param name="Name">A file's name for it, without extension.</param>
/// <param name="Picture">As it was read; in the paper's protocol larger or smaller than the maps.</param>
/// <param name="Predicted">[height, width].</param>
/// <param name="Labels">The same; numbers of no class are not scored.</param>
/// <param name="Width">Of the maps.</param>
internal sealed record ClassAnswer(string Name, Image Picture, byte[] Predicted, byte[] Labels, int Width);

/// <summary>What was taken for what in a picture: a line of the journal.</summary>
/// <param name="Counts">Truth, prediction and pixels, in turn.</param>
/// <param name="Skipped">Whether it could not be read.</param>
internal sealed record PictureConfusion(long[] Counts, bool Skipped);

/// <summary>The JSON of journals of confusions.</summary>
[JsonSourceGenerationOptions(RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(PictureConfusion))]
internal sealed partial class ConfusionJson : JsonSerializerContext;
