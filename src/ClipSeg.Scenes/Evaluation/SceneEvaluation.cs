using ClipSeg.Imaging;
using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Prompts;
using ClipSeg.Scenes.Artwork;
using ClipSeg.Training.Data;
using ClipSeg.Training.Metrics;

namespace ClipSeg.Scenes.Evaluation;

/// <summary>How much is measured.</summary>
internal sealed record SceneEvaluationOptions
{
    /// <summary>Test scenes, at least 2: every second one shows held-out concepts, too.</summary>
    public int Scenes { get; init; } = 1000;

    /// <summary>Scenes to choose the threshold on, at least 1. They show seen concepts only.</summary>
    public int ValidationScenes { get; init; } = 300;

    /// <summary>Phrases that are asked for in each scene, at least 1; fewer where no more can be said.</summary>
    public int PhrasesPerScene { get; init; } = 4;

    /// <summary>Which of the many sets of scenes.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Sides of the scenes, in pixels; null for what the model reads.</summary>
    public int? Size { get; init; }

    /// <summary>Photographs for half of the backgrounds; or null.</summary>
    public PhotoFolder? Photos { get; init; }

    /// <summary>Of everything that is measured; null for the best one of the validation scenes.</summary>
    public double? Threshold { get; init; }

    /// <summary>Whether pictures are read in tiles, too (<see cref="Segmenter.Encode(Image, bool,
    /// CancellationToken)"/>).</summary>
    public bool Fine { get; init; }

    /// <summary>Of <see cref="Mask.GuidedFilter"/>, in pixels; null for masks as they are.</summary>
    public int? Guided { get; init; }

    /// <summary>Whether nothing is shown, only said: no pictures, no blends.</summary>
    public bool WordsOnly { get; init; }

    /// <summary>Scenes to keep for <see cref="ContactSheet"/>.</summary>
    public int Examples { get; init; } = 12;

    internal void Check()
    {
        if (Scenes < 2) throw new ArgumentException($"{Scenes} test scenes; expected 2 or more.");
        if (ValidationScenes < 1)
            throw new ArgumentException($"{ValidationScenes} validation scenes; expected 1 or more.");
        if (PhrasesPerScene < 1) throw new ArgumentException($"{PhrasesPerScene} phrases a scene; expected 1 or more.");
    }
}

/// <summary>How far an evaluation is.</summary>
/// <param name="Stage">What is being done, for people to read.</param>
/// <param name="Done">Pictures.</param>
/// <param name="Total">Pictures.</param>
internal sealed record EvaluationProgress(string Stage, int Done, int Total);

/// <summary>Measures a model on scenes that nobody has seen, with everything known about every pixel.</summary>
/// <remarks>
/// What makes seen and held-out concepts comparable: test scenes come in pairs with the same background and number of
/// objects, one of seen concepts only, one in which each object is of a held-out concept with probability one half. In
/// the latter every name is asked for, seen or held out, so both are measured in the same pictures, at the same sizes,
/// among the same other things; only what the decoder has been trained on differs. Held-out concepts have no part in
/// the threshold.
/// Pictures and blends would take most of the time: two phrases of a scene are shown, besides those names, and the
/// first of them is blended in every second pair of scenes.
/// </remarks>
internal sealed class SceneEvaluation
{
    private const int ScenesAtOnce = 32, KeptAnswers = 6;
    private const int ShownPhrases = 2;
    private const double Half = 0.5;

    private readonly Segmenter _segmenter;
    private readonly SceneEvaluationOptions _options;
    private readonly SceneGenerator _seen, _mixed;
    private readonly Action<EvaluationProgress>? _progress;
    private readonly CancellationToken _stop;

