using System.Diagnostics;
using ClipSeg.Imaging;
using ClipSeg.Numerics;
using ClipSeg.Text;

namespace ClipSeg;

/// <summary>One kind of work, summed over layers.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Milliseconds">The median of all runs.</param>
/// <param name="Operations">Multiplications and additions of its matrix products; 0 if it has none.</param>
internal sealed record Stage(string Name, double Milliseconds, long Operations);

/// <summary>One picture and one prompt, run again and again and taken apart.</summary>
/// <param name="Tokens">Of the picture, the class token included.</param>
/// <param name="TextTokens">Of the prompt, start and end included.</param>
internal sealed record StageTimes(IReadOnlyList<Stage> Stages, int Runs, int Tokens, int TextTokens)
{
    private const int WarmUps = 3, MinRuns = 5, MaxRuns = 100;
    private const string Picture = "picture", Vision = "vision", Text = "text", Decoder = "decoder", Mask = "mask";
    private static readonly TimeSpan _time = TimeSpan.FromSeconds(3);

    private static readonly string[] _names =
    [
        "resize and normalise", "vision: patch embedding", "vision: layer norms", "vision: q, k, v, out projections",
        "vision: attention products", "vision: MLPs", "vision: sums and copies", "text tower", "decoder blocks", "head",
        "mask at the picture's size", "mask as PNG",
    ];

    /// <summary>The sum of the stages.</summary>
    public double Milliseconds => Stages.Sum(s => s.Milliseconds);

    public long Operations => Stages.Sum(s => s.Operations);

    public static StageTimes Measure(Segmenter segmenter, ClipTokenizer tokenizer, CancellationToken stop)
    {
        Image picture = new(640, 480);
        new Random(42).NextBytes(picture.Pixels);
        int[] ids = tokenizer.Encode("a cat").Ids;
        List<Stage[]> runs = [];
        for (int i = 0; i < WarmUps; i++) Run(segmenter, picture, ids);
        for (long start = Stopwatch.GetTimestamp();
            runs.Count < MinRuns || (runs.Count < MaxRuns && Stopwatch.GetElapsedTime(start) < _time);)
        {
            stop.ThrowIfCancellationRequested();
            runs.Add(Run(segmenter, picture, ids));
        }

        int patch = segmenter.Model.Config.PatchSize;
        int tokens = 1 + segmenter.Preprocessing.Width / patch * (segmenter.Preprocessing.Height / patch);
        Stage[] medians = [.. Enumerable.Range(0, _names.Length).Select(i => runs[0][i] with
        {
            Milliseconds = runs.Select(run => run[i].Milliseconds).Order().ElementAt(runs.Count / 2),
        })];
        return new(medians, runs.Count, tokens, ids.Length);
    }

    /// <summary>What <c>clipseg segment</c> does with a picture in memory, measured.</summary>
    private static Stage[] Run(Segmenter segmenter, Image picture, int[] ids)
    {
        using Profile profile = new();
        using Compute.Entry entry = segmenter.Compute.Enter();
        using TensorScope scope = new();
        int patch = segmenter.Model.Config.PatchSize;
        Tensor pixels = Measure(Picture, () => segmenter.Preprocessing.Apply(picture));
        Tensor[] activations = Measure(Vision, () => segmenter.Model.Vision.Activations(pixels));
        Tensor conditional = Measure(Text, () => segmenter.Model.Text.Embed([ids]));
        EncodedImage encoded =
            new(picture.Width, picture.Height, pixels[2] / patch, pixels[3] / patch, activations);
        Tensor logits = Measure(Decoder, () => segmenter.Model.Decoder.Forward(
            activations, conditional, encoded.GridHeight, encoded.GridWidth));
        Imaging.Mask[] masks = Measure(Mask, () => segmenter.Masks(encoded, logits));
        Measure("png", () => masks[0].EncodePng());

        (long Ticks, long Operations)[] sums = new (long, long)[_names.Length];
        foreach (Profile.Record record in profile.Records)
        {
            ref (long Ticks, long Operations) sum = ref sums[IndexOf(record)];
            sum = (sum.Ticks + record.Ticks, sum.Operations + record.Operations);
        }
        return [.. _names.Zip(sums, (name, sum) =>
            new Stage(name, 1e3 * sum.Ticks / Stopwatch.Frequency, sum.Operations))];
    }

    private static T Measure<T>(string stage, Func<T> work)
    {
        using Profile.Timing timing = Profile.Measure(stage);
        return work();
    }

    /// <summary>The stage an operation belongs to: by the part of the network, and its weight's role.</summary>
    private static int IndexOf(Profile.Record record) => (record.Stage, record.Weight?.Role) switch
    {
        (Picture, _) => 0,
        (Vision, Role.Patches) => 1,
        (Vision, Role.Gain or Role.BlockGain) => 2,
        (Vision, Role.Attention or Role.AttentionOutput) => 3,
        (Vision, Role.MlpInput or Role.MlpOutput) => 5,
        (Vision, _) when record.Operation == nameof(Tensor.Patches) => 1,
        (Vision, _) when record.Operation == nameof(Tensor.Attention) => 4,
        (Vision, _) => 6,
        (Text, _) => 7,
        (Decoder, Role.Pixels) => 9,
        (Decoder, _) => 8,
        (Mask, _) => 10,
        _ => 11,
    };
}
