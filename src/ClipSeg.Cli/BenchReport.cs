using System.Globalization;
using ClipSeg.Numerics;

namespace ClipSeg.Cli;

/// <summary>What <c>clipseg bench</c> measured.</summary>
/// <param name="Model">What its name on the command line was.</param>
/// <param name="Width">Of what the network reads, in pixels.</param>
/// <param name="Height">Of what the network reads, in pixels.</param>
/// <param name="Precision">Of the products with weights.</param>
/// <param name="Peaks">Of every precision, on one thread and on all.</param>
internal sealed record BenchReport(string Model, int Width, int Height, int Threads, Precision Precision,
    IReadOnlyList<GemmPeak> Peaks, StageTimes Times)
{
    /// <summary>What the precision in use can reach on all threads.</summary>
    private double Peak => Peaks.Single(p => p.Precision == Precision).AllThreads;

    /// <summary>The machine and the model, and then a row for each stage.</summary>
    public IEnumerable<TextTable> ToTables()
    {
        TextTable about = new("", "");
        string design = Processor.Design.Length > 0 ? $" ({Processor.Design})" : "";
        about.Add("processor", Text($"{Processor.Name}{design}, {Environment.ProcessorCount} threads"));
        about.Add("instructions", string.Join(", ", Processor.Features));
        foreach (GemmPeak peak in Peaks)
        {
            string one = Text($"{1e-9 * peak.OneThread:0} GFLOP/s on one thread");
            string all = Threads == 1 ? "" : Text($", {1e-9 * peak.AllThreads:0} on {Threads}");
            about.Add($"peak in {PrecisionNames.Of(peak.Precision)}", one + all);
        }
        string precision = PrecisionNames.Of(Precision), threads = Threads == 1 ? "thread" : "threads";
        about.Add("model", Model);
        about.Add("size", Text($"{Width} x {Height}, {Times.Tokens} tokens, {precision}, on {Threads} {threads}"));
        about.Add("work", Text($"a picture of 640 x 480, a prompt of {Times.TextTokens} tokens"));
        about.Add("times", Text($"medians of {Times.Runs} runs"));
        yield return about;

        TextTable table = new("stage", ">ms", ">share", ">GFLOP/s", ">of peak");
        foreach (Stage stage in Times.Stages) AddStage(table, stage);
        AddStage(table, new("all", Times.Milliseconds, Times.Operations));
        yield return table;
    }

    /// <summary>The same for programs.</summary>
    public BenchResult ToResult() => new()
    {
        Processor = Processor.Name,
        Instructions = Processor.Features,
        Threads = Threads,
        Peaks = [.. Peaks.Select(p => new PeakResult(
            PrecisionNames.Of(p.Precision), Round(1e-9 * p.OneThread), Round(1e-9 * p.AllThreads)))],
        Precision = PrecisionNames.Of(Precision),
        Model = Model,
        Width = Width,
        Height = Height,
        Tokens = Times.Tokens,
        TextTokens = Times.TextTokens,
        Runs = Times.Runs,
        Ms = Round(Times.Milliseconds),
        Stages = [.. Times.Stages.Select(ToResult)],
    };

    private StageResult ToResult(Stage stage)
    {
        StageResult result = new(stage.Name, Round(stage.Milliseconds), Round(Share(stage)));
        return stage.Operations == 0 ? result : result with
        {
            Gflop = Round(1e-9 * stage.Operations),
            Gflops = Round(1e-9 * Speed(stage)),
            OfPeak = Round(Speed(stage) / Peak),
        };
    }

    private void AddStage(TextTable table, Stage stage) => table.Add(stage.Name, Text($"{stage.Milliseconds:0.00}"),
        Text($"{100 * Share(stage):0.0} %"), stage.Operations == 0 ? "" : Text($"{1e-9 * Speed(stage):0}"),
        stage.Operations == 0 ? "" : Text($"{100 * Speed(stage) / Peak:0} %"));

    private double Share(Stage stage) => stage.Milliseconds / Times.Milliseconds;

    /// <summary>Operations a second.</summary>
    private static double Speed(Stage stage) => 1e3 * stage.Operations / stage.Milliseconds;

    private static double Round(double value) => Math.Round(value, 4);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>What <c>clipseg bench --json</c> prints.</summary>
internal sealed record BenchResult
{
    public required string Processor { get; init; }

    public required IReadOnlyList<string> Instructions { get; init; }

    public required int Threads { get; init; }

    public required IReadOnlyList<PeakResult> Peaks { get; init; }

    public required string Precision { get; init; }

    public required string Model { get; init; }

    public required int Width { get; init; }

    public required int Height { get; init; }

    public required int Tokens { get; init; }

    public required int TextTokens { get; init; }

    public required int Runs { get; init; }

    public required double Ms { get; init; }

    public required IReadOnlyList<StageResult> Stages { get; init; }
}

/// <summary>The fastest product of a precision, in 10^9 operations a second.</summary>
internal sealed record PeakResult(string Precision, double GflopsOneThread, double Gflops);

/// <summary>A stage; without products it has no operations.</summary>
internal sealed record StageResult(string Stage, double Ms, double Share)
{
    public double? Gflop { get; init; }

    public double? Gflops { get; init; }

    public double? OfPeak { get; init; }
}
