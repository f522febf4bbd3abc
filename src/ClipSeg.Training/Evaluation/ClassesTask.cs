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
        int classes = _data.Names.Count;
        ConfusionMatrix matrix = new(classes);
        ClassBootstrap areas = new(classes), edges = new(classes);
        Bootstrap pixels = new();
        ExampleChoice examples = new();
        _prompts = Prompts(segmenter);
        TaskResult result = Run(segmenter, model, run, _data.Count, ConfusionJson.Default.PictureConfusion,
            unit => Measure(segmenter, unit, run), Add);
        return result with
        {
            Figures = Figures(areas, edges, pixels),
            Published = Published,
            Parts = [.. Enumerable.Range(0, classes).Where(IsScored).Select(c => new TaskPart(
                "class", _data.Names[c][0] + (_data.Unseen.Contains(c) ? " (unseen)" : ""), result.Samples,
                new()
                {
                    ["iou"] = MaskTally.Number(matrix.Iou(c)),
                    ["boundary_iou"] = MaskTally.Number(edges.Of(ious => ious[c]).Score),
                }))],
            Examples = examples.All(),
        };

        (int, int) Add(int unit, PictureConfusion picture)
        {
            if (picture.Skipped) return (0, 1);
            ConfusionMatrix one = new(classes);
            one.Add(picture.Counts);
            long[] unions = one.Unions();
            matrix.Add(picture.Counts);
            areas.Add(unit, unions);
            edges.Add(unit, picture.Edges);
            pixels.Add(unit, unions.Where((_, i) => i % 3 == 1).Sum(),
                picture.Counts.Where((_, i) => i % 3 == 2).Sum());
            double mean = ConfusionMatrix.MeanIou(Enumerable.Range(0, classes).Where(IsScored).Select(one.Iou));
            if (!double.IsNaN(mean)) examples.Add(unit, 0, NamesIn(unions), mean);
            return (1, 0);
        }
    }

    public override PageExample? Show(Segmenter segmenter, TaskExample example)
    {
        if (Readable.Get(() => _data.Get(example.Unit), null) is not { } picture) return null;
        byte[] labels = Fit(segmenter, picture), predicted = Predict(segmenter, picture.Picture);
        int width = WidthOf(segmenter, picture.Picture);
        Image query = Framing == Framing.Whole ? picture.Picture
            : picture.Picture.Resize(width, labels.Length / width);
        return new(example.Phrase, "",
        [
            new(query, "query"), new(Coloured(query, labels), "truth"),
            new(Coloured(query, predicted), FormattableString.Invariant($"found, mIoU {example.Score:0.00}")),
        ]);
    }

    protected override string Unanswered(int units, int skipped) => $"None of the {skipped} pictures can be read.";

    /// <summary>A picture with each of its classes but the background in a colour of its own.</summary>
    private Image Coloured(Image picture, byte[] labels)
    {
        int[] classes = [.. labels.Distinct().Where(c => c < _data.Names.Count && c != _background).Order()
            .Select(c => (int)c)];
        return classes.Length == 0 ? picture : Overlay.Draw(picture,
            [.. classes.Select(c => new Mask(picture.Width, picture.Height,
                Array.ConvertAll(labels, label => label == c ? 1f : 0)))],
            [.. classes.Select(Overlay.Colour)], 0.5f);
    }

    private string NamesIn(long[] unions) => string.Join(", ", unions.Where((_, i) => i % 3 == 0)
        .Where(c => c != _background).Select(c => _data.Names[(int)c][0]));

    private int WidthOf(Segmenter segmenter, Image picture)
        => Framing == Framing.Whole ? picture.Width : segmenter.Preprocessing.Width;

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
        if (Readable.Get(() => _data.Get(unit), run.OnUnreadable) is not { } picture)
            return new([], [], Skipped: true);
        byte[] predicted = Predict(segmenter, picture.Picture), labels = Fit(segmenter, picture);
        run.OnClasses?.Invoke(new($"{unit:D6}", picture.Picture, predicted, labels,
            WidthOf(segmenter, picture.Picture)));
        if (_rule == BackgroundRule.Ignored && _background >= 0)
            labels = Array.ConvertAll(labels, label => label == _background ? byte.MaxValue : label);
        return new(ConfusionMatrix.Count(predicted, labels, _data.Names.Count),
            Edges(predicted, labels, WidthOf(segmenter, picture.Picture)), Skipped: false);
    }

    /// <summary>Of each class that is there or was found: it, and the pixels on both bands and on either.</summary>
    private long[] Edges(byte[] predicted, byte[] labels, int width)
    {
        List<long> edges = [];
        bool[] counts = Array.ConvertAll(labels, label => label < _data.Names.Count);
        foreach (byte c in predicted.Where((_, i) => counts[i]).Concat(labels.Where((_, i) => counts[i])).Distinct()
            .Order())
        {
            (long both, long either) = BoundaryIou.Count([.. predicted.Select((p, i) => counts[i] && p == c)],
                Array.ConvertAll(labels, label => label == c), width);
            edges.AddRange([c, both, either]);
        }
        return [.. edges];
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

    private OrderedDictionary<string, Figure> Figures(ClassBootstrap areas, ClassBootstrap edges, Bootstrap pixels)
    {
        int[] all = [.. Enumerable.Range(0, _data.Names.Count).Where(IsScored)];
        int[] seen = [.. all.Except(_data.Unseen)], things = [.. all.Where(c => c != _background)];
        OrderedDictionary<string, Figure> figures = new()
        {
            ["miou"] = MaskTally.Of("mIoU of all classes", areas.Of(Mean(all))),
        };
        if (things.Length < all.Length)
            figures["miou_things"] = MaskTally.Of("mIoU of all but the background", areas.Of(Mean(things)));
        if (_data.Unseen.Count > 0)
        {
            figures["seen_miou"] = MaskTally.Of("mIoU of seen classes", areas.Of(Mean(seen)));
            figures["unseen_miou"] = MaskTally.Of("mIoU of unseen classes", areas.Of(Mean(_data.Unseen)));
            figures["harmonic_miou"] = MaskTally.Of("harmonic mean of both", areas.Of(
                ious => ConfusionMatrix.HarmonicMean(Mean(seen)(ious), Mean(_data.Unseen)(ious))));
        }
        figures["boundary_miou"] = MaskTally.Of("mean boundary IoU of all classes", edges.Of(Mean(all)));
        figures["pixel_accuracy"] = MaskTally.Of("pixels of the right class", pixels.Of());
        return figures;
    }

    private Func<double[], double> Mean(IReadOnlyList<int> classes)
    {
        Func<IEnumerable<double>, double> mean =
            _rule == BackgroundRule.Published ? ConfusionMatrix.AuthorsMeanIou : ConfusionMatrix.MeanIou;
        return ious => mean(classes.Select(c => ious[c]));
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
/// <param name="Edges">Class, and pixels on both bands along edges and on either, in turn.</param>
/// <param name="Skipped">Whether it could not be read.</param>
internal sealed record PictureConfusion(long[] Counts, long[] Edges, bool Skipped);

/// <summary>The JSON of journals of confusions.</summary>
[JsonSourceGenerationOptions(RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(PictureConfusion))]
internal sealed partial class ConfusionJson : JsonSerializerContext;
