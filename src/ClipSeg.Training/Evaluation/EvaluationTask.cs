using System.Globalization;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using ClipSeg.Imaging;
using ClipSeg.Numerics;
using ClipSeg.Training.Data;
using ClipSeg.Training.Reports;

namespace ClipSeg.Training.Evaluation;

/// <summary>Something to measure a model by. Each task is one class, and measures unit by unit.</summary>
internal abstract class EvaluationTask
{
    /// <summary>The command's word for it.</summary>
    public abstract string Name { get; }

    /// <summary>What it measures on, for people to read.</summary>
    public required string Data { get; init; }

    /// <summary>What the numbers depend on beside data and model, by the options' names.</summary>
    public SortedDictionary<string, string> Settings { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether something is drawn by lot, so that a seed matters.</summary>
    public virtual bool IsSeeded => false;

    /// <summary>Measures a model.</summary>
    /// <param name="segmenter">The model.</param>
    /// <param name="model">As it was named.</param>
    /// <param name="run">How.</param>
    /// <exception cref="DataFormatException">No question can be read.</exception>
    public abstract TaskResult Run(Segmenter segmenter, string model, EvaluationRun run);

    /// <summary>An example of the result once more, to look at; null if its files are not there any more.</summary>
    public abstract PageExample? Show(Segmenter segmenter, TaskExample example);

    /// <summary>Measures all units, for a result that lacks nothing but what the task adds to it.</summary>
    /// <param name="segmenter">The model.</param>
    /// <param name="model">As it was named.</param>
    /// <param name="run">How.</param>
    /// <param name="count">Units that there are.</param>
    /// <param name="json">How what a unit scored is written.</param>
    /// <param name="measure">Measures a unit; by several threads.</param>
    /// <param name="add">Told of each in order; says how many questions it answered, and how many it could not read.
    /// </param>
    /// <exception cref="DataFormatException">None was answered.</exception>
    protected TaskResult Run<T>(Segmenter segmenter, string model, EvaluationRun run, int count, JsonTypeInfo<T> json,
        Func<int, T> measure, Func<int, T, (int Answered, int Skipped)> add)
    {
        int[] units = EvaluationLoop.Units(count, run.Limit);
        int answered = 0, skipped = 0;
        EvaluationLoop.Run(segmenter.Compute, units, About(run, model), json, measure, (unit, record) =>
        {
            (int more, int less) = add(unit, record);
            (answered, skipped) = (answered + more, skipped + less);
        });
        if (answered == 0) throw new DataFormatException(Unanswered(units.Length, skipped));
        return new()
        {
            Task = Name,
            Data = Data,
            Model = model,
            Settings = Settings,
            Units = units.Length,
            Samples = answered,
            Skipped = skipped,
            Figures = [],
        };
    }

    /// <summary>Why there is no result.</summary>
    protected virtual string Unanswered(int units, int skipped) => $"None of the {skipped} samples can be read.";

    /// <summary>A run that knows what its journal is of.</summary>
    private EvaluationRun About(EvaluationRun run, string model) => run with
    {
        Subject = string.Join(", ", [
            $"{Name} on {Data}", $"model {model}", .. Settings.Select(setting => $"{setting.Key} {setting.Value}"),
            $"limit {run.Limit?.ToString(CultureInfo.InvariantCulture) ?? "none"}",
        ]).ReplaceLineEndings(" "),
    };
}

/// <summary>A task whose answers are masks.</summary>
internal abstract class MaskTask : EvaluationTask
{
    private readonly double _threshold;

    /// <param name="threshold">A pixel is found if its probability is above.</param>
    protected MaskTask(double threshold)
    {
        _threshold = threshold;
        Settings["threshold"] = threshold.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>How many pictures or episodes there are.</summary>
    protected abstract int Count { get; }

    /// <summary>All questions of a unit that can be read, and the model's answers.</summary>
    /// <param name="segmenter">The model.</param>
    /// <param name="unit">Below <see cref="Count"/>.</param>
    /// <param name="onUnreadable">Told of each question that is left out.</param>
    public abstract IReadOnlyList<Answer> Ask(Segmenter segmenter, int unit, Action<string> onUnreadable);

    /// <summary>Told that scores follow, and then of every one in order: for figures of the task's own.</summary>
    protected virtual void Begin() { }

    /// <summary>See <see cref="Begin"/>.</summary>
    protected virtual void Observe(int unit, SampleScore score) { }

    /// <summary>The result of all scores.</summary>
    protected abstract TaskResult Conclude(MaskTally tally, TaskResult result);

    public override TaskResult Run(Segmenter segmenter, string model, EvaluationRun run)
    {
        Begin();
        MaskTally tally = new(_threshold);
        TaskResult result = Run(segmenter, model, run, Count, ScoreJson.Default.UnitScores, Measure, Add);
        return Conclude(tally, result with
        {
            Parts = tally.Parts(),
            Curves = tally.Curves(),
            Examples = tally.Examples(),
        });

        UnitScores Measure(int unit)
        {
            int unreadable = 0;
            IReadOnlyList<Answer> answers = Ask(segmenter, unit, message =>
            {
                unreadable++;
                run.OnUnreadable?.Invoke(message);
            });
            if (run.OnAnswer is not null)
                foreach (Answer answer in answers) run.OnAnswer(answer);
            return new([.. answers.Select(answer => SampleScore.Of(answer, _threshold))], unreadable);
        }

        (int, int) Add(int unit, UnitScores scores)
        {
            for (int i = 0; i < scores.Samples.Count; i++)
            {
                tally.Add(unit, i, scores.Samples[i]);
                Observe(unit, scores.Samples[i]);
            }
            return (scores.Samples.Count, scores.Skipped);
        }
    }

    public override PageExample? Show(Segmenter segmenter, TaskExample example)
    {
        using TensorScope scope = new();
        IReadOnlyList<Answer> answers = Ask(segmenter, example.Unit, _ => { });
        if (example.Sample >= answers.Count) return null;       // its files were there before, and are not now
        Answer answer = answers[example.Sample];
        Image picture = answer.Sample.Picture;
        List<ExamplePicture> pictures = [new(picture, "query")];
        if (answer.Support is { } support)
            pictures.Add(new(Overlay.Draw(support.Picture, [support.Mask], [TaskPage.Shown], 0.5f), "shown"));
        pictures.Add(new(Overlay.Draw(picture, [answer.Sample.Mask], [TaskPage.Truth], 0.5f), "truth"));
        pictures.Add(new(Overlay.Draw(picture, [answer.Mask], [TaskPage.Found], (float)_threshold),
            FormattableString.Invariant($"found, IoU {example.Score:0.00}")));
        return new(answer.Sample.Phrase, answer.Sample.Kind, pictures);
    }
}

/// <summary>Questions whose files may be missing or damaged.</summary>
internal static class Readable
{
    /// <summary>Reads a question; null if its files cannot be read.</summary>
    public static T? Get<T>(Func<T> get, Action<string>? onUnreadable) where T : class
    {
        try
        {
            return get();
        }
        catch (Exception e) when (e is ImageFormatException or DataFormatException or IOException)
        {
            onUnreadable?.Invoke(e.Message);
            return null;
        }
    }
}

/// <summary>What the questions of a unit scored: a line of the journal.</summary>
internal sealed record UnitScores(IReadOnlyList<SampleScore> Samples, int Skipped);

/// <summary>The JSON of journals.</summary>
[JsonSourceGenerationOptions(
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(UnitScores))]
internal sealed partial class ScoreJson : JsonSerializerContext;
