using System.Globalization;
using System.Text;
using System.Text.Json;
using ClipSeg.Imaging;

namespace ClipSeg.Peers;

/// <summary>Results as peers.md, peers.json and peers.png.</summary>
internal static class PeerReport
{
    private static readonly string[] _charted = ["one-352", "ten", "many", "cold"];

    public static void Write(PeerResults results, string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "peers.md"), Markdown(results));
        File.WriteAllText(Path.Combine(folder, "peers.json"), Json(results));
        Chart(results).Save(Path.Combine(folder, "peers.png"));
    }

    public static string Markdown(PeerResults results)
    {
        StringBuilder text = new();
        text.Append("# The same work in other engines\n\n");
        text.Append("Written by `dotnet run scripts/bench-peers.cs`; docs/performance.md says how it measures.\n\n");
        text.Append(Text($"- {results.Processor}; {results.Threads} threads for each engine\n"));
        foreach (string version in results.Versions) text.Append($"- {version}\n");
        text.Append(Text($"- Idle engines took at most {100 * results.Idle:0.0} % of one processor.\n"));
        foreach (string skipped in results.Skipped) text.Append($"- Not measured: {skipped}\n");
        text.Append("""

            Times are milliseconds. "time / ORT" is the median divided by that of onnxruntime in the same table, the
            whole graph with a run for each prompt, tuned or not, whichever is faster; "ORT / time" is the other way
            round. "processor" is the median of what all threads ran for, in steps of 10 ms: on a machine that others
            use, with one thread, it says more than the clock. "differs" is the relative difference of the logits from
            clipseg f32.

            """.ReplaceLineEndings("\n"));
        foreach (IGrouping<string, PeerSeries> scenario in results.Series.GroupBy(s => s.Scenario))
        {
            PeerSeries[] series = [.. scenario];
            text.Append($"\n## {series[0].Title}\n\n");
            text.Append("| | median | quartiles | range | time / ORT float32 | ORT float32 / time ");
            text.Append("| time / ORT int8 | ORT int8 / time | processor | ");
            text.Append(series.Any(s => s.PeakMegabytes.Count > 0) ? "peak MB |\n" : "differs |\n");
            text.Append("|---|---|---|---|---|---|---|---|---|---|\n");
            double? floats = Reference(series, PeerEngine.OnnxFloat), ints = Reference(series, PeerEngine.OnnxInt8);
            foreach (PeerSeries s in series) text.Append(Row(s, floats, ints));
        }
        AddSizes(text, [.. results.Series.Where(s => s.Scenario.StartsWith("one-", StringComparison.Ordinal))]);
        return text.ToString();
    }

    public static string Json(PeerResults results)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer, new() { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("processor", results.Processor);
            json.WriteNumber("threads", results.Threads);
            Strings(json, "versions", results.Versions);
            Strings(json, "skipped", results.Skipped);
            json.WriteNumber("idle", Round(results.Idle));
            json.WriteStartArray("series");
            foreach (PeerSeries series in results.Series)
            {
                json.WriteStartObject();
                json.WriteString("scenario", series.Scenario);
                json.WriteString("engine", series.Name);
                json.WriteNumber("median", Round(series.Median));
                if (series.Difference is { } difference && double.IsFinite(difference))
                    json.WriteNumber("difference", difference);
                Numbers(json, "ms", series.Milliseconds);
                if (series.ProcessorMilliseconds.Count > 0) Numbers(json, "processorMs", series.ProcessorMilliseconds);
                if (series.PeakMegabytes.Count > 0) Numbers(json, "peakMegabytes", series.PeakMegabytes);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length) + "\n";
    }

    public static Image Chart(PeerResults results)
    {
        List<BarGroup> groups = [.. results.Series.Where(s => _charted.Contains(s.Scenario) || s.Scenario == "box")
            .GroupBy(s => s.Title)
            .Select(g => new BarGroup($"{g.Key}, ms", [.. g.Select(s => new Bar(
                s.Name, s.Median, PeerSeries.Quantile(s.Milliseconds, 0.25), PeerSeries.Quantile(s.Milliseconds, 0.75),
                IsOurs(s)))]))];
        PeerSeries[] cold = [.. results.Series.Where(s => s.PeakMegabytes.Count > 0)];
        if (cold.Length > 0)
        {
            groups.Add(new("Cold start: peak memory, MB", [.. cold.Select(s => new Bar(
                s.Name, PeerSeries.Quantile(s.PeakMegabytes, 0.5), PeerSeries.Quantile(s.PeakMegabytes, 0.25),
                PeerSeries.Quantile(s.PeakMegabytes, 0.75), IsOurs(s)))]));
        }
        return BarChart.Draw(
            Text($"{results.Processor}; {results.Threads} threads for each engine; shorter is better"), groups);
    }

    /// <summary>The medians of one picture and one prompt again, a column for each size.</summary>
    private static void AddSizes(StringBuilder text, PeerSeries[] series)
    {
        int[] sides = [.. series.Select(Side).Distinct().Order()];
        text.Append("\n## One picture, one prompt, by size\n\n| |");
        foreach (int side in sides) text.Append(Text($" {side} x {side} |"));
        text.Append("\n|---|").Insert(text.Length, "---|", sides.Length).Append('\n');
        foreach (IGrouping<string, PeerSeries> engine in series.GroupBy(s => s.Name))
        {
            string[] medians = [.. engine.OrderBy(Side).Select(s => Time(s.Median))];
            text.Append($"| {engine.Key} | {string.Join(" | ", medians)} |\n");
        }

        static int Side(PeerSeries s) => int.Parse(s.Scenario.AsSpan(4), CultureInfo.InvariantCulture);
    }

    private static bool IsOurs(PeerSeries series) => series.Name.StartsWith("clipseg", StringComparison.Ordinal);

    /// <summary>The median of the whole graph, a run for each prompt, with the session options that do best.</summary>
    private static double? Reference(PeerSeries[] series, string engine) => series
        .Where(s => s.Name.StartsWith(engine, StringComparison.Ordinal)
            && !s.Name.Contains("split") && !s.Name.EndsWith(PeerScenario.AllAtOnce, StringComparison.Ordinal))
        .Min(s => (double?)s.Median);

    private static string Row(PeerSeries s, double? floats, double? ints)
    {
        string last = s.PeakMegabytes.Count > 0 ? Text($"{PeerSeries.Quantile(s.PeakMegabytes, 0.5):0}")
            : s.Difference is { } difference ? Text($"{difference:0.0e+0}") : "";
        string processor =
            s.ProcessorMilliseconds.Count > 0 ? Time(PeerSeries.Quantile(s.ProcessorMilliseconds, 0.5)) : "";
        return $"| {s.Name} | {Time(s.Median)} | {Time(PeerSeries.Quantile(s.Milliseconds, 0.25))} to "
            + $"{Time(PeerSeries.Quantile(s.Milliseconds, 0.75))} | {Time(s.Milliseconds.Min())} to "
            + $"{Time(s.Milliseconds.Max())} | {Ratio(s.Median / floats)} | {Ratio(floats / s.Median)} "
            + $"| {Ratio(s.Median / ints)} | {Ratio(ints / s.Median)} | {processor} | {last} |\n";
    }

    private static string Time(double ms) => ms < 100 ? Text($"{ms:0.0}") : Text($"{ms:0}");

    private static string Ratio(double? ratio) => ratio is { } r ? Text($"{r:0.00}") : "";

    private static double Round(double value) => Math.Round(value, 3);

    private static void Strings(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (string value in values) json.WriteStringValue(value);
        json.WriteEndArray();
    }

    private static void Numbers(Utf8JsonWriter json, string name, IReadOnlyList<double> values)
    {
        json.WriteStartArray(name);
        foreach (double value in values) json.WriteNumberValue(Round(value));
        json.WriteEndArray();
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
