using System.Globalization;
using System.Text;
using System.Text.Json;
using ClipSeg.Numerics;
using Spectre.Console;

namespace ClipSeg.Cli;

/// <summary>What <c>clipseg bench</c> prints, as tables or as JSON.</summary>
internal sealed record BenchReport
{
    public required string Model { get; init; }

    /// <summary>Of what the network reads, in pixels.</summary>
    public required int Width { get; init; }

    /// <summary>Of what the network reads, in pixels.</summary>
    public required int Height { get; init; }

    public required int Threads { get; init; }

    /// <summary>Of the products with weights.</summary>
    public required Precision Precision { get; init; }

    /// <summary>Of every precision, on one thread and on all.</summary>
    public required IReadOnlyList<GemmPeak> Peaks { get; init; }

    public required StageTimes Times { get; init; }

    /// <summary>What the precision in use can reach on all threads.</summary>
    private double Peak => Peaks.Single(p => p.Precision == Precision).AllThreads;

    public IEnumerable<Table> ToTables()
    {
        Table about = new() { Border = TableBorder.None, ShowHeaders = false };
        about.AddColumns("", "");
        string design = Processor.Design.Length > 0 ? $" ({Processor.Design})" : "";
        Row(about, "processor", Text($"{Processor.Name}{design}, {Environment.ProcessorCount} threads"));
        Row(about, "instructions", string.Join(", ", Processor.Features));
        foreach (GemmPeak peak in Peaks)
        {
            string one = Text($"{1e-9 * peak.OneThread:0} GFLOP/s on one thread");
            string all = Threads == 1 ? "" : Text($", {1e-9 * peak.AllThreads:0} on {Threads}");
            Row(about, $"peak of {NameOf(peak.Precision)} products", one + all);
        }
        Row(about, "model", Text($"{Model}, {Width} x {Height}, {Times.Tokens} tokens, {NameOf(Precision)}"));
        Row(about, "work", Text($"one picture of 640 x 480, one prompt of {Times.TextTokens} tokens, on {Threads} ")
            + Text($"{(Threads == 1 ? "thread" : "threads")}; medians of {Times.Runs} runs"));
        yield return about;

        Table table = new() { Border = TableBorder.Simple };
        table.AddColumn("stage");
        foreach (string column in (string[])["ms", "share", "GFLOP/s", "of peak"])
            table.AddColumn(new TableColumn(column).RightAligned());
        foreach (Stage stage in Times.Stages) AddStage(table, stage);
        table.AddEmptyRow();
        AddStage(table, new("all", Times.Milliseconds, Times.Operations));
        yield return table;
    }

    public void WriteJson(TextWriter output)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer, new() { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("processor", Processor.Name);
            json.WriteStartArray("instructions");
            foreach (string feature in Processor.Features) json.WriteStringValue(feature);
            json.WriteEndArray();
            json.WriteNumber("threads", Threads);
            json.WriteStartArray("peaks");
            foreach (GemmPeak peak in Peaks)
            {
                json.WriteStartObject();
                json.WriteString("precision", NameOf(peak.Precision));
                json.WriteNumber("gflopsOneThread", Round(1e-9 * peak.OneThread));
                json.WriteNumber("gflops", Round(1e-9 * peak.AllThreads));
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteString("precision", NameOf(Precision));
            json.WriteString("model", Model);
            json.WriteNumber("width", Width);
            json.WriteNumber("height", Height);
            json.WriteNumber("tokens", Times.Tokens);
            json.WriteNumber("textTokens", Times.TextTokens);
            json.WriteNumber("runs", Times.Runs);
            json.WriteNumber("ms", Round(Times.Milliseconds));
            json.WriteStartArray("stages");
            foreach (Stage stage in Times.Stages) Write(json, stage);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        output.WriteLine(Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
    }

    private void Write(Utf8JsonWriter json, Stage stage)
    {
        json.WriteStartObject();
        json.WriteString("stage", stage.Name);
        json.WriteNumber("ms", Round(stage.Milliseconds));
        json.WriteNumber("share", Round(Share(stage)));
        if (stage.Operations > 0)
        {
            json.WriteNumber("gflop", Round(1e-9 * stage.Operations));
            json.WriteNumber("gflops", Round(1e-9 * Speed(stage)));
            json.WriteNumber("ofPeak", Round(Speed(stage) / Peak));
        }
        json.WriteEndObject();
    }

    private void AddStage(Table table, Stage stage) => Row(table, stage.Name, Text($"{stage.Milliseconds:0.00}"),
        Text($"{100 * Share(stage):0.0} %"), stage.Operations == 0 ? "" : Text($"{1e-9 * Speed(stage):0}"),
        stage.Operations == 0 ? "" : Text($"{100 * Speed(stage) / Peak:0} %"));

    private double Share(Stage stage) => stage.Milliseconds / Times.Milliseconds;

    /// <summary>Operations a second.</summary>
    private static double Speed(Stage stage) => 1e3 * stage.Operations / stage.Milliseconds;

    private static string NameOf(Precision precision) => precision switch
    {
        Precision.BFloat16 => "bf16",
        Precision.Int8 => "int8",
        _ => "f32",
    };

    private static double Round(double value) => Math.Round(value, 4);

    private static void Row(Table table, params ReadOnlySpan<string> cells)
        => table.AddRow([.. cells.ToArray().Select(Terminal.Cell)]);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
