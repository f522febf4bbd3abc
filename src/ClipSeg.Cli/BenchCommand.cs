using System.CommandLine;
using ClipSeg.Checkpoints;
using ClipSeg.Formats;
using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Text;

namespace ClipSeg.Cli;

/// <summary><c>clipseg bench</c>: where the time of one picture and one prompt goes.</summary>
internal sealed class BenchCommand
{
    private const string Examples = """
        clipseg bench
        clipseg bench --model CIDAS/clipseg-rd64-refined --size 512
        clipseg bench --precision int8 --threads 1 --json > bench.json
        """;

    private readonly Option<string?> _model = new("--model", "-m")
    {
        Description = "A folder, a file, or the name of a pulled model; by default ViT-B/16 with random weights, "
            + "which costs what the real one costs.",
        HelpName = "MODEL",
    };

    private readonly Option<int?> _size = new Option<int?>("--size")
    {
        Description = "The side in pixels that the picture is read at; by default the model's own.",
        HelpName = "N",
    }.Between(1, Preprocessing.MaxSize);

    private readonly Option<bool> _json =
        new("--json") { Description = "Print the figures as JSON, and nothing else." };

    private readonly ComputeOptions _compute = new();
    private readonly Terminal _terminal;

    private BenchCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        BenchCommand bench = new(terminal);
        ExampleCommand command = new("bench",
            "Say where the time goes on this machine: each stage's share, and how near it is to the processor's peak.",
            Examples)
        {
            bench._model, bench._size, bench._json,
        };
        bench._compute.AddTo(command);
        command.SetAction(bench.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        int? size = parsed.GetValue(_size);
        string? name = parsed.GetValue(_model);
        int? threads = _compute.Threads(parsed);
        Precision precision = _compute.PrecisionOf(parsed);
        using Segmenter segmenter = name is null
            ? Random(size, precision, threads)
            : ModelOptions.Load(name, new() { Size = size, Precision = precision, Threads = threads }, _terminal);
        ClipTokenizer tokenizer = new(segmenter.Checkpoint is { } checkpoint
            ? ModelFiles.ReadVocabulary(checkpoint, new()) : BpeVocabulary.FromMerges([]));

        int count = segmenter.Compute.Workers.Count;
        BenchReport report = _terminal.Wait("Measuring", () => new BenchReport(
            name ?? "ViT-B/16, random weights",
            segmenter.Preprocessing.Width, segmenter.Preprocessing.Height, count, precision,
            [.. Enum.GetValues<Precision>().Select(p => GemmPeak.Measure(p, count, _terminal.Stop))],
            StageTimes.Measure(segmenter, tokenizer, _terminal.Stop)));
        if (parsed.GetValue(_json)) _terminal.WriteLine(Json.Of(report.ToResult(), Json.Document.BenchResult));
        else foreach (TextTable table in report.ToTables()) _terminal.Write(table);
        return CommandLine.Done;
    }

    /// <summary>The authors' network without their weights: its vocabulary is letters.</summary>
    private static Segmenter Random(int? size, Precision precision, int? threads)
    {
        ClipSegConfig config = ClipSegConfig.Rd64 with { VocabularySize = 514, EndToken = 513 };
        Preprocessing preprocessing = new();
        if (size is { } side) preprocessing = preprocessing with { Width = side, Height = side };
        if (preprocessing.Misfit(config.PatchSize) is { } misfit) throw new UsageException(misfit);

        // A fresh network names the weights and their shapes. Its own values are those that training starts from,
        // which take ten times as long to draw.
        ClipSegModel fresh = new(new(new Dictionary<string, StoredTensor>(), fresh: Part.All), config);
        Dictionary<string, StoredTensor> weights = fresh.Weights.Parameters.ToDictionary(p => p.Name, RandomWeight);
        ClipSegModel network = new(new(weights), config) { Precision = precision };
        return new(network, preprocessing, () => new(BpeVocabulary.FromMerges([])), new(threads));
    }

    private static StoredTensor RandomWeight(Parameter parameter)
    {
        int inputs = 1;
        foreach (int count in parameter.Shape[Math.Min(1, parameter.Shape.Length)..]) inputs *= count;
        float range = parameter.Shape.Length > 1 ? MathF.Sqrt(3f / inputs) : 0.1f;
        float offset = parameter.Role is Role.Gain or Role.BlockGain ? 1 : 0;
        return new(parameter.Name, StoredType.Float32, parameter.Shape, (first, y) =>
        {
            Random random = new((int)first);
            for (int i = 0; i < y.Length; i++) y[i] = offset + range * (2 * random.NextSingle() - 1);
        });
    }
}
