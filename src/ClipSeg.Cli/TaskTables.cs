using System.Globalization;
using ClipSeg.Training.Reports;

namespace ClipSeg.Cli;

/// <summary>The numbers of a task as people read them.</summary>
internal static class TaskTables
{
    private const int MostParts = 30, MostScores = 4;       // what a screen holds; the file has all

    /// <summary>Titles and tables, the most important first.</summary>
    public static IEnumerable<(string Title, TextTable Table)> Of(TaskResult result)
    {
        PublishedRow? published = result.Published.FirstOrDefault();
        string skipped = result.Skipped == 0 ? "" : $", {result.Skipped} skipped";
        yield return ($"{result.Task} on {result.Data}: {result.Samples} questions, {result.Units} units{skipped}",
            Figures(result, published));
        foreach (IGrouping<string, TaskPart> parts in result.Parts.GroupBy(p => p.By))
            if (parts.Count() <= MostParts) yield return ($"by {parts.Key}", Parts([.. parts]));
        if (published is not null && result.Published.Count > 1)
            yield return ($"published, in the paper's {published.Source}", Published(result));
    }

    private static TextTable Figures(TaskResult result, PublishedRow? published)
    {
        bool spread = result.Figures.Values.Any(f => f.Spread is not null);
        TextTable table = new("", ">score", spread ? "spread" : "95 % interval", published is null ? "" : ">published");
        foreach ((string key, Figure figure) in result.Figures)
        {
            string range = figure.Spread is { } s ? Text(s)
                : figure is { Low: { } low, High: { } high } ? $"{Text(low)} to {Text(high)}" : "";
            string theirs = published?.Scores.TryGetValue(key, out double score) == true ? Text(score) : "";
            table.Add(figure.Name, Text(figure.Score), range, theirs);
        }
        return table;
    }

    private static TextTable Parts(TaskPart[] parts)
    {
        string[] keys = [.. parts[0].Scores.Keys.Where(k => !k.EndsWith("_low") && !k.EndsWith("_high"))
            .Take(MostScores)];
        TextTable table = new([parts[0].By, ">questions", .. keys.Select(k => ">" + k.Replace('_', ' '))]);
        foreach (TaskPart part in parts)
        {
            table.Add([part.Name, part.Samples.ToString(CultureInfo.InvariantCulture),
                .. keys.Select(key => Text(part.Scores.GetValueOrDefault(key)))]);
        }
        return table;
    }

    private static TextTable Published(TaskResult result)
    {
        string[] keys = [.. result.Published.SelectMany(p => p.Scores.Keys).Distinct()];
        TextTable table = new(["", .. keys.Select(k => ">" + k.Replace('_', ' '))]);
        foreach (PublishedRow row in result.Published)
        {
            table.Add([row.Method,
                .. keys.Select(key => row.Scores.TryGetValue(key, out double score) ? Text(score) : "")]);
        }
        return table;
    }

    private static string Text(double? score) => score?.ToString("0.0##", CultureInfo.InvariantCulture) ?? "none";
}
