using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ClipSeg.Numerics;
using ClipSeg.Training.Data;

namespace ClipSeg.Training.Evaluation;

/// <summary>How an evaluation runs, whatever it measures.</summary>
internal sealed record EvaluationRun
{
    /// <summary>Pictures or episodes, spread over all of them; null for all.</summary>
    public int? Limit { get; init; }

    /// <summary>A file for what each unit scored, to go on from after an interruption; null for none.</summary>
    public string? Journal { get; init; }

    /// <summary>What numbers depend on: a journal of anything else is refused.</summary>
    public string Subject { get; init; } = "";

    /// <summary>Told how many of how many units are done.</summary>
    public Action<int, int>? OnUnit { get; init; }

    /// <summary>Told of each question that is left out, by several threads.</summary>
    public Action<string>? OnUnreadable { get; init; }

    /// <summary>Told every question and its answer, by several threads.</summary>
    public Action<Answer>? OnAnswer { get; init; }

    /// <summary>Told every map of classes: its name, the picture, the prediction, the truth; by several threads.
    /// </summary>
    public Action<ClassAnswer>? OnClasses { get; init; }

    /// <summary>Ends it after a few units.</summary>
    public CancellationToken Stop { get; init; }
}

/// <summary>
/// The loop of all evaluations: units are measured on all processors and added up in their order. What a unit scored is
/// a record: it goes into the journal, and out of it when an evaluation goes on, so that the numbers are the same.
/// </summary>
internal static class EvaluationLoop
{
    private const int UnitsAtOnce = 16;
    private const int LongestLine = 1 << 26;

    /// <summary>The units of a limit, spread over all of them.</summary>
    public static int[] Units(int count, int? limit)
    {
        int some = Math.Min(limit ?? count, count);
        return [.. Enumerable.Range(0, some).Select(i => (int)((long)i * count / some))];
    }

    /// <param name="compute">Whose threads work.</param>
    /// <param name="units">Their numbers.</param>
    /// <param name="run">How.</param>
    /// <param name="json">How a record is written.</param>
    /// <param name="measure">Measures a unit; by several threads.</param>
    /// <param name="add">Told of each unit and its record, in their order.</param>
    /// <exception cref="DataFormatException">The journal is damaged or of something else.</exception>
    public static void Run<T>(Compute compute, int[] units, EvaluationRun run, JsonTypeInfo<T> json,
        Func<int, T> measure, Action<int, T> add)
    {
        using Compute.Entry entry = compute.Enter(run.Stop);
        using FileStream? journal = run.Journal is null ? null : Open(run.Journal);
        int done = journal is null ? 0 : Replay(journal, units, run, json, add);
        run.OnUnit?.Invoke(done, units.Length);
        while (done < units.Length)
        {
            T[] records = new T[Math.Min(UnitsAtOnce, units.Length - done)];
            int first = done;
            Workers.Each(records.Length, i =>
            {
                if (!run.Stop.IsCancellationRequested) records[i] = measure(units[first + i]);
            });
            run.Stop.ThrowIfCancellationRequested();
            foreach (T record in records)
            {
                journal?.Write(Line(JsonSerializer.Serialize(record, json)));
                add(units[done++], record);
            }
            journal?.Flush();
            run.OnUnit?.Invoke(done, units.Length);
        }
    }

    private static FileStream Open(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        return new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
    }

    /// <summary>Adds what the journal has, and leaves it where the next line goes.</summary>
    private static int Replay<T>(
        FileStream journal, int[] units, EvaluationRun run, JsonTypeInfo<T> json, Action<int, T> add)
    {
        long end = 0;
        int line = 0;
        foreach (byte[] text in Lines(journal))
        {
            if (line == 0 && Encoding.UTF8.GetString(text) != run.Subject)
            {
                throw new DataFormatException($"'{run.Journal}' is of another evaluation: other data, model or "
                    + "options. Name another file, or delete this one.");
            }
            if (line > 0)
            {
                if (line > units.Length) throw Damaged(line, "more units than there are");
                Take(text, line);
            }
            end += text.Length + 1;
            line++;
        }
        journal.SetLength(end);         // a run that is killed leaves half a line
        journal.Position = end;
        if (line == 0) journal.Write(Line(run.Subject));
        return Math.Max(0, line - 1);

        void Take(byte[] text, int at)
        {
            try
            {
                add(units[at - 1], JsonSerializer.Deserialize(text, json) ?? throw Damaged(at, "nothing on it"));
            }
            catch (Exception e) when (e is JsonException or ArgumentException)
            {
                throw Damaged(at, e.Message);
            }
        }

        DataFormatException Damaged(int at, string what)
            => new($"'{run.Journal}', line {at + 1}: {what}. Delete it to begin anew.");
    }

    /// <summary>The whole lines of a file.</summary>
    private static IEnumerable<byte[]> Lines(FileStream file)
    {
        byte[] buffer = new byte[1 << 16];
        List<byte> line = [];
        for (int read = file.Read(buffer); read > 0; read = file.Read(buffer))
        {
            int start = 0;
            for (int end = Array.IndexOf(buffer, (byte)'\n', 0, read); end >= 0;
                end = Array.IndexOf(buffer, (byte)'\n', start, read - start))
            {
                line.AddRange(buffer.AsSpan(start, end - start));
                yield return [.. line];
                line.Clear();
                start = end + 1;
            }
            line.AddRange(buffer.AsSpan(start, read - start));
            if (line.Count > LongestLine) throw new DataFormatException($"'{file.Name}' is no journal of evaluations.");
        }
    }

    private static byte[] Line(string text) => Encoding.UTF8.GetBytes(text + "\n");
}