    private SceneEvaluation(Segmenter segmenter, EmojiCatalogue catalogue, SceneEvaluationOptions options,
        Action<EvaluationProgress>? progress, CancellationToken stop)
    {
        options.Check();
        SceneOptions scene = new() { Size = options.Size ?? segmenter.Preprocessing.Height, Photos = options.Photos };
        _seen = new(catalogue, scene with { Pool = ConceptPool.Seen });
        _mixed = new(catalogue, scene with { Pool = ConceptPool.Mixed });
        (_segmenter, _options, _progress, _stop) = (segmenter, options, progress, stop);
    }

    /// <summary>0, 0.1, ..., 1.</summary>
    public static IReadOnlyList<double> BlendWeights { get; } = [.. Enumerable.Range(0, 11).Select(i => i / 10.0)];

    /// <summary>Measures everything. The same model, catalogue and options give the same report.</summary>
    /// <param name="segmenter">The model.</param>
    /// <param name="catalogue">What the scenes show.</param>
    /// <param name="options">By default, 1,000 scenes.</param>
    /// <param name="progress">Called after every few pictures, by this thread.</param>
    /// <param name="stop">Ends it after a few pictures.</param>
    /// <exception cref="ArgumentException">The options are out of range.</exception>
    public static SceneReport Run(Segmenter segmenter, EmojiCatalogue catalogue, SceneEvaluationOptions? options = null,
        Action<EvaluationProgress>? progress = null, CancellationToken stop = default)
    {
        using Compute.Entry entry = segmenter.Compute.Enter(stop);
        SceneEvaluation evaluation = new(segmenter, catalogue, options ?? new(), progress, stop);
        ValidationScore validation = evaluation.Validate();
        double threshold = evaluation._options.Threshold ?? validation.Threshold;
        SceneTally tally = new();
        List<SceneExample> examples = [];
        PriorityQueue<SceneExample, double> best = new(), worst = new();
        evaluation.ForEach("Test scenes", evaluation._options.Scenes, i => evaluation.Measure(i, threshold), scene =>
        {
            tally.Merge(scene.Tally);
            if (scene.Example is not null) examples.Add(scene.Example);
            if (scene.Best is { } good) Keep(best, good.Answer, good.Iou);
            if (scene.Worst is { } bad) Keep(worst, bad.Answer, -bad.Iou);
        });
        return new(threshold, tally)
        {
            Validation = validation,
            Options = evaluation._options,
            Size = evaluation._seen.Options.Size,
            Retrieval = Retrieval.Measure(segmenter, catalogue, evaluation._options.Seed, progress, stop),
            Examples = examples,
            Best = Drain(best),
            Worst = Drain(worst),
        };

        static void Keep(PriorityQueue<SceneExample, double> queue, SceneExample answer, double rank)
        {
            queue.Enqueue(answer, rank);
            if (queue.Count > KeptAnswers) queue.Dequeue();
        }

        static SceneExample[] Drain(PriorityQueue<SceneExample, double> queue)
        {
            SceneExample[] kept = new SceneExample[queue.Count];
            while (queue.Count > 0) kept[queue.Count - 1] = queue.Dequeue();
            return kept;
        }
    }

    /// <summary>Measures on the validation scenes alone.</summary>
    public static ValidationScore Validate(Segmenter segmenter, EmojiCatalogue catalogue,
        SceneEvaluationOptions options, CancellationToken stop = default)
        => new SceneEvaluation(segmenter, catalogue, options, progress: null, stop).Validate();

