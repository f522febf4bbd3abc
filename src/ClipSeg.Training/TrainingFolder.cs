using System.Globalization;
using System.Text.Json;
using ClipSeg.Files;
using ClipSeg.Formats;
using ClipSeg.Numerics;

namespace ClipSeg.Training;

/// <summary>One line of a training log.</summary>
/// <param name="Step">Steps taken so far.</param>
/// <param name="Loss">The mean over the steps since the last line.</param>
/// <param name="Rate">The learning rate of the last step.</param>
/// <param name="Seconds">Of training, over all resumptions.</param>
/// <param name="Score">Of validation, higher is better; null where none was due.</param>
internal sealed record LogLine(int Step, double Loss, double Rate, double Seconds, double? Score = null);

/// <summary>
/// The folder of a run: <c>run.json</c> (how it was started), <c>state.safetensors</c> (weights, optimiser, step: what
/// a resumed run needs), <c>log.jsonl</c>, and two model folders, <c>last</c> and <c>best</c>. Every file is replaced
/// whole; the log grows by lines.
/// </summary>
internal sealed class TrainingFolder
{
    private const string First = "optimizer.first.", Second = "optimizer.second.", StepsKey = "steps", RunKey = "run";
    private const string RecordName = "run.json";

    private readonly string _state, _log, _record;

    public TrainingFolder(string path)
    {
        Path = path;
        Directory.CreateDirectory(path);
        _state = System.IO.Path.Combine(path, "state.safetensors");
        _log = System.IO.Path.Combine(path, "log.jsonl");
        _record = System.IO.Path.Combine(path, RecordName);
    }

    public string Path { get; }

    /// <summary>Whether a run has saved its state here.</summary>
    public bool HasState => File.Exists(_state);

    /// <summary>Whether a run was started here.</summary>
    public bool HasRecord => File.Exists(_record);

    /// <summary>Where the model of the newest saved step is written.</summary>
    public string Last => System.IO.Path.Combine(Path, "last");

    /// <summary>Where the model with the best validation score is written.</summary>
    public string Best => System.IO.Path.Combine(Path, "best");

    /// <summary>Saves what a resumed run needs.</summary>
    /// <param name="run">What kind of run this is; <see cref="LoadState"/> wants the same.</param>
    public void SaveState(AdamW optimizer, string run)
    {
        List<StoredTensor> tensors = [];
        for (int i = 0; i < optimizer.Parameters.Count; i++)
        {
            Parameter p = optimizer.Parameters[i];
            tensors.Add(StoredTensor.Of(p.Name, p.Value));
            tensors.Add(StoredTensor.Of(First + p.Name, new(optimizer.FirstMoments[i], p.Shape)));
            tensors.Add(StoredTensor.Of(Second + p.Name, new(optimizer.SecondMoments[i], p.Shape)));
        }
        SafeTensorsWriter.Write(_state, tensors, new Dictionary<string, string>
        {
            [StepsKey] = optimizer.Steps.ToString(CultureInfo.InvariantCulture),
            [RunKey] = run,
        });
    }

    /// <summary>Restores weights, moments and step, and drops log lines of steps that will be taken again.</summary>
    /// <exception cref="CheckpointException">The state is damaged, or of another run.</exception>
    public void LoadState(AdamW optimizer, string run)
    {
        using SafeTensorsFile file = SafeTensorsFile.Open(_state);
        if (file.Metadata.GetValueOrDefault(RunKey) is not { } saved || saved != run)
            throw new CheckpointException($"'{_state}' is of another run than this: its recipe or model differs.");
        if (!int.TryParse(
            file.Metadata.GetValueOrDefault(StepsKey), NumberStyles.None, CultureInfo.InvariantCulture, out int steps))
            throw new CheckpointException($"'{_state}' does not say how many steps were taken.");
        for (int i = 0; i < optimizer.Parameters.Count; i++)
        {
            Parameter p = optimizer.Parameters[i];
            Read(file, p.Name, p.Value.Data);
            Read(file, First + p.Name, optimizer.FirstMoments[i]);
            Read(file, Second + p.Name, optimizer.SecondMoments[i]);
            p.Changed();
        }
        optimizer.Steps = steps;

        IEnumerable<LogLine> kept = ReadLog().Where(line => line.Step <= steps);
        OutputFile.Write(_log, string.Concat(kept.Select(line => Format(line) + "\n")));
    }

    public void Log(LogLine line) => File.AppendAllText(_log, Format(line) + "\n");

    /// <summary>Forgets a log whose run never saved a state.</summary>
    public void ClearLog() => File.Delete(_log);

    /// <summary>Deletes what only a run needs that goes on: its state, and the model that was best.</summary>
    public void Tidy()
    {
        File.Delete(_state);
        if (Directory.Exists(Best)) Directory.Delete(Best, recursive: true);
    }

    /// <summary>The log so far.</summary>
    /// <exception cref="CheckpointException">A line is damaged.</exception>
    public IReadOnlyList<LogLine> ReadLog()
    {
        if (!File.Exists(_log)) return [];
        List<LogLine> lines = [];
        string[] texts = File.ReadAllLines(_log);
        for (int i = 0; i < texts.Length; i++)
        {
            try
            {
                lines.Add(JsonSerializer.Deserialize(texts[i], RunJson.Compact.LogLine)!);
            }
            catch (JsonException) when (i == texts.Length - 1)
            {
                break;      // a run that is killed leaves half a line
            }
            catch (JsonException e)
            {
                throw new CheckpointException($"'{_log}', line {i + 1}: {e.Message}", e);
            }
        }
        return lines;
    }

    /// <summary>Keeps how the run was started.</summary>
    public void WriteRecord(RunRecord record) => OutputFile.Write(
        _record, JsonSerializer.Serialize(record, RunJson.Readable.RunRecord) + "\n");

    /// <summary>How the run was started.</summary>
    /// <exception cref="CheckpointException">There is no such file here, or it is damaged.</exception>
    public RunRecord ReadRecord()
    {
        if (!File.Exists(_record)) throw new CheckpointException($"'{Path}' holds no run: it has no {RecordName}.");
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(_record), RunJson.Readable.RunRecord)!;
        }
        catch (JsonException e)
        {
            throw new CheckpointException($"'{_record}': {e.Message}", e);
        }
    }

    private void Read(SafeTensorsFile file, string name, Span<float> values)
    {
        if (!file.Tensors.TryGetValue(name, out StoredTensor? stored) || stored.Length != values.Length)
            throw new CheckpointException($"'{_state}' has no tensor '{name}' of {values.Length} elements.");
        stored.Read(0, values);
    }

    private static string Format(LogLine line) => JsonSerializer.Serialize(line with
    {
        Seconds = Math.Round(line.Seconds, 1),
        Score = line.Score is { } score ? Math.Round(score, 5) : null,
    }, RunJson.Compact.LogLine);
}