    /// <summary>The threshold at which text does best in the validation scenes, by foreground IoU; more.</summary>
    private ValidationScore Validate()
    {
        SegmentationMetrics all = new();
        PresenceTally presence = new();
        ForEach("Validation scenes", _options.ValidationScenes, i =>
        {
            Scene scene = _seen.Generate(SceneSplit.Validation, _options.Seed, i);
            SegmentationMetrics metrics = new();
            PresenceTally scores = new();
            List<Phrase> phrases = SceneFiles.PhrasesOf(scene, i, _options.PhrasesPerScene);
            if (phrases.Count == 0) return (metrics, scores);
            RandomStream random = new(RandomUse.ValidatedNegatives, _options.Seed, i);
            Phrase absent = new ScenePhrases(scene).Negative(ref random);
            SceneAnswers asked = new(_segmenter);
            foreach (Phrase phrase in phrases.Append(absent)) asked.Ask(phrase.Text);
            asked.Answer(_segmenter.Encode(scene.Picture, _options.Fine), scene.Picture, _options.Guided);
            foreach (Phrase phrase in phrases)
            {
                metrics.AddProbabilities(
                    asked.Of(phrase.Text).Values, scene.Mask(phrase.Objects).Values, classId: 0);
            }
            Prompt picture = _segmenter.Prompt(scene.Picture);
            AddPresence(scores, phrases[0], asked.Of(phrases[0].Text), picture, Half);
            AddPresence(scores, absent, asked.Of(absent.Text), picture, Half);
            return (metrics, scores);
        }, one =>
        {
            all.Merge(one.Item1);
            presence.Merge(one.Item2);
        });
        IouCurve curve = all.Plain().ForegroundIou;
        return new(curve.BestThreshold, curve.Best, curve.At(Half), presence.BestThreshold(),
            [.. PresenceTally.Measures.Select((_, measure) => presence.Auroc(measure))]);
    }

    private void AddPresence(PresenceTally tally, Phrase phrase, Mask mask, Prompt picture, double threshold)
    {
        double similarity = Prompt.Cosine(_segmenter.Prompt(phrase.Text), picture);
        tally.Add(
            new(phrase.Objects != 0, phrase.Kind, PresenceTally.ScoresOf(mask, similarity, threshold)));
    }

    private MeasuredScene Measure(int index, double threshold)
    {
        Questions all = Ask(index);
        (Scene scene, List<Phrase> phrases, SceneAnswers asked) = (all.Scene, all.Phrases, all.Asked);
        bool mixed = index % 2 == 1;
        SceneTally tally = new();
        List<SceneExample> answers = [.. phrases.Select((phrase, k) =>
        {
            List<ScenePart> parts = [];
            if (k < all.Sampled) parts.Add(mixed ? ScenePart.Mixed : ScenePart.Seen);
            if (mixed && phrase.Kind == PhraseKind.Name) parts.Add(ScenePart.Names);
            return Add(tally, all, phrase, all.Shown[k], parts);
        })];
        foreach (SceneExample answer in answers.Take(all.Sampled))
            tally.AddBoundary(BoundaryIou.Of(answer.ByText, answer.Truth, threshold));
        if (all.Absent is { } absent)
        {
            Prompt picture = _segmenter.Prompt(scene.Picture);
            AddPresence(tally.Presence, phrases[0], answers[0].ByText, picture, threshold);
            tally.AddNegative(asked.Of(absent.Text), threshold);
            AddPresence(tally.Presence, absent, asked.Of(absent.Text), picture, threshold);
        }
        if (all.Name is { } name)
        {
            Mask truth = scene.Mask(name.Objects);
            tally.Wording.Add([.. all.Said.Select(text => text is null
                ? (double?)null : WordingTally.Iou(asked.Of(text), truth, threshold))]);
        }
        for (int way = 0; way < all.Combined.Length; way++)
        {
            if (all.Combined[way] is not var (expression, objects)) continue;
            Mask mask = expression.Combine([.. expression.Phrases.Select(asked.Of)]), truth = scene.Mask(objects);
            tally.Combined.Add(way, WordingTally.Iou(mask, truth, threshold), BoundaryIou.Of(mask, truth, threshold));
        }
        if (answers.Count == 0) return new(tally);
        (SceneExample Answer, double Iou)[] ranked = [.. answers
            .Select(answer => (answer, Iou: WordingTally.Iou(answer.ByText, answer.Truth, threshold)))
            .OrderByDescending(answer => answer.Iou)];
        return new(tally, IsExample(index) ? Choose(answers, index) : null, ranked[0], ranked[^1]);
    }

    /// <summary>All questions about a scene, and the model's answers.</summary>
    private Questions Ask(int index)
    {
        bool mixed = index % 2 == 1;
        SceneGenerator generator = mixed ? _mixed : _seen;
        Scene scene = generator.Generate(SceneSplit.Test, _options.Seed, index / 2);
        List<Phrase> phrases = SceneFiles.PhrasesOf(scene, index, _options.PhrasesPerScene);
        int sampled = phrases.Count;
        if (mixed)
        {
            phrases.AddRange(new ScenePhrases(scene).All().Where(
                p => p.Kind == PhraseKind.Name && phrases.TrueForAll(other => other.Text != p.Text)).ToList());
        }
        RandomStream random = new(RandomUse.EvaluatedNegatives, _options.Seed, index);
        Phrase? name = phrases.Find(p => p.Kind is PhraseKind.Name or PhraseKind.Synonym);
        SceneAnswers asked = new(_segmenter);
        List<Shown?> shown = [];
        for (int k = 0; k < phrases.Count; k++)
        {
            bool balanced = k < sampled;
            int already = shown.Count(other => other is not null);
            bool blends = balanced && already == 0 && index / 2 % 2 == 0;
            shown.Add(balanced && already == ShownPhrases
                ? null : Show(asked, generator, phrases[k], (long)index << 8 | (uint)k, blends));
        }
        Questions all = new(scene, phrases, sampled, shown,
            sampled == 0 ? null : new ScenePhrases(scene).Negative(ref random),
            name, name is null ? [] : WordingTally.Say(name),
            [.. CombinedTally.Operators.Select((_, way) => CombinedTally.Choose(
                scene, way, new(RandomUse.EvaluatedPairs, _options.Seed, (long)index << 8 | (uint)way)))], asked);
        foreach (string text in phrases.Select(phrase => phrase.Text).Concat(all.Said.OfType<string>())
            .Concat(all.Combined.SelectMany(pair => pair?.Expression.Phrases ?? [])))
            asked.Ask(text);
        if (all.Absent is not null) asked.Ask(all.Absent.Text);
        asked.Answer(_segmenter.Encode(scene.Picture, _options.Fine), scene.Picture, _options.Guided);
        return all;
    }

    /// <summary>
    /// Asks for a phrase by a picture of the same, and by blends of both, the ends of which are asked for already; null
    /// if no picture shows it.
    /// </summary>
    private Shown? Show(SceneAnswers asked, SceneGenerator generator, Phrase phrase, long number, bool blends)
    {
        if (_options.WordsOnly) return null;
        RandomStream random = new(RandomUse.EvaluatedSupports, _options.Seed, number);
        if (SceneData.FindSupport(generator, SceneSplit.Test, _options.Seed, phrase, ref random) is not { } support)
            return null;
        Prompt picture = _segmenter.Prompt(support.Picture, support.Mask), text = _segmenter.Prompt(phrase.Text);
        int first = asked.Ask(picture);
        foreach (double weight in blends ? BlendWeights.Where(IsMixed) : [])
            asked.Ask(Prompt.Mix(picture, text, (float)weight));
        return new(support, first, blends);
    }

    private static SceneExample Add(
        SceneTally tally, Questions all, Phrase phrase, Shown? shown, List<ScenePart> parts)
    {
        (Scene scene, SceneAnswers asked) = (all.Scene, all.Asked);
        Mask truth = scene.Mask(phrase.Objects), byText = asked.Of(phrase.Text);
        Mask? byPicture = shown is null ? null : asked.Of(shown.First);
        long[] ofText = Levels(byText), ofPicture = byPicture is null ? [] : Levels(byPicture);
        foreach (ScenePart part in parts)
        {
            tally.Add(Cell(PromptSource.Text, 0, part), ofText);
            if (byPicture is not null) tally.Add(Cell(PromptSource.Picture, 1, part), ofPicture);
        }
        int mixed = 1;
        foreach (double weight in shown is { Blends: true } ? BlendWeights : [])
        {
            tally.Add(Cell(PromptSource.Blend, weight, parts[0]), IsMixed(weight)
                ? Levels(asked.Of(shown!.First + mixed++)) : weight == 0 ? ofText : ofPicture);
        }
        if (parts.Any(part => part != ScenePart.Names)) tally.AddParts(scene, phrase, ofText);
        return new()
        {
            Picture = scene.Picture,
            Phrase = phrase,
            Truth = truth,
            ByText = byText,
            Support = shown?.Support.Picture,
            SupportMask = shown?.Support.Mask,
            ByPicture = byPicture,
        };

        long[] Levels(Mask mask) => SegmentationMetrics.LevelsOf(mask.Values, truth.Values);

        SceneCell Cell(PromptSource source, double weight, ScenePart part)
            => new(source, weight, part, phrase.Kind, phrase.Exposure);
    }

    private static bool IsMixed(double weight) => weight is > 0 and < 1;

    /// <summary>Whether the scene is an example; they are spread over all scenes, seen and mixed in turn.</summary>
    private bool IsExample(int index)
    {
        int pairs = _options.Scenes / 2, count = Math.Min(_options.Examples, 2 * pairs);
        for (int k = 0; k < count; k++)
        {
            int pair = (int)((long)k * pairs / count);
            if (index == 2 * pair + k % 2) return true;
        }
        return false;
    }

    /// <summary>Not the best and not the worst: another place in the list from example to example.</summary>
    private static SceneExample Choose(List<SceneExample> answers, int index)
    {
        List<SceneExample> wanted = answers.FindAll(a => index % 2 == 0 || a.Phrase.Exposure == Exposure.HeldOut);
        if (wanted.Count == 0) wanted = answers;
        return wanted[index / 2 % wanted.Count];
    }

    /// <param name="Phrases">Balanced ones first.</param>
    /// <param name="Sampled">How many of them are.</param>
    /// <param name="Shown">What shows each.</param>
    /// <param name="Absent">Something else.</param>
    /// <param name="Name">The first name among the phrases.</param>
    /// <param name="Said">The same in other words.</param>
    /// <param name="Combined">Two phrases for each operator.</param>
    /// <param name="Asked">The answers.</param>
    private sealed record Questions(Scene Scene, List<Phrase> Phrases, int Sampled, List<Shown?> Shown,
        Phrase? Absent, Phrase? Name, IReadOnlyList<string?> Said,
        (PromptExpression Expression, uint Objects)?[] Combined, SceneAnswers Asked);

    /// <param name="Support">What shows the phrase.</param>
    /// <param name="First">The question by that picture; those by blends follow.</param>
    /// <param name="Blends">Whether there are any.</param>
    private sealed record Shown(SegmentationSample Support, int First, bool Blends);

    /// <param name="Tally">What is counted.</param>
    /// <param name="Example">If it is one.</param>
    /// <param name="Best">The answer to words with the highest IoU; null if nothing could be asked.</param>
    /// <param name="Worst">The one with the lowest.</param>
    private sealed record MeasuredScene(SceneTally Tally, SceneExample? Example = null,
        (SceneExample Answer, double Iou)? Best = null, (SceneExample Answer, double Iou)? Worst = null);

    /// <summary>Works on scenes on all processors, and adds them up one after the other in their order.</summary>
    private void ForEach<T>(string stage, int count, Func<int, T> work, Action<T> add)
    {
        _progress?.Invoke(new(stage, 0, count));
        for (int first = 0; first < count; first += ScenesAtOnce)
        {
            T[] results = new T[Math.Min(ScenesAtOnce, count - first)];
            int start = first;
            Workers.Each(results.Length, i =>
            {
                if (!_stop.IsCancellationRequested) results[i] = work(start + i);
            });
            _stop.ThrowIfCancellationRequested();
            foreach (T result in results) add(result);

            // Masks are large objects, which the collector leaves until the machine is short of memory.
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: false);
            _progress?.Invoke(new(stage, first + results.Length, count));
        }
    }
}
